"""Snappy's block format, decompressed: some builds of TensorFlow compress ``variables.index``.

Format: ``format_description.txt`` of github.com/google/snappy.
"""

from __future__ import annotations

from tfexport.savedmodel.wire import read_varint


def decompress(block: bytes, limit: int) -> bytes:
    """The bytes that a compressed block stands for.

    Raises ValueError where it is damaged, or stands for more than ``limit`` bytes.
    """
    size, position = read_varint(block, 0)
    if size > limit:
        raise ValueError("a block is too large")
    out = bytearray()
    while position < len(block) and len(out) <= size:
        tag = block[position]
        if tag & 3 == 0:
            position = _copy_literal(block, position, out)
        else:
            position = _copy_earlier(block, position, out)
    if len(out) != size:
        raise ValueError("a block does not decompress")
    return bytes(out)


def _copy_literal(block: bytes, position: int, out: bytearray) -> int:
    length = block[position] >> 2
    position += 1
    if length >= 60:
        extra = length - 59
        length = int.from_bytes(block[position : position + extra], "little")
        position += extra
    end = position + length + 1
    if end > len(block):
        raise ValueError("a block is cut off")
    out += block[position:end]
    return end


def _copy_earlier(block: bytes, position: int, out: bytearray) -> int:
    tag = block[position]
    width = {1: 1, 2: 2, 3: 4}[tag & 3]
    offset = int.from_bytes(block[position + 1 : position + 1 + width], "little")
    length = (tag >> 2) + 1
    if width == 1:
        offset |= (tag & 0xE0) << 3
        length = ((tag >> 2) & 7) + 4
    if not 0 < offset <= len(out):
        raise ValueError("a block refers to what is not there")
    earlier = bytes(out[-offset:][:length])
    out += (earlier * (length // len(earlier) + 1))[:length]  # it may reach into what it writes
    return position + 1 + width
