"""Ops are counted where they stand, saving and restoring apart; the largest constants are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.proto_models import add_node, new_model
from tfexport.savedmodel.graph import GraphScan, node_name, parse_tensor_name
from tfexport.savedmodel.parsing import read_saved_model
from tfexport.savedmodel.reader import read_description

FLOAT = 1


def test_every_node_is_counted_once(zoo_model: Callable[[str], Path]) -> None:
    directory = zoo_model("functions")
    (metagraph,) = read_saved_model(directory).meta_graphs
    everything = Counter(node.op for node in metagraph.graph_def.node)
    for function in metagraph.graph_def.library.function:
        everything.update(node.op for node in function.node_def)
    graph = read_description(directory).graph
    counted = {c.op: c.graph + c.functions + c.machinery for c in graph.ops}
    assert counted == everything
    assert graph.nodes + graph.function_nodes == sum(everything.values())


def test_saving_and_restoring_in_tensorflow_2_is_machinery(
    zoo_model: Callable[[str], Path],
) -> None:
    ops = {count.op: count for count in read_description(zoo_model("functions")).graph.ops}
    for op in ("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"):
        assert (ops[op].own, ops[op].machinery) == (0, 1)
    assert ops["Mul"].machinery == 0


@needs_shared_models
def test_saving_and_restoring_in_tensorflow_1_is_machinery() -> None:
    graph = read_description(FOLDER / "half_plus_three").graph
    ops = {count.op: count for count in graph.ops}
    assert (ops["SaveV2"].own, ops["SaveV2"].machinery) == (0, 1)
    assert (ops["Assign"].graph, ops["Assign"].machinery) == (5, 3)
    assert graph.functions == 0


def test_the_most_frequent_op_comes_first() -> None:
    _, metagraph = new_model()
    for name, op in (("a", "Add"), ("m", "Mul"), ("n", "Mul"), ("b", "Abs")):
        add_node(metagraph, name, op)
    ops = GraphScan(metagraph).describe().ops
    assert [(count.op, count.graph) for count in ops] == [("Mul", 2), ("Abs", 1), ("Add", 1)]


def test_the_largest_constants_are_found_with_their_function(
    zoo_model: Callable[[str], Path],
) -> None:
    largest = read_description(zoo_model("python")).graph.constants[0]
    assert (largest.dtype, largest.shape, largest.bytes) == ("float32", (5000,), 20_000)
    assert largest.function is not None
    assert "call" in largest.function


def test_constants_are_not_searched_for_where_nobody_asks(
    zoo_model: Callable[[str], Path],
) -> None:
    assert read_description(zoo_model("python"), constants=False).graph.constants == ()


def test_a_constants_size_is_that_of_its_values() -> None:
    _, metagraph = new_model()
    for name, fields in (
        ("content", {"tensor_content": bytes(40)}),
        ("repeated", {"float_val": [0.0]}),
        ("text", {"string_val": [b"ab", b"c"]}),
    ):
        tensor = add_node(metagraph, name, "Const").attr["value"].tensor
        tensor.MergeFrom(type(tensor)(dtype=7 if name == "text" else FLOAT, **fields))
        tensor.tensor_shape.dim.add(size=100)
    found = {c.name: c.bytes for c in GraphScan(metagraph).describe().constants}
    assert found == {"repeated": 400, "content": 40, "text": 3}


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("x", ("x", None)),
        ("a/x:12", ("a/x", 12)),
        *((name, None) for name in ("", ":0", "^x", "x:", "x:²", "x:y", "x:1:0", "x\0:0", "x:0\n")),
    ],
)
def test_a_tensors_name_is_read_as_tensorflow_reads_it(
    name: str, parsed: tuple[str, int | None] | None
) -> None:
    assert parse_tensor_name(name) == parsed


def test_nodes_are_found_by_the_names_of_tensors() -> None:
    assert [node_name(name) for name in ("x", "x:0", "^x", "a/x:12")] == ["x", "x", "x", "a/x"]
    _, metagraph = new_model()
    add_node(metagraph, "x", "Placeholder", dtype=FLOAT)
    add_node(metagraph, "y", "Identity", T=FLOAT)
    assert list(GraphScan(metagraph, ["y", "z"]).nodes) == ["y"]
