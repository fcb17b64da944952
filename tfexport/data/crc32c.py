"""CRC-32C (Castagnoli), the checksum of TFRecord files, of many records at once.

The polynomial and its reflected form are those of RFC 3720, appendix B.4; the mask is that of
``tensorflow/core/lib/hash/crc32c.h``.

A CRC is linear over bits. So the registers of many pieces advance side by side, two bytes a step;
and the register of two pieces is the first's, moved on over the second's length, xor the second's.
Zeros in front of a piece change nothing while its register is 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_ONES = 0xFFFFFFFF
# Measured: below these a loop over the bytes is quicker than numpy's calls.
_SHORT = 1024
_FEW = 16
# Pieces that one long record is cut into.
_LANES = 1024

_WORD = np.dtype("<u2")

Words = NDArray[np.uint32]


def masked_crc32c(data: bytes) -> int:
    """The checksum as TFRecord stores it: rotated and shifted, so that it can itself be summed."""
    return _mask(crc32c(data))


def masked_crc32c_of_each(records: Sequence[bytes]) -> list[int]:
    """``masked_crc32c`` of every record; many of about the same length go together."""
    alike: dict[int, list[int]] = defaultdict(list)
    for position, record in enumerate(records):
        alike[len(record).bit_length()].append(position)
    sums = [0] * len(records)
    for bits, positions in alike.items():
        together = len(positions) >= _FEW and 3 <= bits <= 16  # at least 4 bytes each
        group = [records[position] for position in positions]
        for position, crc in zip(
            positions, _sum_group(group) if together else map(crc32c, group), strict=True
        ):
            sums[position] = _mask(crc)
    return sums


def crc32c(data: bytes) -> int:
    """CRC-32C of ``data``."""
    if len(data) >= _SHORT:
        return _sum_long(data)
    register, table = _ONES, _byte_table()
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ _ONES


def _mask(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _ONES


def _sum_group(records: Sequence[bytes]) -> list[int]:
    length = max(4, *map(len, records))
    length += length % 2
    lanes = np.frombuffer(b"".join(_start(record, length) for record in records), _WORD)
    registers = _advance(lanes.reshape(len(records), length // 2))
    return [int(register) ^ _ONES for register in registers]


def _sum_long(data: bytes) -> int:
    length = max(2, 1 << (len(data) // _LANES).bit_length())
    count = 1 << (-(-len(data) // length) - 1).bit_length()
    lanes = np.frombuffer(_start(data, count * length), _WORD)
    registers = _advance(lanes.reshape(count, length // 2))
    level = length.bit_length() - 1
    while len(registers) > 1:
        registers = _move_on(registers[0::2], level) ^ registers[1::2]
        level += 1
    return int(registers[0]) ^ _ONES


def _start(record: bytes, length: int) -> bytes:
    """The record filled up with zeros in front, the register's start value put into its bytes."""
    filled = bytearray(record.rjust(length, b"\0"))
    # A record shorter than 4 bytes would need the rest of the start value behind it.
    at = length - len(record)
    for place in range(4):
        filled[at + place] ^= 0xFF
    return bytes(filled)


def _advance(lanes: NDArray[np.uint16]) -> Words:
    """The registers after the words of every lane."""
    table = _word_table()
    registers = np.zeros(len(lanes), np.uint32)
    for words in np.ascontiguousarray(lanes.T):
        registers = table[(registers ^ words) & 0xFFFF] ^ (registers >> np.uint32(16))
    return registers


@cache
def _byte_table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        for _ in range(8):
            entry = entry >> 1 ^ (_POLYNOMIAL if entry & 1 else 0)
        entries.append(entry)
    return tuple(entries)


@cache
def _word_table() -> Words:
    table = np.array(_byte_table(), np.uint32)
    once = table[np.arange(1 << 16, dtype=np.uint32) & 0xFF] ^ (
        np.arange(1 << 16, dtype=np.uint32) >> np.uint32(8)
    )
    words: Words = table[once & 0xFF] ^ (once >> np.uint32(8))
    return words


def _move_on(registers: Words, level: int) -> Words:
    tables = _zeros_tables(level)
    moved: Words = tables[0][registers & 0xFF]
    for place in (1, 2, 3):
        moved = moved ^ tables[place][registers >> np.uint32(8 * place) & 0xFF]
    return moved


@cache
def _zeros_tables(level: int) -> Words:
    """What ``2 ** level`` zero bytes make of a register, for each value of each of its bytes."""
    if level == 0:
        values = np.arange(256, dtype=np.uint32)
        shifted = [values << np.uint32(8 * place - 8) for place in (1, 2, 3)]
        return np.stack([np.array(_byte_table(), np.uint32), *shifted])
    before = _zeros_tables(level - 1)
    return np.stack([_move_on(before[place], level - 1) for place in range(4)])
