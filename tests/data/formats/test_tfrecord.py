from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.data.feeds import feed, refusal
from tfexport.data.crc32c import masked_crc32c

# What tf.io.TFRecordWriter of TensorFlow 2.21 makes of b"hello" and b"".
GOLDEN = bytes.fromhex("0500000000000000eab2043e68656c6c6fbb1f1c19000000000000000029039807d8ea82a2")


def frame(record: bytes) -> bytes:
    length = len(record).to_bytes(8, "little")
    sums = [masked_crc32c(part).to_bytes(4, "little") for part in (length, record)]
    return length + sums[0] + record + sums[1]


def test_the_files_of_tensorflow_are_read(tmp_path: Path) -> None:
    (tmp_path / "d.tfrecord").write_bytes(GOLDEN)
    assert feed(tmp_path / "d.tfrecord", "x=None:string").read()["x"].tolist() == [b"hello", b""]
    assert frame(b"hello") + frame(b"") == GOLDEN


def test_records_are_streamed_and_packed_files_unpacked(tmp_path: Path) -> None:
    records = [bytes([at]) * at for at in range(50)]
    packed = gzip.compress(b"".join(map(frame, records)))
    (tmp_path / "a.tfrecord.gz").write_bytes(packed)
    (tmp_path / "b.tfrecords").write_bytes(packed)  # GZIP needs no suffix
    for name in ("a.tfrecord.gz", "b.tfrecords"):
        batches = list(feed(tmp_path / name, "x=None:string").batches(20))
        assert [len(batch["x"]) for batch in batches] == [20, 20, 10]
        assert [text for batch in batches for text in batch["x"].tolist()] == records


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no records at all", "'d.tfrecord' is damaged at record 0: this is no TFRecord file."),
        (
            GOLDEN[:21] + b"????????????",
            "'d.tfrecord' is damaged at record 1: the checksum of its length is wrong.",
        ),
        (GOLDEN[:15], "'d.tfrecord' is damaged at record 0: the file ends in it."),
        (GOLDEN[:19], "'d.tfrecord' is damaged at record 0: the file ends in it."),
        (
            GOLDEN.replace(b"hello", b"hullo"),
            "'d.tfrecord' is damaged at record 0: its checksum is wrong.",
        ),
        (b"", "'d.tfrecord' has no rows."),
    ],
)
def test_damage_is_told_with_its_record(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "d.tfrecord").write_bytes(content)
    assert refusal(tmp_path / "d.tfrecord", "x=None:string") == message


def test_a_record_that_claims_petabytes_takes_no_memory(tmp_path: Path) -> None:
    length = (1 << 60).to_bytes(8, "little")
    crc = masked_crc32c(length).to_bytes(4, "little")
    (tmp_path / "d.tfrecord").write_bytes(length + crc + b"short")
    assert refusal(tmp_path / "d.tfrecord", "x=None:string") == (
        "'d.tfrecord' is damaged at record 0: the file ends in it."
    )


def test_records_are_no_numbers(tmp_path: Path) -> None:
    (tmp_path / "d.tfrecord").write_bytes(GOLDEN)
    assert refusal(tmp_path / "d.tfrecord", "x=None") == (
        "'d.tfrecord' holds serialized records, and input 'x' takes float32 [?]. "
        "They are for a signature that parses tf.Example itself (a string input)."
    )
