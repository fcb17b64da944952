"""Snappy's block format: literals, copies, and copies that reach into what they write."""

from __future__ import annotations

import pytest

from tfexport.savedmodel.snappy import decompress


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),
        (b"\x46\xf0\x45" + b"x" * 70, b"x" * 70),  # the length of the literal in a byte
        (b"\x06\x08abc\x0a\x03\x00", b"abcabc"),  # a copy with two bytes of offset
        (b"\x07\x08abc\x01\x03", b"abcabca"),  # with one byte, of four at least
        (b"\x0a\x00a\x22\x01\x00", b"a" * 10),  # longer than its offset: it repeats
        (b"\x06\x08abc\x0b\x03\x00\x00\x00", b"abcabc"),  # with four bytes
    ],
)
def test_blocks_decompress(block: bytes, text: bytes) -> None:
    assert decompress(block, 100) == text


def test_more_than_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="a block is too large"):
        decompress(b"\x65" + b"\x00a" * 101, 100)


def test_a_copy_from_before_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="a block refers to what is not there"):
        decompress(b"\x07\x08abc\x01\x04", 100)


def test_a_copy_past_the_promised_size_is_refused() -> None:
    with pytest.raises(ValueError, match="a block does not decompress"):
        decompress(b"\x05\x08abc\x01\x03", 100)
