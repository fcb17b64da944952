"""Sorted string tables: plain, compressed, and damaged in every way that was thought of."""

from __future__ import annotations

import pytest

from tests.savedmodel.tables import MAGIC, entries_block, table, varint
from tfexport.savedmodel.sstable import TableError, read_table

ENTRIES = [(b"alpha", b"1"), (b"beta", b""), (b"gamma", b"x" * 300)]


def read(content: bytes) -> list[tuple[bytes, bytes]]:
    return list(read_table(content))


def test_entries_come_in_the_order_of_the_file() -> None:
    assert read(table(ENTRIES)) == ENTRIES


def test_a_key_takes_over_the_beginning_of_the_one_before() -> None:
    shared = b"\x00\x05\x01layer1" + b"\x05\x01\x01" + b"s2" + b"\x03\x02\x01" + b"er3"
    assert read(table([], block=shared + bytes(4) + b"\x01\x00\x00\x00")) == [
        (b"layer", b"1"),
        (b"layers", b"2"),
        (b"layer"[:3] + b"er", b"3"),
    ]


def test_a_compressed_block_is_read() -> None:
    plain = entries_block(ENTRIES)
    # One literal of all the bytes: tag 61 << 2 says that two bytes of length follow.
    literal = bytes([61 << 2]) + (len(plain) - 1).to_bytes(2, "little") + plain
    assert read(table([], compression=1, block=varint(len(plain)) + literal)) == ENTRIES


def said(content: bytes) -> str:
    with pytest.raises(TableError) as caught:
        read(content)
    return str(caught.value)


CUT_OFF = "it does not end as a table does: it is cut off, or no checkpoint index"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", CUT_OFF),
        (table(ENTRIES)[:-1], CUT_OFF),
        (b"\x00" * 100, CUT_OFF),
        (bytes(2) + b"\xff" * 38 + MAGIC, "a number is cut off"),
        (
            (varint(0) * 2 + varint(1 << 60) + varint(9)).ljust(40, b"\x00") + MAGIC,
            "a block lies outside the file",
        ),
        (table([], block=b"\x00" * 3), "a block has no valid end"),
        (table([], block=b"\xff\xff\xff\x7f"), "a block has no valid end"),
        (
            table([], block=b"\x05\x01\x01ab" + bytes(4) + b"\x01\x00\x00\x00"),
            "an entry reaches out of its block",
        ),
        (
            table([], block=b"\x00\x01" + varint(1 << 62) + b"ab" + bytes(8)),
            "an entry reaches out of its block",
        ),
        (table(ENTRIES, compression=7), "a block is compressed in an unknown way (type 7)"),
        (table([], compression=1, block=varint(1 << 40)), "a block is too large"),
        (table([], compression=1, block=varint(9) + b"\x01\x05"), "a block refers to what is not"),
        (table([], compression=1, block=varint(9) + b"\x20abc"), "a block is cut off"),
        (table([], compression=1, block=varint(9) + b"\x00a"), "a block does not decompress"),
    ],
)
def test_damage_is_named(content: bytes, reason: str) -> None:
    assert said(content).startswith(reason)


def test_a_small_file_cannot_claim_to_be_a_huge_table() -> None:
    long = b"k" * 1_000_000
    shared = varint(len(long)) + b"\x00\x00"  # a key like the one before, in five bytes
    first = b"\x00" + varint(len(long)) + b"\x00" + long
    block = first + shared * 1000 + bytes(4) + b"\x01\x00\x00\x00"
    assert said(table([], block=block)) == "it claims to be far larger than it is"
