"""Protobuf's wire format, for the few messages whose generated code cannot be imported alone.

Format: https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator


def read_fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The number and value of each field of a message; sub-messages and strings as bytes.

    Raises ValueError where the bytes are no message.
    """
    position = 0
    while position < len(content):
        tag, position = read_varint(content, position)
        value: int | bytes
        if tag & 7 == 0:
            value, position = read_varint(content, position)
        else:
            size, position = _size(tag & 7, content, position)
            value = content[position : position + size]
            position += size
            if position > len(content):
                raise ValueError("a field reaches out of its message")
        yield tag >> 3, value


def read_varint(content: bytes | bytearray, position: int) -> tuple[int, int]:
    """A variable-length number, and where the next thing begins. Raises ValueError."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(content):
            break
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number is cut off")


def _size(wire_type: int, content: bytes, position: int) -> tuple[int, int]:
    if wire_type == 2:
        return read_varint(content, position)
    if wire_type in (1, 5):
        return {1: 8, 5: 4}[wire_type], position
    raise ValueError(f"wire type {wire_type} is not in use")
