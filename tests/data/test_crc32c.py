from __future__ import annotations

import random

import pytest

from tfexport.data.crc32c import mask, masked_crc32c


# RFC 3720, appendix B.4
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_the_known_answers(data: bytes, expected: int) -> None:
    assert plain_crc32c(data) == expected
    assert masked_crc32c(data) == mask(expected)


def test_long_data_and_many_records_give_what_the_plain_loop_gives() -> None:
    chance = random.Random(0)
    sizes = [*range(20), 100, 1000, 1023, 1024, 1025, 2049, 100_003]
    records = [chance.randbytes(chance.choice(sizes)) for _ in range(100)]
    quick = [masked_crc32c(record) for record in records]
    assert quick == [mask(plain_crc32c(record)) for record in records]


def plain_crc32c(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF
