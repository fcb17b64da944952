"""``variables/``: which tensors the checkpoint holds, and where each one lies.

Format: ``tensorflow/core/util/tensor_bundle/tensor_bundle.h`` and
``tensorflow/core/protobuf/tensor_bundle.proto``.
"""

from __future__ import annotations

from pathlib import Path

from tfexport.dtypes import dtype_name
from tfexport.records import dataclass
from tfexport.savedmodel import protos
from tfexport.savedmodel.layout import VARIABLES_INDEX, shard_path
from tfexport.savedmodel.shapes import read_shape
from tfexport.savedmodel.sstable import TableError, read_table
from tfexport.spec import Shape

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


class CheckpointError(Exception):
    """A checkpoint that cannot be read. The message is one line without a full stop."""


@dataclass(frozen=True)
class BundleEntry:
    """Where one tensor lies: ``size`` bytes at ``offset`` of data file ``shard``.

    ``crc32c`` is the masked checksum of those bytes. A partitioned variable's own entry has no
    bytes; its ``slices`` (each an (offset, length) a dimension, length None for all of it) are
    entries of their own, under keys that ``slice_key`` makes.
    """

    key: str
    dtype: str
    shape: Shape | None
    shard: int
    offset: int
    size: int
    crc32c: int
    slices: tuple[tuple[tuple[int, int | None], ...], ...] = ()

    @property
    def is_value(self) -> bool:
        """Whether this is a tensor of the model: no object graph, no slice of a partitioned one."""
        return self.key != OBJECT_GRAPH_KEY and not self.key.startswith("\0")


@dataclass(frozen=True)
class CheckpointIndex:
    """``variables.index``: the number of data files, the byte order, and an entry a tensor."""

    directory: Path
    shards: int
    big_endian: bool
    entries: dict[str, BundleEntry]

    def data_file(self, shard: int) -> Path:
        """The path of a data file."""
        return shard_path(self.directory, shard, self.shards)

    def read_bytes(self, entry: BundleEntry) -> bytes:
        """The stored bytes of a small tensor. Raises CheckpointError where they are not there."""
        try:
            with self.data_file(entry.shard).open("rb") as file:
                file.seek(entry.offset)
                # Asking for more than there is would set aside memory for it.
                available = self.data_file(entry.shard).stat().st_size - entry.offset
                content = file.read(min(entry.size, max(available, 0)))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.data_file(entry.shard)} cannot be read") from error
        if len(content) < entry.size:
            raise CheckpointError(f"{self.data_file(entry.shard)} is cut off")
        return content


def read_checkpoint_index(directory: Path) -> CheckpointIndex:
    """Read ``variables/variables.index`` of a SavedModel's directory.

    Raises FileNotFoundError where there is none, CheckpointError where it is damaged.
    """
    path = directory / VARIABLES_INDEX
    try:
        return parse_checkpoint_index(path.read_bytes(), directory)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise CheckpointError(f"{VARIABLES_INDEX} cannot be read: {reason}") from error
    except TableError as error:
        raise CheckpointError(f"{VARIABLES_INDEX} is damaged: {error}") from error


def parse_checkpoint_index(content: bytes, directory: Path) -> CheckpointIndex:
    """Read the bytes of a ``variables.index``. Raises TableError where they are damaged."""
    from google.protobuf.message import DecodeError

    table = dict(read_table(content))
    try:
        header = protos.tensor_bundle_pb2.BundleHeaderProto.FromString(table.pop(b"", b""))
        entries = [_parse_entry(key, value) for key, value in table.items()]
    except (DecodeError, UnicodeDecodeError) as error:
        raise TableError("an entry does not parse") from error
    if header.num_shards < 1:
        raise TableError("its header is missing")
    big_endian = header.endianness == header.BIG
    return CheckpointIndex(
        directory, header.num_shards, big_endian, {entry.key: entry for entry in entries}
    )


def decode_key(key: bytes) -> str:
    """A key as text; the key of a slice is binary, and its bytes become lone surrogates."""
    return key.decode("utf-8", errors="surrogateescape")


def _parse_entry(key: bytes, value: bytes) -> BundleEntry:
    proto = protos.tensor_bundle_pb2.BundleEntryProto.FromString(value)
    if min(proto.offset, proto.size, proto.shard_id) < 0:
        raise TableError("an entry has a negative position or size")
    return BundleEntry(
        decode_key(key),
        dtype_name(proto.dtype),
        read_shape(proto.shape),
        proto.shard_id,
        proto.offset,
        proto.size,
        proto.crc32c,
        tuple(_parse_slice(part) for part in proto.slices),
    )


def _parse_slice(proto: protos.TensorShapeProto) -> tuple[tuple[int, int | None], ...]:
    return tuple(
        (extent.start, extent.length if extent.HasField("length") else None)
        for extent in proto.extent
    )
