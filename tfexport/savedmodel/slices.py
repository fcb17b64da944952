"""Where the bytes of a checkpoint's tensor lie, also of one that is stored in slices.

A partitioned variable's entry lists its slices, each of which is an entry of its own under a key
in an order-preserving binary code: ``tensorflow/core/util/saved_tensor_slice_util.cc``,
``EncodeTensorNameSlice``, and ``tsl/lib/strings/ordered_code.cc``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfexport.records import dataclass
from tfexport.savedmodel.checkpoint import (
    BundleEntry,
    CheckpointError,
    CheckpointIndex,
    decode_key,
)
from tfexport.savedmodel.description import count_elements

_ESCAPES = {0x00: b"\x00\xff", 0xFF: b"\xff\x00"}

Extents = tuple[tuple[int, "int | None"], ...]


@dataclass(frozen=True)
class Piece:
    """``size`` bytes at ``offset`` of ``path``, which hold ``elements`` elements."""

    path: Path
    offset: int
    size: int
    elements: int


def find_pieces(index: CheckpointIndex, entry: BundleEntry) -> list[Piece]:
    """The pieces of a tensor in the order of its slices: one, where it is not sliced.

    Raises CheckpointError where a slice or a data file is missing or cut off.
    """
    entries = list(_slices(index, entry)) if entry.slices else [entry]
    return [_piece(index, part) for part in entries]


def slice_key(name: str, extents: Extents) -> str:
    """The key of a slice: its variable's name, and start and length in each dimension."""
    escaped = _escape(name.encode("utf-8", "surrogateescape"))
    numbers = b"".join(
        _ordered(start) + (b"\x7f" if length is None else _ordered(length))  # 0x7f: -1, all of it
        for start, length in extents
    )
    rank = bytes([1, len(extents)]) if extents else b"\x00"
    return decode_key(b"\x00" + escaped + b"\x00\x01" + rank + numbers)


def _escape(name: bytes) -> bytes:
    return b"".join(_ESCAPES.get(byte, bytes([byte])) for byte in name)


def _ordered(number: int) -> bytes:
    # As many leading ones as there are bytes, a zero, the number.
    size = 1
    while number >= 1 << (7 * size - 1):
        size += 1
    ones = ((1 << size) - 1) << (7 * size)
    return (ones | number).to_bytes(size, "big")


def _slices(index: CheckpointIndex, entry: BundleEntry) -> Iterator[BundleEntry]:
    for extents in entry.slices:
        part = index.entries.get(slice_key(entry.key, extents))
        if part is None:
            raise CheckpointError(f"a slice of {entry.key} is missing from the checkpoint")
        yield part


def _piece(index: CheckpointIndex, entry: BundleEntry) -> Piece:
    path = index.data_file(entry.shard)
    elements = count_elements(entry.shape)
    if elements is None:
        raise CheckpointError("the checkpoint does not say how many elements there are")
    try:
        available = path.stat().st_size
    except OSError as error:
        reason = error.strerror or error
        raise CheckpointError(f"variables/{path.name} cannot be read: {reason}") from error
    end = entry.offset + entry.size
    if available < end:
        message = f"variables/{path.name} is cut off: it has {available:,} of {end:,} bytes"
        raise CheckpointError(message)
    return Piece(path, entry.offset, entry.size, elements)
