"""Variables, as TensorFlow 2, TensorFlow 1, the graph and the checkpoint know them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.proto_models import add_node, new_model, set_shape, write_model
from tests.savedmodel.tables import entry, index_of, varint, write_checkpoint
from tfexport.savedmodel import protos
from tfexport.savedmodel.checkpoint import OBJECT_GRAPH_KEY
from tfexport.savedmodel.description import Variable
from tfexport.savedmodel.reader import read_description
from tfexport.savedmodel.variables import checkpoint_key

FLOAT, STRING = 1, 7


def by_path(directory: Path) -> dict[str, Variable]:
    return {v.object_path or v.name: v for v in read_description(directory).variables}


def test_tensorflow_and_this_reader_agree_on_a_modules_variables(
    zoo_model: Callable[[str], Path],
) -> None:
    import tensorflow as tf

    directory = zoo_model("functions")
    loaded = tf.saved_model.load(str(directory))
    (variable,) = read_description(directory).variables
    weight = loaded.child.weight
    assert variable.object_path == "child.weight"
    assert (variable.name, variable.dtype) == ("weight", weight.dtype.name)
    assert (variable.shape, variable.trainable) == (tuple(weight.shape), weight.trainable)


def test_the_largest_come_first(zoo_model: Callable[[str], Path]) -> None:
    variables = read_description(zoo_model("sharded")).variables
    sizes = [variable.bytes or 0 for variable in variables]
    assert sizes == sorted(sizes, reverse=True)
    assert [v.object_path for v in variables[:5]] == [f"layers.{i}" for i in range(5)]


def test_sizes_shards_and_slices(zoo_model: Callable[[str], Path]) -> None:
    model = read_description(zoo_model("sharded"))
    found = {v.object_path: v for v in model.variables}
    assert (found["half"].parameters, found["half"].bytes, found["half"].shard) == (8, 32, 0)
    assert (found["brain"].dtype, found["brain"].bytes) == ("bfloat16", 12)
    assert found["flags"].trainable is False
    assert (found["words"].dtype, found["words"].parameters) == ("string", 3)
    assert found["layers.4"].slices > 1
    assert (found["layers.4"].shard, found["layers.4"].bytes) == (None, 4096)
    assert model.parameters == sum(v.parameters or 0 for v in model.variables)


def test_a_variable_without_elements_is_there(zoo_model: Callable[[str], Path]) -> None:
    variable = by_path(zoo_model("many_outputs"))["empty"]
    assert (variable.shape, variable.parameters, variable.bytes) == ((0, 3), 0, 0)
    assert variable.checkpoint_key == "empty/.ATTRIBUTES/VARIABLE_VALUE"


def test_the_pieces_of_a_partitioned_variable_are_one(zoo_model: Callable[[str], Path]) -> None:
    model = read_description(zoo_model("metagraphs"), ["serve", "gpu"])
    found = {variable.name: variable for variable in model.variables}
    assert sorted(found) == ["embedding", "frozen"]
    embedding, frozen = found["embedding"], found["frozen"]
    assert (embedding.shape, embedding.slices, embedding.bytes) == ((6, 4), 3, 96)
    assert (embedding.trainable, frozen.trainable) == (True, False)


def test_what_keras_exports_twice_counts_once(zoo_model: Callable[[str], Path]) -> None:
    model = read_description(zoo_model("keras"))
    copies = {v.object_path: v.copy_of for v in model.variables if v.copy_of}
    assert len(model.variables) == 8
    assert len(copies) == 4
    assert all(path.startswith("_all_variables.") for path in copies if path)
    assert set(copies.values()) == {f"variables.{i}" for i in range(4)}
    assert model.parameters == 8 * 16 + 16 + 16 * 3 + 3


def test_zeros_of_one_shape_are_no_copies(saved_model: Callable[[str], Path]) -> None:
    assert not [v for v in read_description(saved_model("mlp")).variables if v.copy_of]


@needs_shared_models
def test_tensorflow_1_lists_its_variables_in_a_collection() -> None:
    found = by_path(FOLDER / "guesslang")
    kernel = found["dnn/hiddenlayer_0/kernel"]
    assert (kernel.dtype, kernel.shape, kernel.trainable) == ("float32", (70, 512), True)
    assert found["global_step"].trainable is False
    assert sum(v.parameters or 0 for v in found.values()) == 674_605


def test_without_collections_the_graphs_nodes_are_the_variables(tmp_path: Path) -> None:
    saved_model, metagraph = new_model()
    node = add_node(metagraph, "scope/w", "VarHandleOp", dtype=FLOAT)
    node.attr["shared_name"].s = b"w"
    set_shape(node.attr["shape"].shape, 2, 3)
    write_model(saved_model, tmp_path)
    write_checkpoint(tmp_path, index_of({"w": entry(FLOAT, [2, 3], 0, 24)}), bytes(24))
    (variable,) = read_description(tmp_path).variables
    assert (variable.name, variable.shape, variable.checkpoint_key) == ("w", (2, 3), "w")
    assert (variable.trainable, variable.bytes) == (None, 24)


def model_with_object_variable(attribute: str, name: str = "") -> Any:
    saved_model, metagraph = new_model()
    nodes = metagraph.object_graph_def.nodes
    root = nodes.add()
    root.user_object.identifier = "_generic_user_object"
    root.children.add(node_id=1, local_name=attribute)
    variable = nodes.add().variable
    variable.dtype, variable.name = FLOAT, name
    set_shape(variable.shape, 2)
    return saved_model


def test_slashes_and_dots_in_a_name_are_escaped_in_its_key(tmp_path: Path) -> None:
    key = checkpoint_key(("a/b.c",))
    assert key == "a.Sb..c/.ATTRIBUTES/VARIABLE_VALUE"
    write_model(model_with_object_variable("a/b.c"), tmp_path)
    write_checkpoint(tmp_path, index_of({key: entry(FLOAT, [2], 0, 8)}), bytes(8))
    (variable,) = read_description(tmp_path).variables
    assert (variable.name, variable.checkpoint_key) == ("a/b.c", key)


def stored_graph(attribute: str, key: str) -> bytes:
    graph = protos.trackable_object_graph_pb2.TrackableObjectGraph()
    graph.nodes.add().children.add(node_id=1, local_name=attribute)
    graph.nodes.add().attributes.add(name="VARIABLE_VALUE", checkpoint_key=key)
    content = graph.SerializeToString()
    return varint(len(content)) + bytes(4) + content


@pytest.mark.parametrize("damage", [None, "cut off", "garbage"])
def test_the_checkpoints_own_object_graph_finds_a_key_of_another_name(
    tmp_path: Path, damage: str | None
) -> None:
    graph = stored_graph("w", "elsewhere/value")
    content = b"\xff" * len(graph) if damage == "garbage" else graph
    write_model(model_with_object_variable("w", "kernel"), tmp_path)
    entries = {
        "elsewhere/value": entry(FLOAT, [2], 0, 8),
        OBJECT_GRAPH_KEY: entry(STRING, [], 8, len(graph)),
    }
    stored = bytes(8) + (content[:5] if damage == "cut off" else content)
    write_checkpoint(tmp_path, index_of(entries), stored)
    (variable,) = read_description(tmp_path).variables
    assert variable.checkpoint_key == (None if damage else "elsewhere/value")


@pytest.mark.parametrize("sizes", [[2**62, 2**62], [2**63 - 1, 2], [3] * 300])
def test_sizes_beyond_counting_are_unknown(tmp_path: Path, sizes: list[int]) -> None:
    saved_model = model_with_object_variable("w")
    variable = saved_model.meta_graphs[0].object_graph_def.nodes[1].variable
    variable.shape.Clear()
    set_shape(variable.shape, *sizes)
    (found,) = read_description(write_model(saved_model, tmp_path)).variables
    assert (found.parameters, found.bytes) == (None, None)
