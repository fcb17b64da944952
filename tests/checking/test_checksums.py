"""Every value that a checkpoint stores is compared with its checksum."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.bundles import Stored, make_table, write_bundle
from tests.known_answers import FOLDER, needs_shared_models
from tfexport.checking.checksums import check_table, damaged_tensors
from tfexport.data.crc32c import mask
from tfexport.savedmodel.checkpoint import CheckpointIndex, read_checkpoint_index
from tfexport.savedmodel.sstable import TableError


def damage(index: CheckpointIndex) -> dict[str, str]:
    """What is wrong with which tensor, in all data files."""
    found = {}
    for shard in range(index.shards):
        own = [entry for entry in index.entries.values() if entry.shard == shard and entry.size]
        for entry, problem in damaged_tensors(index, shard, own, lambda done: None):
            found[entry.key] = problem
    return found


@needs_shared_models
@pytest.mark.parametrize("name", ["guesslang", "half_plus_two_tf2", "half_plus_two_v1"])
def test_what_tensorflow_wrote_is_not_damaged(name: str) -> None:
    # guesslang has strings, whose checksum is not that of the bytes as they are stored.
    assert damage(read_checkpoint_index(FOLDER / name)) == {}


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    values = struct.pack("<4f", 1, 2, 3, 4)
    write_bundle(
        tmp_path,
        {"a": Stored("float32", (4,), values), "b": Stored("float32", (4,), values, checksum=7)},
    )
    assert damage(read_checkpoint_index(tmp_path)) == {"b": "its checksum does not match"}


def test_a_value_larger_than_what_is_read_at_once(tmp_path: Path) -> None:
    content = bytes(range(256)) * 12_001
    write_bundle(tmp_path, {"a": Stored("uint8", (len(content),), content)})
    done: list[int] = []
    index = read_checkpoint_index(tmp_path)
    assert list(damaged_tensors(index, 0, list(index.entries.values()), done.append)) == []
    assert sum(done) == len(content)
    assert len(done) > 2


def strings(texts: list[bytes], order: str = "<") -> bytes:
    """As WriteStringTensor stores them."""
    from google_crc32c import value as crc32c

    lengths = b"".join(struct.pack(f"{order}I", len(text)) for text in texts)
    stored = struct.pack(f"{order}I", mask(crc32c(lengths)))
    return bytes(map(len, texts)) + stored + b"".join(texts)


def strings_checksum(texts: list[bytes], order: str = "<") -> int:
    from google_crc32c import value as crc32c

    lengths = b"".join(struct.pack(f"{order}I", len(text)) for text in texts)
    stored = struct.pack(f"{order}I", mask(crc32c(lengths)))
    return mask(crc32c(lengths + stored + b"".join(texts)))


@pytest.mark.parametrize("big_endian", [False, True])
def test_strings_are_summed_with_their_lengths(tmp_path: Path, big_endian: bool) -> None:
    order = ">" if big_endian else "<"
    texts = [b"ab", b"", b"\xff" * 100]
    content, checksum = strings(texts, order), strings_checksum(texts, order)
    write_bundle(
        tmp_path,
        {
            "right": Stored("string", (3,), content, checksum=checksum),
            "text": Stored("string", (3,), content[:-1] + b"x", checksum=checksum),
            "length": Stored("string", (3,), b"\x03" + content[1:], checksum=checksum),
            "shape": Stored("string", (500,), content, checksum=checksum),
            "short": Stored("string", (3,), content[:-1], checksum=checksum),
        },
        big_endian=big_endian,
    )
    assert damage(read_checkpoint_index(tmp_path)) == {
        "length": "the checksum of its lengths does not match",
        "shape": "it is too short for its shape",
        "short": "its strings are not as long as it says",
        "text": "its checksum does not match",
    }


def test_many_strings_are_summed_in_pieces(tmp_path: Path) -> None:
    texts = [b"x" * (number % 100) for number in range(300_000)]
    content = Stored("string", (300_000,), strings(texts), checksum=strings_checksum(texts))
    write_bundle(tmp_path, {"words": content})
    assert damage(read_checkpoint_index(tmp_path)) == {}


def test_variants_are_summed_one_by_one(tmp_path: Path) -> None:
    from google_crc32c import value as crc32c

    first = struct.pack("<Q", 2) + b"ab"
    middle = struct.pack("<I", mask(crc32c(first)))
    second = struct.pack("<Q", 1) + b"c"
    last = struct.pack("<I", mask(crc32c(first + middle + second)))
    content = b"\x02ab" + middle + b"\x01c" + last
    checksum = mask(crc32c(first + middle + second + last))
    write_bundle(
        tmp_path,
        {
            "right": Stored("variant", (2,), content, checksum=checksum),
            "wrong": Stored("variant", (2,), content.replace(b"ab", b"ax"), checksum=checksum),
            "long": Stored("variant", (2,), b"\x7f" + content[1:], checksum=checksum),
        },
    )
    assert damage(read_checkpoint_index(tmp_path)) == {
        "long": "its values are not as long as it says",
        "wrong": "the checksum of its lengths does not match",
    }


def test_the_blocks_of_the_index_have_checksums(tmp_path: Path) -> None:
    content = make_table({b"a": b"1", b"b": b"2"})
    check_table(content)
    place = content.index(b"a1")
    with pytest.raises(TableError, match="the checksum of its block at 0 does not match"):
        check_table(content[: place + 1] + b"9" + content[place + 2 :])


@needs_shared_models
@pytest.mark.parametrize("name", ["guesslang", "half_plus_two_tf2", "half_plus_two_v1", "counter"])
def test_the_index_that_tensorflow_wrote_is_not_damaged(name: str) -> None:
    check_table((FOLDER / name / "variables" / "variables.index").read_bytes())


def test_blocks_that_are_listed_again_and_again_are_not_read_again_and_again() -> None:
    content = bytearray(make_table({b"a": b"x" * 1000}))
    from tests.bundles import _add_block, _varint

    table = bytearray()
    data = _add_block(table, [(b"a", b"x" * 1000)])
    meta = _add_block(table, [])
    index = _add_block(table, [(bytes([n]), data) for n in range(200)])
    footer = (meta + index).ljust(40, b"\0") + content[-8:]
    assert _varint(0) == b"\0"
    with pytest.raises(TableError):
        check_table(bytes(table + footer))
