"""The object graph: paths, functions with their Python parameters, hostile shapes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.savedmodel.proto_models import new_model, write_model
from tfexport.savedmodel.objects import find_paths, join_path, read_functions, read_objects
from tfexport.savedmodel.reader import read_description


def test_functions_have_the_parameters_that_were_written(
    zoo_model: Callable[[str], Path],
) -> None:
    functions = read_description(zoo_model("functions")).functions
    assert {f.path: (f.signature, len(f.concrete_functions)) for f in functions} == {
        "call": ("(x, training=False)", 2),
        "never": ("(x)", 0),
        "child.scale": ("(x, *, times=2, mode='fast')", 3),
    }


def test_traces_say_what_they_take_and_give(zoo_model: Callable[[str], Path]) -> None:
    call, _, scale = read_description(zoo_model("functions")).functions
    assert [(trace.inputs, trace.output) for trace in call.concrete_functions] == [
        ("(x: float32 [2], True)", "{same: float32 [2], scaled: float32 [2]}"),
        ("(x: float32 [3, 3], False)", "{same: float32 [3, 3], scaled: float32 [3, 3]}"),
    ]
    slow = scale.concrete_functions[-1]
    assert (slow.inputs, slow.output) == (
        "(x: float32 [2], mode: 'slow', times: 3)",
        "float32 [2]",
    )


def test_an_object_that_is_reached_twice_has_the_shortest_path(
    zoo_model: Callable[[str], Path],
) -> None:
    objects = read_description(zoo_model("functions")).objects
    root = {child.name: child.object for child in objects[0].children}
    assert root["child"] == root["again"]
    child = objects[root["child"]]
    assert child.path == "child"
    assert {edge.name: edge.object for edge in child.children}["parent"] == 0
    assert (objects[0].path, objects[0].kind) == ("", "user_object")


def test_labels_say_what_an_object_is(saved_model: Callable[[str], Path]) -> None:
    objects = read_description(saved_model("text_classifier")).objects
    labels = {(found.kind, found.label) for found in objects}
    assert ("asset", "vocabulary.txt") in labels
    assert ("variable", "float32 [9]") in labels
    assert ("function", "(texts)") in labels


def chain(length: int, name: str = "next") -> Any:
    saved_model, metagraph = new_model()
    nodes = metagraph.object_graph_def.nodes
    for number in range(length):
        node = nodes.add()
        node.user_object.identifier = "_generic_user_object"
        if number + 1 < length:
            node.children.add(node_id=number + 1, local_name=name)
    return saved_model


def test_a_chain_of_objects_takes_neither_memory_nor_time(tmp_path: Path) -> None:
    write_model(chain(50_000, "n" * 50), tmp_path)
    start = time.process_time()
    objects = read_description(tmp_path).objects
    assert time.process_time() - start < 5
    assert objects[100].path == join_path(["n" * 50] * 100)
    assert objects[-1].path is None
    assert sum(len(found.path or "") for found in objects) < 1_000_000


def test_long_names_above_many_objects_do_not_fill_the_memory(tmp_path: Path) -> None:
    saved_model = chain(2, "n" * 1_000_000)
    nodes = saved_model.meta_graphs[0].object_graph_def.nodes
    for number in range(1000):
        nodes.add().user_object.identifier = "leaf"
        nodes[1].children.add(node_id=number + 2, local_name="x")
    objects = read_description(write_model(saved_model, tmp_path)).objects
    assert sum(len(found.path or "") for found in objects) < 1 << 27


def test_edges_to_objects_that_do_not_exist_are_kept_and_not_followed() -> None:
    _, metagraph = new_model()
    root = metagraph.object_graph_def.nodes.add()
    for number in (-1, 5, 0):
        root.children.add(node_id=number, local_name=f"to{number}")
    paths = find_paths(metagraph)
    assert paths == [()]
    (found,) = read_objects(metagraph, paths)
    assert [(edge.name, edge.object) for edge in found.children] == [
        ("to-1", -1),
        ("to5", 5),
        ("to0", 0),
    ]
    assert found.kind == "unknown"


def test_machinery_is_no_function_to_call() -> None:
    _, metagraph = new_model()
    nodes = metagraph.object_graph_def.nodes
    root = nodes.add()
    names = ("_initialize", "trace_0", "__call__", "signatures", "encode")
    for number, name in enumerate(names, start=1):
        root.children.add(node_id=number, local_name=name)
        nodes.add().function.concrete_functions.append("f")
    metagraph.object_graph_def.concrete_functions["f"].bound_inputs.append(1)
    functions = read_functions(metagraph, find_paths(metagraph))
    assert [function.path for function in functions] == ["__call__", "encode"]
    assert [function.signature for function in functions] == [None, None]
