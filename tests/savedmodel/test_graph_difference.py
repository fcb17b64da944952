"""Graphs are equal where they differ in nothing but the numbers that tracing leaves."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.savedmodel.test_hazards import Model, add_node, constant
from tfexport.savedmodel.graph_difference import NodeChange, compare_graphs


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Any]:
    """Save a module with branches, loops, a table and a dataset, its factor baked in."""
    from tfexport.exporting.starting import start_tensorflow
    from tfexport.savedmodel.parsing import read_saved_model

    tf = start_tensorflow()

    class Module(tf.Module):  # type: ignore[name-defined,misc]
        def __init__(self, factor: float) -> None:
            self.factor = factor
            self.weights = tf.Variable([1.0, 2.0])
            keys, values = tf.constant(["a"]), tf.constant([1], tf.int64)
            initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
            self.table = tf.lookup.StaticHashTable(initializer, -1)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x: Any) -> Any:
            def branch(value: Any) -> Any:
                return tf.cond(value > 0, lambda: value * self.factor, lambda: -value)

            y = tf.map_fn(branch, x)
            dataset = tf.data.Dataset.from_tensor_slices(y).map(lambda v: v + self.factor)
            total = dataset.reduce(0.0, lambda state, v: state + v)
            found = self.table.lookup(tf.constant(["a"]))
            loop = tf.while_loop(lambda z: z < 100.0, lambda z: z * 2.0, [total])[0]
            return loop + tf.cast(found[0], tf.float32) + self.weights[0]

    def save(factor: float) -> Any:
        directory = tmp_path_factory.mktemp("twice")
        tf.saved_model.save(Module(factor), str(directory))
        return read_saved_model(Path(directory)).meta_graphs[0]

    return save


def test_the_same_module_traced_twice_is_equal(twice: Callable[[float], Any]) -> None:
    assert compare_graphs(twice(2.0), twice(2.0)) == ()


def test_a_constant_that_was_baked_in_is_found_everywhere(twice: Callable[[float], Any]) -> None:
    changes = compare_graphs(twice(2.0), twice(3.0))
    assert {(change.before, change.after) for change in changes} == {("Const 2.0", "Const 3.0")}
    assert [change.kind for change in changes] == ["changed", "changed"]


@pytest.fixture
def model() -> Model:
    model = Model()
    function = model.function("__inference_f_1", "a")
    constant(function.node_def, "c", "text")
    add_node(function.node_def, "i", "Identity", "a")
    model.node("x", "Placeholder")
    model.node("call", "PartitionedCall", "x", f="__inference_f_1")
    return model


def other(model: Model) -> Model:
    twin = Model()
    twin.metagraph.CopyFrom(model.metagraph)
    return twin


def changes(model: Model, twin: Model) -> list[tuple[Any, ...]]:
    before = copy.deepcopy(model.metagraph), copy.deepcopy(twin.metagraph)
    found = compare_graphs(model.metagraph, twin.metagraph)
    assert (model.metagraph, twin.metagraph) == before  # nothing is written into the models
    return [(c.kind, c.function, c.node, c.before, c.after) for c in found]


def rename(model: Model, old: str, new: str) -> None:
    model.graph.library.function[0].signature.name = new
    assert model.graph.node[1].attr["f"].func.name == old
    model.graph.node[1].attr["f"].func.name = new


def test_another_number_is_no_change(model: Model) -> None:
    twin = other(model)
    rename(twin, "__inference_f_1", "__inference_f_99")
    assert changes(model, twin) == []
    rename(twin, "__inference_f_99", "__inference_g_99")
    assert [change[:3] for change in changes(model, twin)] == [
        ("changed", None, "call"),
        ("removed", "f", ""),
        ("added", "g", ""),
    ]


def test_nodes_that_come_go_and_change(model: Model) -> None:
    twin = other(model)
    nodes = twin.graph.library.function[0].node_def
    nodes[0].attr["value"].tensor.string_val[0] = b"other"
    nodes[1].op = "Snapshot"
    twin.node("new", "NoOp")
    twin.graph.node[1].input[0] = "new"
    del twin.graph.node[0]
    assert changes(model, twin) == [
        ("removed", None, "x", "Placeholder", None),
        ("changed", None, "call", "PartitionedCall of x", "PartitionedCall of new"),
        ("added", None, "new", None, "NoOp"),
        ("changed", "f", "c", "Const 'text'", "Const 'other'"),
        ("changed", "f", "i", "Identity", "Snapshot"),
    ]


def test_an_attribute_that_is_only_on_one_side(model: Model) -> None:
    twin = other(model)
    twin.graph.node[0].attr["shape"].shape.unknown_rank = True
    assert changes(model, twin) == [
        (
            "changed",
            None,
            "x",
            "Placeholder without shape",
            "Placeholder shape=shape { unknown_rank: true }",
        )
    ]


def test_a_device_is_told(model: Model) -> None:
    twin = other(model)
    twin.graph.node[0].device = "/gpu:0"
    assert changes(model, twin) == [
        ("changed", None, "x", "Placeholder on any device", "Placeholder on /gpu:0")
    ]


@pytest.mark.parametrize("name", ["config_proto", "_gradient_op_type", "_output_shapes"])
def test_what_passes_from_one_tracing_to_the_next_does_not_count(model: Model, name: str) -> None:
    twin = other(model)
    twin.graph.node[1].attr[name].s = b"12"
    assert changes(model, twin) == []


def test_addresses_in_shared_names_do_not_count(model: Model) -> None:
    twin = other(model)
    model.node("t", "HashTableV2").attr["shared_name"].s = b"table_<object at 0x7f1122>_4"
    twin.node("t", "HashTableV2").attr["shared_name"].s = b"table_<object at 0x7fffff>_4"
    assert changes(model, twin) == []


def test_two_functions_of_one_name_are_matched_by_what_they_do(model: Model) -> None:
    def add(to: Model, number: int, text: str) -> None:
        constant(to.function(f"__inference_g_{number}").node_def, "c", text)

    twin = other(model)
    for to, texts in ((model, "abc"), (twin, "xcb")):
        for number, text in enumerate(texts):
            add(to, number, text)
    assert changes(model, twin) == [("changed", "g", "c", "Const 'a'", "Const 'x'")]


def test_results_of_a_function_count(model: Model) -> None:
    twin = other(model)
    twin.graph.library.function[0].ret["y"] = "i:output:0"
    assert changes(model, twin) == [("changed", "f", "", "its arguments or results", "others")]


def test_saving_and_restoring_are_left_out(model: Model) -> None:
    twin = other(model)
    twin.node("file", "Placeholder")
    twin.node("save", "StatefulPartitionedCall", "file", f="__inference__traced_save_5")
    add_node(twin.function("__inference__traced_save_5", "p").node_def, "s", "SaveV2", "p")
    twin.metagraph.saver_def.filename_tensor_name = "file:0"
    twin.metagraph.saver_def.save_tensor_name = "save:0"
    found = changes(model, twin)
    assert found in ([], [("added", None, "file", None, "Placeholder")])


def test_there_is_an_end_to_what_is_listed(model: Model) -> None:
    from tfexport.savedmodel.graph_difference import MOST_NODES

    twin = other(model)
    for number in range(2 * MOST_NODES):
        twin.node(f"n{number}", "NoOp")
    found = compare_graphs(model.metagraph, twin.metagraph)
    assert len(found) == MOST_NODES
    assert found[0] == NodeChange("added", None, "n0", None, "NoOp")
