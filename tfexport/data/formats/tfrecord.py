""".tfrecord: the records of a file, for an input that takes serialized messages (tf.Example).

The framing is that of ``tensorflow/core/lib/io/record_writer.h``: length (8 bytes, little-endian),
its masked CRC-32C (4), the record, its masked CRC-32C (4). Both checksums are verified.
A file packed with gzip (``GZIP`` of TFRecordOptions) is unpacked; ``ZLIB`` is not told apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO

import numpy as np

from tfexport.data.arrays import Arrays
from tfexport.data.crc32c import masked_crc32c
from tfexport.data.matching import find_input
from tfexport.data.places import Place, damage_reported
from tfexport.data.sources import RowSource, Source
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec

_HEADER, _FOOTER = 12, 4


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """The records of one or more files. Raises InputDataError for an input that takes numbers."""
    spec = find_input(inputs, name, label)
    if spec.dtype != "string":
        raise InputDataError(
            f"'{label}' holds serialized records, and input '{spec.name}' takes {spec.display()}. "
            "They are for a signature that parses tf.Example itself (a string input)."
        )
    return RowSource(label, (str(spec.name),), partial(_read_blocks, places, str(spec.name)))


def _read_blocks(places: Sequence[Place], name: str, size: int) -> Iterator[Arrays]:
    for place in places:
        with damage_reported(place.label), place.open() as stream:
            framed = _read_records(stream, place.label)
            first = 0
            while block := list(itertools.islice(framed, size)):
                records = [record for record, _ in block]
                for at, crc in enumerate(map(masked_crc32c, records)):
                    if crc != block[at][1]:
                        raise _damaged(place.label, first + at, "its checksum is wrong")
                array = np.empty(len(records), object)
                array[:] = records
                yield {name: array}
                first += len(records)


def _read_records(stream: BinaryIO, label: str) -> Iterator[tuple[bytes, int]]:
    """Every record with the checksum that is written behind it."""
    for number in itertools.count():
        header = stream.read(_HEADER)
        if not header:
            return
        length = int.from_bytes(header[:8], "little")
        if masked_crc32c(header[:8]) != int.from_bytes(header[8:], "little"):
            reason = "the checksum of its length is wrong"
            raise _damaged(label, number, reason if number else "this is no TFRecord file")
        record = _read_exactly(stream, length)
        footer = stream.read(_FOOTER)
        if len(record) < length or len(footer) < _FOOTER:
            raise _damaged(label, number, "the file ends in it")
        yield record, int.from_bytes(footer, "little")


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    # In pieces: a length of petabytes (with its checksum right) asks for no such memory.
    pieces = []
    while size > 0 and (piece := stream.read(min(size, 1 << 24))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _damaged(label: str, number: int, reason: str) -> InputDataError:
    return InputDataError(f"'{label}' is damaged at record {number}: {reason}.")
