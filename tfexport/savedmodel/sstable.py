"""LevelDB's sorted string table, as TensorFlow writes ``variables.index``: keys and their values.

The format is that of LevelDB's ``doc/table_format.md`` and of TensorFlow's
``tensorflow/core/lib/io/table_builder.cc``: blocks of prefix-compressed entries, each block
followed by a byte that says how it is compressed and a CRC, and at the end of the file a footer
that points to the block which lists the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from tfexport.savedmodel.snappy import decompress
from tfexport.savedmodel.wire import read_varint

_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_FOOTER_SIZE = 48
_BLOCK_TRAILER_SIZE = 5
_UNCOMPRESSED, _SNAPPY = 0, 1

# What a table may come to. Compression, shared prefixes and blocks that are listed twice let a
# small hostile file claim as much as it likes; 100,000 variables take some 15 MB.
_MAX_BLOCK = 1 << 24
_MAX_TABLE = 1 << 28


class TableError(ValueError):
    """A table that is damaged; the message says in what way."""


def read_table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each key and value of a whole table file, in the file's order.

    Raises TableError where the bytes are no such table, at any point while iterating.
    """
    budget = _MAX_TABLE
    for _, handle in _read_entries(_read_block(content, *_index_handle(content))):
        block = _read_block(content, *_read_handle(handle, 0))
        budget -= len(block)
        for key, value in _read_entries(block):
            budget -= len(key)
            if budget < 0:
                raise TableError("it claims to be far larger than it is")
            yield key, value


def block_positions(content: bytes) -> Iterator[tuple[int, int]]:
    """Where each block begins and how long it is, with the byte that says how it is compressed.

    The four bytes behind it are its checksum, a masked CRC-32C. Raises TableError.
    """
    offset, size = _index_handle(content)
    yield offset, size + 1
    for _, handle in _read_entries(_read_block(content, offset, size)):
        offset, size = _read_handle(handle, 0)
        if offset + size + _BLOCK_TRAILER_SIZE > len(content):
            raise TableError("a block lies outside the file")
        yield offset, size + 1


def _index_handle(content: bytes) -> tuple[int, int]:
    footer = content[-_FOOTER_SIZE:]
    if len(footer) < _FOOTER_SIZE or not footer.endswith(_MAGIC):
        raise TableError("it does not end as a table does: it is cut off, or no checkpoint index")
    _, position = _read_number(footer, 0)  # the meta index: unused
    _, position = _read_number(footer, position)
    return _read_handle(footer, position)


def _read_handle(content: bytes, position: int) -> tuple[int, int]:
    offset, position = _read_number(content, position)
    return offset, _read_number(content, position)[0]


def _read_block(content: bytes, offset: int, size: int) -> bytes:
    end = offset + size
    if end + _BLOCK_TRAILER_SIZE > len(content):
        raise TableError("a block lies outside the file")
    block, compression = content[offset:end], content[end]
    if compression == _UNCOMPRESSED:
        return block
    if compression != _SNAPPY:
        raise TableError(f"a block is compressed in an unknown way (type {compression})")
    try:
        return decompress(block, _MAX_BLOCK)
    except ValueError as error:
        raise TableError(str(error)) from error


def _read_entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise TableError("a block has no valid end")
    key, position = b"", 0
    while position < end:
        shared, position = _read_number(block, position)
        unshared, position = _read_number(block, position)
        value_size, position = _read_number(block, position)
        value_start = position + unshared
        if shared > len(key) or value_start + value_size > end:
            raise TableError("an entry reaches out of its block")
        key = key[:shared] + block[position:value_start]
        position = value_start + value_size
        yield key, block[value_start:position]


def _read_number(content: bytes, position: int) -> tuple[int, int]:
    try:
        return read_varint(content, position)
    except ValueError as error:
        raise TableError(str(error)) from error
