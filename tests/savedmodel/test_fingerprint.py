"""The hashes of fingerprint.pb come out again from what TensorFlow has saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.goldens import GOLDENS
from tests.known_answers import FOLDER, needs_shared_models
from tfexport.savedmodel import protos
from tfexport.savedmodel.canonical import canonical_bytes
from tfexport.savedmodel.farmhash import fingerprint64
from tfexport.savedmodel.fingerprint import (
    hash_functions,
    hash_signatures,
    saved_model_checksums,
)
from tfexport.savedmodel.wire import read_fields

SavedModel = Callable[[str], Path]


def read(directory: Path) -> tuple[Any, Any, bytes]:
    fingerprint = protos.fingerprint_pb2.FingerprintDef.FromString(
        (directory / "fingerprint.pb").read_bytes()
    )
    content = (directory / "saved_model.pb").read_bytes()
    return fingerprint, protos.saved_model_pb2.SavedModel.FromString(content), content


def check(directory: Path) -> None:
    fingerprint, saved_model, content = read(directory)
    assert fingerprint.saved_model_checksum in saved_model_checksums(content, saved_model)
    assert hash_signatures(saved_model.meta_graphs[0]) == fingerprint.signature_def_hash
    assert hash_functions(saved_model.meta_graphs[0]) == fingerprint.saved_object_graph_hash
    index = (directory / "variables" / "variables.index").read_bytes()
    assert fingerprint64(index) == fingerprint.checkpoint_hash


@pytest.mark.parametrize("name", [golden.name for golden in GOLDENS])
def test_the_hashes_are_those_that_tensorflow_wrote(name: str, saved_model: SavedModel) -> None:
    check(saved_model(name))


@needs_shared_models
def test_the_hashes_are_those_that_tensorflow_2_13_wrote() -> None:
    check(FOLDER / "half_plus_two_tf2")


def test_maps_are_in_the_order_of_c_plus_plus() -> None:
    # TensorFlow hashes maps in this order; protobuf's Python has "x" after "x_1", and 1 after 2.
    graph = protos.graph_pb2.GraphDef()
    node = graph.node.add()
    for name in ("x_1", "x", "a", "x_10", ""):
        node.attr[name].i = 1
    function = graph.library.function.add()
    for number in (2, 300, 0, 1):
        function.arg_attr[number].attr["b"].i = number
        function.arg_attr[number].attr["ba"].i = number
    content = canonical_bytes(graph)
    assert protos.graph_pb2.GraphDef.FromString(content) == graph
    assert len(content) == graph.ByteSize()
    assert keys(fields(content, 1)[0], 5) == [b"", b"a", b"x", b"x_1", b"x_10"]
    inside = fields(fields(content, 2)[0], 1)[0]
    assert [dict(read_fields(entry))[1] for entry in fields(inside, 7)] == [0, 1, 2, 300]
    for entry in fields(inside, 7):
        assert keys(fields(entry, 2)[0], 1) == [b"b", b"ba"]


def test_nested_function_values_are_put_in_order_too() -> None:
    node = protos.graph_pb2.GraphDef().node.add()
    for name in ("b", "a"):
        node.attr["f"].list.func.add().attr[f"{name}b"].func.attr[name].i = 1
    node.attr["f"].list.func[0].attr["b"].i = 2
    content = canonical_bytes(node)
    assert type(node).FromString(content) == node
    value = fields(fields(content, 5)[0], 2)[0]
    assert keys(fields(fields(value, 1)[0], 9)[0], 2) == [b"b", b"bb"]


def test_functions_without_a_number_have_no_hash() -> None:
    metagraph = protos.meta_graph_pb2.MetaGraphDef()
    metagraph.object_graph_def.concrete_functions["f"].bound_inputs.append(1)
    assert hash_functions(metagraph) is None


def fields(content: bytes, number: int) -> list[bytes]:
    found = [value for own, value in read_fields(content) if own == number]
    assert all(isinstance(value, bytes) for value in found)
    return found  # type: ignore[return-value]


def keys(content: bytes, number: int) -> list[object]:
    return [dict(read_fields(entry))[1] for entry in fields(content, number)]
