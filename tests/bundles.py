"""Writes checkpoints as TensorFlow's BundleWriter does, byte by byte, for odd ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from google_crc32c import value as crc32c

from tfexport.data.crc32c import mask
from tfexport.dtypes import dtype_number
from tfexport.savedmodel import protos
from tfexport.savedmodel.slices import Extents, slice_key

_MAGIC = 0xDB4775248B80FB57


@dataclass(frozen=True)
class Stored:
    """A tensor as it is to be stored; ``checksum`` is worked out where it is None."""

    dtype: str
    shape: tuple[int, ...]
    content: bytes
    shard: int = 0
    checksum: int | None = None


def write_bundle(
    directory: Path,
    tensors: Mapping[str, Stored],
    *,
    shards: int = 1,
    big_endian: bool = False,
    slices: Mapping[str, tuple[tuple[int, ...], Mapping[Extents, Stored]]] | None = None,
) -> Path:
    """Write ``variables/`` below ``directory``, and give its path."""
    folder = directory / "variables"
    folder.mkdir(parents=True, exist_ok=True)
    data = [bytearray() for _ in range(shards)]
    header = protos.tensor_bundle_pb2.BundleHeaderProto(num_shards=shards)
    header.endianness = 1 if big_endian else 0
    table = {b"": header.SerializeToString()}
    for key, stored in tensors.items():
        table[key.encode()] = _store(stored, data)
    for key, (shape, parts) in (slices or {}).items():
        entry = protos.tensor_bundle_pb2.BundleEntryProto()
        entry.dtype = dtype_number(next(iter(parts.values())).dtype)
        _set_shape(entry.shape, shape)
        for extents, stored in parts.items():
            proto = entry.slices.add()
            for start, length in extents:
                extent = proto.extent.add(start=start)
                if length is not None:
                    extent.length = length
            table[slice_key(key, extents).encode("utf-8", "surrogateescape")] = _store(stored, data)
        table[key.encode()] = entry.SerializeToString()
    (folder / "variables.index").write_bytes(make_table(table))
    for shard, content in enumerate(data):
        (folder / f"variables.data-{shard:05d}-of-{shards:05d}").write_bytes(content)
    return directory


def make_table(entries: Mapping[bytes, bytes]) -> bytes:
    """An SSTable of one data block."""
    content = bytearray()
    data = _add_block(content, sorted(entries.items()))
    meta = _add_block(content, [])
    index = _add_block(content, [(max(entries) + b"\xff", data)])
    footer = (meta + index).ljust(40, b"\0") + _MAGIC.to_bytes(8, "little")
    return bytes(content) + footer


def _add_block(content: bytearray, entries: list[tuple[bytes, bytes]]) -> bytes:
    block = bytearray()
    for key, value in entries:
        block += _varint(0) + _varint(len(key)) + _varint(len(value)) + key + value
    block += (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\0"
    handle = _varint(len(content)) + _varint(len(block) - 1)
    content += block + mask(crc32c(bytes(block))).to_bytes(4, "little")
    return handle


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _store(stored: Stored, data: list[bytearray]) -> bytes:
    entry = protos.tensor_bundle_pb2.BundleEntryProto()
    entry.dtype = dtype_number(stored.dtype)
    _set_shape(entry.shape, stored.shape)
    entry.shard_id = stored.shard
    entry.offset = len(data[stored.shard])
    entry.size = len(stored.content)
    entry.crc32c = mask(crc32c(stored.content)) if stored.checksum is None else stored.checksum
    data[stored.shard] += stored.content
    return bytes(entry.SerializeToString())


def _set_shape(proto: object, shape: tuple[int, ...]) -> None:
    for size in shape:
        proto.dim.add(size=size)  # type: ignore[attr-defined]
