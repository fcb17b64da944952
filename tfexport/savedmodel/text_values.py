"""String tensors of a checkpoint: how long the strings are, and how the first ones begin.

Format: ``tensorflow/core/util/tensor_bundle/tensor_bundle.cc``, ``WriteStringTensor``: all lengths
as variable-length numbers, a checksum of them, then all strings without anything between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfexport.savedmodel.checkpoint import CheckpointError
from tfexport.savedmodel.slices import Piece
from tfexport.savedmodel.value_summary import TextSummary
from tfexport.savedmodel.wire import read_varint

_CHECKSUM_SIZE = 4
_CHUNK = 1 << 16
_MOST_SHOWN = 8
_LONGEST_SHOWN = 60


def summarize_texts(pieces: Sequence[Piece]) -> TextSummary:
    """Sum up the strings of a tensor. Raises CheckpointError where they are damaged."""
    found = [_measure(piece) for piece in pieces]
    count = sum(piece.elements for piece in pieces)
    total = sum(lengths.total for lengths in found)
    filled = [lengths for lengths in found if lengths.count]
    return TextSummary(
        min((lengths.shortest for lengths in filled), default=None),
        max((lengths.longest for lengths in filled), default=None),
        total / count if count else None,
        sum(lengths.empty for lengths in found),
        tuple(_read_first(pieces[0], found[0])) if pieces else (),
    )


def read_texts(piece: Piece) -> list[bytes]:
    """All strings of a piece. Raises CheckpointError where they are damaged."""
    with piece.path.open("rb") as file:
        file.seek(piece.offset)
        content = file.read(piece.size)
    position, lengths = 0, []
    try:
        for _ in range(min(piece.elements, len(content) + 1)):
            length, position = read_varint(content, position)
            lengths.append(length)
    except ValueError:
        raise CheckpointError("the lengths of its strings cannot be read") from None
    position += _CHECKSUM_SIZE if lengths else 0
    if position + sum(lengths) != len(content):
        raise CheckpointError("the lengths of its strings do not add up")
    texts = []
    for length in lengths:
        texts.append(content[position : position + length])
        position += length
    return texts


class _Lengths:
    """Running figures of the lengths of strings; ``first`` are the first few."""

    def __init__(self) -> None:
        self.count = self.total = self.empty = self.longest = 0
        self.shortest = 1 << 62
        self.first: list[int] = []

    def add(self, length: int) -> None:
        self.count += 1
        self.total += length
        self.empty += not length
        self.longest = max(self.longest, length)
        self.shortest = min(self.shortest, length)
        if len(self.first) < _MOST_SHOWN:
            self.first.append(length)


def _measure(piece: Piece) -> _Lengths:
    lengths, used = _Lengths(), 0
    value = shift = 0
    for byte in _read_bytes(piece) if piece.elements else ():
        used += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            lengths.add(value)
            value = shift = 0
            if lengths.count == piece.elements:
                break
        elif shift > 63:
            break
    if piece.elements and used + _CHECKSUM_SIZE + lengths.total != piece.size:
        raise CheckpointError("the lengths of its strings do not add up")
    return lengths


def _read_bytes(piece: Piece) -> Iterator[int]:
    left = piece.size
    with piece.path.open("rb") as file:
        file.seek(piece.offset)
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield from chunk


def _read_first(piece: Piece, lengths: _Lengths) -> Iterator[str]:
    with piece.path.open("rb") as file:
        start = piece.offset + piece.size - lengths.total  # the strings come last
        for length in lengths.first:
            file.seek(start)
            text = file.read(min(length, _LONGEST_SHOWN)).decode("utf-8", "backslashreplace")
            yield text + ("…" if length > _LONGEST_SHOWN else "")
            start += length
