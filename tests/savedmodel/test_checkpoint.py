"""``variables.index``: entries, shards, slices; what is damaged says so in a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.tables import entry, index_of, table, write_checkpoint
from tfexport.savedmodel.checkpoint import (
    OBJECT_GRAPH_KEY,
    CheckpointError,
    read_checkpoint_index,
)

FLOAT, STRING = 1, 7


def test_tensorflow_and_this_reader_agree(zoo_model: Callable[[str], Path]) -> None:
    import tensorflow as tf

    directory = zoo_model("sharded")
    index = read_checkpoint_index(directory)
    assert (index.shards, index.big_endian) == (3, False)
    values = {key: e for key, e in index.entries.items() if e.is_value or key == OBJECT_GRAPH_KEY}
    reader = tf.train.load_checkpoint(str(directory / "variables" / "variables"))
    dtypes = reader.get_variable_to_dtype_map()
    assert {key: e.dtype for key, e in values.items()} == {k: d.name for k, d in dtypes.items()}
    shapes = reader.get_variable_to_shape_map()
    assert {key: list(e.shape or ()) for key, e in values.items()} == shapes


def test_a_sliced_tensor_lists_its_slices(zoo_model: Callable[[str], Path]) -> None:
    index = read_checkpoint_index(zoo_model("sharded"))
    entry = index.entries["layers/4/.ATTRIBUTES/VARIABLE_VALUE"]
    rows = [extents[0] for extents in entry.slices]
    starts = [start for start, _ in rows]
    assert starts == [sum(length or 0 for _, length in rows[:i]) for i in range(len(rows))]
    assert sum(length or 0 for _, length in rows) == 256


@needs_shared_models
@pytest.mark.parametrize("name", ["half_plus_two_tf2", "half_plus_two_v1"])
def test_an_index_with_compressed_blocks_is_read(name: str) -> None:
    index = read_checkpoint_index(FOLDER / name)
    assert all(e.size == 4 for e in index.entries.values() if e.dtype == "float32")
    assert len(index.entries) > 3


def test_no_index_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_checkpoint_index(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it does not end as a table does: it is cut off, or no checkpoint index"),
        (table([]), "its header is missing"),
        (table([(b"", b"\xff")]), "an entry does not parse"),
        (index_of({"w": entry(FLOAT, [1], -4, 4)}), "an entry has a negative position or size"),
    ],
)
def test_a_damaged_index_says_so(tmp_path: Path, content: bytes, reason: str) -> None:
    write_checkpoint(tmp_path, content)
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint_index(tmp_path)
    assert str(caught.value) == f"variables/variables.index is damaged: {reason}"


def test_an_index_that_is_a_directory_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "variables" / "variables.index").mkdir(parents=True)
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint_index(tmp_path)
    assert str(caught.value) == "variables/variables.index cannot be read: Is a directory"


def test_declared_sizes_set_no_memory_aside(tmp_path: Path) -> None:
    huge = entry(STRING, [2**60, 2**60], 0, 2**62)
    write_checkpoint(tmp_path, index_of({"w": huge}), b"short")
    index = read_checkpoint_index(tmp_path)
    with pytest.raises(CheckpointError, match=r"variables\.data-00000-of-00001 is cut off$"):
        index.read_bytes(index.entries["w"])
