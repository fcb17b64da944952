"""``variables.index`` files written by hand: sorted string tables, plain or compressed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfexport.savedmodel import protos

MAGIC = bytes.fromhex("57fb808b247547db")


def varint(number: int) -> bytes:
    """A number in protobuf's and LevelDB's variable length."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def entries_block(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A block in which each key shares nothing with the one before."""
    body = b"".join(
        b"\x00" + varint(len(key)) + varint(len(value)) + key + value for key, value in entries
    )
    return body + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def table(
    entries: Sequence[tuple[bytes, bytes]], compression: int = 0, block: bytes | None = None
) -> bytes:
    """A table of one data block; ``block`` is its stored form where it is not the plain one."""
    data = entries_block(entries) if block is None else block
    content = data + bytes([compression]) + bytes(4)
    index = entries_block([(b"\xff", varint(0) + varint(len(data)))])
    handle = varint(len(content)) + varint(len(index))
    content += index + bytes(5)
    footer = varint(0) + varint(0) + handle
    return content + footer.ljust(40, b"\x00") + MAGIC


def index_of(entries: dict[str, Any], shards: int = 1) -> bytes:
    """A ``variables.index`` with these BundleEntryProtos."""
    header = protos.tensor_bundle_pb2.BundleHeaderProto(num_shards=shards)
    rows = [(b"", header.SerializeToString())]
    rows += [(key.encode(), entry.SerializeToString()) for key, entry in sorted(entries.items())]
    return table(rows)


def entry(dtype: int, sizes: Sequence[int], offset: int, size: int, shard: int = 0) -> Any:
    """A BundleEntryProto."""
    proto = protos.tensor_bundle_pb2.BundleEntryProto(
        dtype=dtype, shard_id=shard, offset=offset, size=size
    )
    for dimension in sizes:
        proto.shape.dim.add(size=dimension)
    return proto


def write_checkpoint(directory: Path, index: bytes, *shards: bytes) -> None:
    """Write ``variables/`` into a model's directory."""
    (directory / "variables").mkdir(parents=True, exist_ok=True)
    (directory / "variables" / "variables.index").write_bytes(index)
    for number, content in enumerate(shards):
        name = f"variables.data-{number:05d}-of-{len(shards):05d}"
        (directory / "variables" / name).write_bytes(content)
