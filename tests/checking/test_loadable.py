"""What TensorFlow would refuse is found without asking it to load anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.test_keras_metadata import write_metadata
from tfexport.checking.findings import Finding
from tfexport.checking.loadable import check_keras_metadata, check_loadable
from tfexport.checking.model import CheckedModel, read_checked_model
from tfexport.runtime.library import open_library
from tfexport.runtime.registry import OpRegistry
from tfexport.savedmodel import protos

GRAPH_VERSION = 1000


@pytest.fixture(scope="module")
def registry() -> Iterator[OpRegistry]:
    with OpRegistry(open_library()) as found:
        yield found


@pytest.fixture
def proto() -> Any:
    """A SavedModel with one metagraph, in which nothing is wrong."""
    saved_model = protos.saved_model_pb2.SavedModel(saved_model_schema_version=1)
    metagraph = saved_model.meta_graphs.add()
    metagraph.meta_info_def.tags.append("serve")
    metagraph.graph_def.versions.producer = GRAPH_VERSION
    node = metagraph.graph_def.node.add(name="x", op="Placeholder")
    node.attr["dtype"].type = 1
    node = metagraph.graph_def.node.add(name="y", op="Identity", input=["x"])
    node.attr["T"].type = 1
    metagraph.signature_def["serving_default"].inputs["x"].name = "x:0"
    metagraph.signature_def["serving_default"].outputs["y"].name = "y:0"
    return saved_model


@pytest.fixture
def check(tmp_path: Path, registry: OpRegistry) -> Callable[[Any], list[tuple[str, str, str]]]:
    def run(saved_model: Any) -> list[tuple[str, str, str]]:
        (tmp_path / "saved_model.pb").write_bytes(saved_model.SerializeToString())
        return summary(check_loadable(read_checked_model(tmp_path), registry))

    return run


def summary(findings: Iterator[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.severity, finding.code, finding.sentence) for finding in findings]


Check = Callable[[Any], list[tuple[str, str, str]]]


def test_a_good_model_has_no_finding(proto: Any, check: Check) -> None:
    assert check(proto) == []


@needs_shared_models
@pytest.mark.parametrize(
    "name",
    ["guesslang", "half_plus_two_v1", "half_plus_two_pbtxt", "counter", "many_dtypes"],
)
def test_models_of_others_have_none(name: str, registry: OpRegistry) -> None:
    assert list(check_loadable(read_checked_model(FOLDER / name), registry)) == []


def test_an_op_that_is_not_registered_is_named_with_its_package(proto: Any, check: Check) -> None:
    function = proto.meta_graphs[0].graph_def.library.function.add()
    function.signature.name = "f"
    for number in range(3):
        function.node_def.add(name=f"n{number}", op="RegexSplitWithOffsets")
    proto.meta_graphs[0].graph_def.node.add(name="own", op="MyOwnOp")
    assert check(proto) == [
        (
            "critical",
            "unregistered-op",
            "MyOwnOp is not registered in TensorFlow. Load the library that has it: "
            "--load-library PATH. (node 'own')",
        ),
        (
            "critical",
            "unregistered-op",
            "RegexSplitWithOffsets is not registered in TensorFlow. The package tensorflow-text "
            "has it: install it, and add --import tensorflow_text. (node 'n0' in function 'f' "
            "and 2 more)",
        ),
    ]


def test_a_function_that_is_called_by_its_name_is_no_op(proto: Any, check: Check) -> None:
    proto.meta_graphs[0].graph_def.library.function.add().signature.name = "MyFunction"
    proto.meta_graphs[0].graph_def.node.add(name="call", op="MyFunction")
    assert check(proto) == []


def test_an_op_that_was_removed(proto: Any, check: Check) -> None:
    proto.meta_graphs[0].graph_def.node.add(name="r", op="TextLineReader")
    assert check(proto) == [
        (
            "critical",
            "removed-op",
            "TextLineReader is no longer allowed in graphs of version 26 and later (node 'r')",
        )
    ]
    proto.meta_graphs[0].graph_def.versions.producer = 20
    assert check(proto) == []


def test_attributes_that_are_too_many_or_too_few(proto: Any, check: Check) -> None:
    node = proto.meta_graphs[0].graph_def.node[1]
    node.attr["new_thing"].i = 1
    node.attr["_private"].i = 1
    del node.attr["T"]
    assert check(proto) == [
        (
            "critical",
            "unknown-attribute",
            "Identity has an attribute 'new_thing' that it does not have in TensorFlow here "
            "(node 'y')",
        ),
        ("critical", "missing-attribute", "Identity lacks its attribute 'T' (node 'y')"),
    ]


def test_a_graph_of_a_newer_tensorflow(proto: Any, check: Check, registry: OpRegistry) -> None:
    version = registry.library_version()
    own = registry.graph_version()
    proto.meta_graphs[0].graph_def.versions.producer = own + 500
    proto.meta_graphs[0].meta_info_def.tensorflow_version = "9.9.9"
    assert check(proto) == [
        (
            "medium",
            "newer-version",
            f"graph version {own + 500} is newer than TensorFlow {version}: made by 9.9.9, it may "
            "need ops that are not here",
        )
    ]
    proto.meta_graphs[0].graph_def.versions.min_consumer = own + 1
    assert check(proto) == [
        (
            "critical",
            "refused-version",
            f"graph version {own + 500} is refused by TensorFlow {version}, whose graphs have "
            f"version {own}",
        )
    ]


def test_tags_that_are_missing_or_given_twice(proto: Any, check: Check) -> None:
    proto.meta_graphs.add().CopyFrom(proto.meta_graphs[0])
    assert check(proto) == [
        (
            "medium",
            "same-tags",
            "tags 'serve' is there 2 times, and only the first one can be loaded",
        )
    ]
    del proto.meta_graphs[1]
    proto.meta_graphs[0].meta_info_def.ClearField("tags")
    assert check(proto) == [
        ("medium", "no-tags", "the metagraph has no tags, by which loaders ask for it")
    ]


def test_a_node_whose_input_is_not_there(proto: Any, check: Check) -> None:
    proto.meta_graphs[0].graph_def.node[1].input.append("^gone")
    assert check(proto) == [
        ("critical", "missing-node", "node 'y' needs '^gone', which is not in the graph")
    ]


@pytest.mark.parametrize("tensor", ["gone:0", "y:1", "y:x", "y:²", "y:0:0", "y\0:0", "gone"])
def test_a_signature_of_a_tensor_that_is_not_there(proto: Any, check: Check, tensor: str) -> None:
    proto.meta_graphs[0].signature_def["serving_default"].outputs["y"].name = tensor
    shown = tensor
    assert check(proto) == [
        (
            "critical",
            "missing-tensor",
            f"signature 'serving_default' names the tensor '{shown}', which is not in the graph",
        )
    ]


def test_outputs_of_lists_are_counted(proto: Any, check: Check) -> None:
    graph = proto.meta_graphs[0].graph_def
    node = graph.node.add(name="many", op="IdentityN", input=["x", "x"])
    node.attr["T"].list.type.extend([1, 1])
    output = proto.meta_graphs[0].signature_def["serving_default"].outputs["y"]
    output.name = "many:1"
    assert check(proto) == []
    output.name = "many:2"
    assert [code for _, code, _ in check(proto)] == ["missing-tensor"]


def test_a_saver_and_an_init_op_that_are_not_there(proto: Any, check: Check) -> None:
    metagraph = proto.meta_graphs[0]
    metagraph.saver_def.filename_tensor_name = "file:0"
    metagraph.saver_def.save_tensor_name = "save:0"
    metagraph.saver_def.restore_op_name = "restore"
    metagraph.collection_def["saved_model_main_op"].node_list.value.append("init")
    found = {sentence.partition(",")[0] for _, _, sentence in check(proto)}
    assert found == {
        "the restore op names the tensor 'file:0'",
        "the restore op names the tensor 'restore'",
        "the init op names the tensor 'init'",
        "the save op names the tensor 'file:0'",
        "the save op names the tensor 'save:0'",
    }


def test_assets_are_fed_to_the_restore_op_where_there_is_no_init_op(
    proto: Any, check: Check
) -> None:
    metagraph = proto.meta_graphs[0]
    metagraph.asset_file_def.add(filename="a.txt").tensor_info.name = "asset:0"
    assert check(proto) == []
    metagraph.saver_def.filename_tensor_name = "x:0"
    metagraph.saver_def.restore_op_name = "y"
    assert check(proto) == [
        (
            "critical",
            "missing-tensor",
            "an asset names the tensor 'asset:0', which is not in the graph",
        )
    ]


# --- Keras


@pytest.fixture
def keras(proto: Any, tmp_path: Path) -> Callable[[], CheckedModel]:
    proto.meta_graphs[0].object_graph_def.nodes.add()
    (tmp_path / "saved_model.pb").write_bytes(proto.SerializeToString())
    return lambda: read_checked_model(tmp_path)


def test_keras_metadata_that_is_in_order(keras: Any, tmp_path: Path) -> None:
    write_metadata(tmp_path, (0, "root", {"class_name": "Sequential"}))
    assert list(check_keras_metadata(keras())) == []


def test_keras_metadata_of_an_object_that_is_not_there(keras: Any, tmp_path: Path) -> None:
    write_metadata(tmp_path, (0, "root", {}), (7, "root.layer-0", {}))
    assert summary(check_keras_metadata(keras())) == [
        (
            "low",
            "stray-keras-metadata",
            "keras_metadata.pb tells of 'root.layer-0' as object 7, and the model has 1: "
            "Keras 2 cannot load the model as a Keras model",
        )
    ]


def test_keras_metadata_that_is_damaged(keras: Any, tmp_path: Path) -> None:
    (tmp_path / "keras_metadata.pb").write_bytes(b"\x0a\xff")
    assert summary(check_keras_metadata(keras())) == [
        (
            "low",
            "damaged-keras-metadata",
            "keras_metadata.pb does not parse: Keras 2 cannot load the model as a Keras model",
        )
    ]
