from __future__ import annotations

import random

import pytest

from tfexport.data import crc32c as module
from tfexport.data.crc32c import crc32c, masked_crc32c, masked_crc32c_of_each


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
    assert crc32c(data) == expected


def test_long_data_and_many_records_give_what_the_plain_loop_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(0)
    sizes = [*range(20), 100, 1000, 1023, 1024, 1025, 2049, 100_003]
    records = [chance.randbytes(chance.choice(sizes)) for _ in range(300)]
    quick = masked_crc32c_of_each(records)
    monkeypatch.setattr(module, "_SHORT", 1 << 30)
    assert quick == [masked_crc32c(record) for record in records]
