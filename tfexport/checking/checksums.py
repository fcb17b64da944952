"""The CRC-32C of everything that a checkpoint stores, streamed.

Every tensor has one in ``variables.index``, and every block of that table has one behind it. Both
are stored masked (``tensorflow/core/lib/hash/crc32c.h``). Formats of strings and variants:
``tensorflow/core/util/tensor_bundle/tensor_bundle.cc``, ``WriteStringTensor`` and
``WriteVariantTensor``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from google_crc32c import extend

from tfexport.data.crc32c import mask
from tfexport.savedmodel.checkpoint import BundleEntry, CheckpointIndex
from tfexport.savedmodel.description import count_elements
from tfexport.savedmodel.sstable import TableError, block_positions
from tfexport.savedmodel.wire import read_varint

Advance = Callable[[int], None]

_CHUNK = 1 << 20
_CHECKSUM = struct.Struct("<I")
_LONGEST_VARINT = 10


class DamagedValuesError(Exception):
    """Stored values that are not what was written. The message is one line, no full stop."""


def check_table(content: bytes) -> None:
    """Raise TableError for the first block of a table whose checksum is not its own."""
    budget = 2 * len(content) + 64  # blocks that overlap would be read again and again
    for offset, size in block_positions(content):
        budget -= size
        end = offset + size
        stored = content[end : end + 4]
        if budget < 0 or mask(extend(0, content[offset:end])) != int.from_bytes(stored, "little"):
            raise TableError(f"the checksum of its block at {offset:,} does not match")


def damaged_tensors(
    index: CheckpointIndex, shard: int, entries: list[BundleEntry], advance: Advance
) -> Iterator[tuple[BundleEntry, str]]:
    """The tensors of one data file whose bytes are not what was written, and in what way.

    ``entries`` lie inside the file and do not overlap; they are read in the order of the file.
    ``advance`` is told the bytes that are done. Raises OSError where it cannot be read.
    """
    order = ">" if index.big_endian else "<"
    with index.data_file(shard).open("rb", buffering=0) as file:
        for entry in sorted(entries, key=lambda entry: entry.offset):
            file.seek(entry.offset)
            reader = _Reader(file, entry.size, advance)
            try:
                checksum = _checksum(entry, reader, order)
            except DamagedValuesError as error:
                yield entry, str(error)
                continue
            finally:
                reader.skip()
            if mask(checksum) != entry.crc32c:
                yield entry, "its checksum does not match"


def _checksum(entry: BundleEntry, reader: _Reader, order: str) -> int:
    if entry.dtype == "string" and entry.size:
        return _checksum_strings(entry, reader, order)
    if entry.dtype == "variant":
        return _checksum_variants(reader, order)
    return reader.rest(0)


def _checksum_strings(entry: BundleEntry, reader: _Reader, order: str) -> int:
    # What is summed are the lengths as fixed-size numbers; what is stored are varints.
    count = count_elements(entry.shape)
    if count is None or count > entry.size:
        raise DamagedValuesError("it is too short for its shape")
    lengths = bytearray()
    checksum = total = 0
    for _ in range(count):
        length = reader.varint()
        total += length
        lengths += struct.pack(f"{order}{'I' if length <= 0xFFFFFFFF else 'Q'}", length)
        if len(lengths) >= _CHUNK:
            checksum, lengths = extend(checksum, bytes(lengths)), bytearray()
    checksum = extend(checksum, bytes(lengths))
    checksum = _check_stored(checksum, reader, order)
    if total != reader.left:
        raise DamagedValuesError("its strings are not as long as it says")
    return reader.rest(checksum)


def _checksum_variants(reader: _Reader, order: str) -> int:
    checksum = 0
    while reader.left:
        length = reader.varint()
        checksum = extend(checksum, struct.pack(f"{order}Q", length))
        if length > reader.left:
            raise DamagedValuesError("its values are not as long as it says")
        checksum = reader.extend(checksum, length)
        checksum = _check_stored(checksum, reader, order)
    return checksum


def _check_stored(checksum: int, reader: _Reader, order: str) -> int:
    stored = reader.take(_CHECKSUM.size)
    if struct.unpack(f"{order}I", stored)[0] != mask(checksum):
        raise DamagedValuesError("the checksum of its lengths does not match")
    return int(extend(checksum, stored))


class _Reader:
    """The bytes of one tensor, in pieces."""

    def __init__(self, file: BinaryIO, size: int, advance: Advance) -> None:
        self._file = file
        self._unread = size
        self._advance = advance
        self._piece = b""
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return self._unread + len(self._piece) - self._at

    def rest(self, checksum: int) -> int:
        """``checksum`` continued over all that is left."""
        return self.extend(checksum, self.left)

    def extend(self, checksum: int, size: int) -> int:
        """``checksum`` continued over the next ``size`` bytes."""
        while size > 0:
            self._fill(1)
            piece = self._take(size)
            checksum = extend(checksum, piece)
            size -= len(piece)
        return checksum

    def take(self, size: int) -> bytes:
        """The next few bytes."""
        self._fill(size)
        return self._take(size)

    def varint(self) -> int:
        """The next variable-length number."""
        self._fill(min(_LONGEST_VARINT, self.left))
        try:
            value, self._at = read_varint(self._piece, self._at)
        except ValueError as error:
            raise DamagedValuesError("its lengths cannot be read") from error
        return value

    def skip(self) -> None:
        """Count what is left as done."""
        self._advance(self._unread)
        self._unread = 0

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, min(self._at + size, len(self._piece))
        whole = start == 0 and self._at == len(self._piece)
        return self._piece if whole else self._piece[start : self._at]

    def _fill(self, size: int) -> None:
        """Have at least ``size`` bytes at hand."""
        while len(self._piece) - self._at < size:
            piece = self._file.read(min(self._unread, _CHUNK))
            if not piece:
                raise DamagedValuesError("it is cut off")
            self._piece, self._at = self._piece[self._at :] + piece, 0
            self._unread -= len(piece)
            self._advance(len(piece))
