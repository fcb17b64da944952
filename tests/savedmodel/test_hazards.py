"""Ops that reach outside the graph are found wherever they hide; what every model has is not."""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import hazard_models
from tests.conftest import shared_directory, shared_lock
from tests.goldens import GOLDENS
from tfexport.runtime.library import open_library
from tfexport.savedmodel import protos
from tfexport.savedmodel.calls import Call
from tfexport.savedmodel.graph import GraphScan
from tfexport.savedmodel.hazards import OPS, Hazard, find_hazards, hazards_reached
from tfexport.savedmodel.parsing import read_saved_model
from tfexport.savedmodel.signatures import read_signatures

OTHERS = Path(__file__).parents[3] / "shared" / "savedmodels"

# In the table for models that other versions of TensorFlow have made.
NO_LONGER_REGISTERED = {
    *("BigQueryReader", "BigtableClient", "DatasetToBigtable", "GcsConfigureBlockCache"),
    *("GcsConfigureCredentials", "GenerateBigQueryReaderPartitions", "IgniteDataset"),
    *("KafkaDataset", "KinesisDataset", "PubSubDataset", "Rpc", "TryRpc", "WriteKafka"),
}
NO_LONGER_TRACEABLE = {"FixedLengthRecordReader", "Skipgram", "TFRecordReader", "TextLineReader"}
HIDING_PLACES = (*hazard_models.PLACES, "unused function", "no signature")


@functools.cache
def traceable() -> list[str]:
    found, _ = hazard_models.traceable_ops(sorted(OPS.keys() - NO_LONGER_REGISTERED))
    return found


@pytest.fixture(scope="session")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Give the metagraph of the model that hides every op in one place; built when asked for."""
    shared = shared_directory(tmp_path_factory)

    def build(place: str) -> Any:
        directory = shared / f"hazards in {place}"
        with shared_lock(shared / f"hazards in {place}.lock"):
            if not directory.exists():
                if place in hazard_models.PLACES:
                    hazard_models.save_with_signatures(place, traceable(), directory)
                else:
                    with_one = place == "unused function"
                    hazard_models.save_with_functions(traceable(), directory, with_one)
        return read_saved_model(directory).meta_graphs[0]

    return build


def hazards_named(metagraph: Any) -> dict[str, list[Hazard]]:
    found: dict[str, list[Hazard]] = {}
    for hazard in find_hazards(metagraph):
        found.setdefault(hazard.op, []).append(hazard)
    return found


def test_every_op_that_this_tensorflow_registers_can_be_traced_but_the_removed_ones() -> None:
    found, refused = hazard_models.traceable_ops(sorted(OPS))
    assert {op for op, why in refused.items() if why == "not registered"} == NO_LONGER_REGISTERED
    assert set(OPS) - set(found) == NO_LONGER_REGISTERED | NO_LONGER_TRACEABLE


@pytest.mark.parametrize("place", hazard_models.PLACES)
def test_every_op_is_found_behind_the_signature_that_reaches_it(
    place: str, hidden: Callable[[str], Any]
) -> None:
    found = hazards_named(hidden(place))
    missing = [
        op
        for op in traceable()
        if not any(
            hazard.reached_from == "signature" and hazard.entry == op and hazard.calls
            for hazard in found.get(op, [])
        )
    ]
    assert missing == []
    assert {op: found[op][0].severity for op in found} == {op: OPS[op].severity for op in found}


@pytest.mark.parametrize("place", ["unused function", "no signature"])
def test_every_op_is_found_in_a_function_that_no_signature_calls(
    place: str, hidden: Callable[[str], Any]
) -> None:
    found = hazards_named(hidden(place))
    assert [op for op in traceable() if op not in found] == []
    assert {hazard.reached_from for op in found for hazard in found[op]} == {"function"}


def test_every_op_is_found_in_a_function_that_nothing_calls(hidden: Callable[[str], Any]) -> None:
    metagraph = type(hidden("plain"))()
    metagraph.graph_def.library.CopyFrom(hidden("plain").graph_def.library)
    found = hazards_named(metagraph)
    assert [op for op in traceable() if op not in found] == []
    assert {hazard.reached_from for op in found for hazard in found[op]} == {None}


@pytest.mark.parametrize(
    ("place", "roles"),
    [
        ("plain", ["StatefulPartitionedCall", "StatefulPartitionedCall"]),
        ("cond", ["StatefulPartitionedCall", "StatefulPartitionedCall", "If.then_branch"]),
        ("while", ["StatefulPartitionedCall", "StatefulPartitionedCall", "While.body"]),
        ("map_fn", ["StatefulPartitionedCall", "StatefulPartitionedCall", "While.body"]),
        (
            "dataset map",
            ["StatefulPartitionedCall", "StatefulPartitionedCall", "MapDataset"],
        ),
    ],
)
def test_the_way_to_an_op_is_told(
    place: str, roles: list[str], hidden: Callable[[str], Any]
) -> None:
    (hazard,) = (h for h in hazards_named(hidden(place))["WriteFile"] if h.entry == "WriteFile")
    assert [call.role for call in hazard.calls] == roles
    assert hazard.calls[-1].function == hazard.function
    assert (hazard.target, hazard.kind, hazard.skipped) == ("/tmp/target", "writes-files", 0)


def registered_ops() -> Any:
    buffer = open_library().TF_GetAllOpList().contents
    return protos.op_def_pb2.OpList.FromString(ctypes.string_at(buffer.data, buffer.length))


# How arguments and attributes are called that hold a path or an address.
_PATH = re.compile(
    r"file_?(name|path|pattern)|_path$|^path$|^dir$|directory|_dir$|logdir|address|_ur[il]s?$|ckpt"
    r"|memory_region|vocab_file|chunk_file|^prefix$|descriptor_source|output_stream|data_source"
)
_ONLY_PUT_A_NAME_TOGETHER = {"ShardedFilename", "ShardedFilespec", "DTensorShardedPrefix"}


def test_no_registered_op_with_a_path_or_an_address_is_left_out_of_the_table() -> None:
    suspicious = {
        op.name
        for op in registered_ops().op
        for part in (*op.input_arg, *op.attr)
        if _PATH.search(part.name)
    }
    assert suspicious - set(OPS) - _ONLY_PUT_A_NAME_TOGETHER == set()
    assert len(suspicious) > 60


@pytest.mark.parametrize("name", [golden.name for golden in GOLDENS])
def test_the_models_of_this_project_are_clean(
    name: str, saved_model: Callable[[str], Path]
) -> None:
    (metagraph,) = read_saved_model(saved_model(name)).meta_graphs
    assert find_hazards(metagraph) == ()


def others() -> Iterator[str]:
    names = (path.name for path in sorted(OTHERS.glob("*")) if path.is_dir())
    return (name for name in names if name not in ("pyfunc_stub", "fuzz_negative_shape"))


@pytest.mark.skipif(not OTHERS.exists(), reason="no ../shared/savedmodels")
@pytest.mark.parametrize("name", list(others()))
def test_the_models_of_others_are_clean(name: str) -> None:
    for metagraph in read_saved_model(OTHERS / name).meta_graphs:
        assert find_hazards(metagraph) == ()


@pytest.mark.skipif(not OTHERS.exists(), reason="no ../shared/savedmodels")
def test_a_pyfunc_in_a_graph_that_nothing_runs_is_found() -> None:
    (metagraph,) = read_saved_model(OTHERS / "pyfunc_stub").meta_graphs
    (hazard,) = find_hazards(metagraph)
    assert (hazard.op, hazard.severity, hazard.reached_from) == ("PyFunc", "critical", None)


# --- made by hand: ways of hiding that TensorFlow's Python does not take by itself


class Model:
    """A metagraph that is put together by hand."""

    def __init__(self) -> None:
        self.metagraph = protos.meta_graph_pb2.MetaGraphDef()
        self.graph = self.metagraph.graph_def

    def node(self, name: str, op: str, *inputs: str, **functions: str) -> Any:
        return add_node(self.graph.node, name, op, *inputs, **functions)

    def function(self, name: str, *arguments: str) -> Any:
        function = self.graph.library.function.add()
        function.signature.name = name
        for argument in arguments:
            function.signature.input_arg.add(name=argument)
        return function

    def signature(self, name: str, output: str, *inputs: str) -> None:
        definition = self.metagraph.signature_def[name]
        definition.outputs["y"].name = output
        for number, tensor in enumerate(inputs):
            definition.inputs[f"x{number}"].name = tensor

    def asset(self, tensor: str) -> None:
        definition = self.metagraph.asset_file_def.add(filename="vocabulary.txt")
        definition.tensor_info.name = tensor

    def hazards(self) -> list[tuple[str, str | None, str | None]]:
        return [(h.op, h.reached_from, h.entry) for h in find_hazards(self.metagraph)]

    def reached(self, signature: str) -> list[str]:
        scan = GraphScan(self.metagraph, ())
        signatures = {found.name: found for found in read_signatures(self.metagraph, scan)}
        return [h.op for h in hazards_reached(self.metagraph, [signatures[signature]])]


def add_node(nodes: Any, name: str, op: str, *inputs: str, **functions: str) -> Any:
    node = nodes.add(name=name, op=op, input=inputs)
    for attribute, function in functions.items():
        node.attr[attribute].func.name = function
    return node


def constant(nodes: Any, name: str, text: str) -> Any:
    node = nodes.add(name=name, op="Const")
    node.attr["dtype"].type = 7
    node.attr["value"].tensor.dtype = 7
    node.attr["value"].tensor.string_val.append(text.encode())
    return node


@pytest.fixture
def model() -> Model:
    return Model()


def test_a_function_that_is_called_as_an_op_is_looked_into(model: Model) -> None:
    add_node(model.function("Evil").node_def, "w", "WriteFile")
    model.node("e", "Evil")
    model.signature("s", "e:0")
    (hazard,) = find_hazards(model.metagraph)
    assert hazard.calls == (Call("Evil", "Evil", "e"),)


def test_a_function_value_inside_another_functions_attributes_is_looked_into(
    model: Model,
) -> None:
    add_node(model.function("inner").node_def, "w", "WriteFile")
    model.function("outer")
    node = model.node("e", "PartitionedCall", f="outer")
    node.attr["f"].func.attr["g"].list.func.add().attr["h"].func.name = "inner"
    model.signature("s", "e:0")
    assert model.hazards() == [("WriteFile", "signature", "s")]


def test_a_function_that_is_named_as_text_is_looked_into(model: Model) -> None:
    add_node(model.function("backward").node_def, "w", "WriteFile")
    model.function("forward").attr["backward_function_name"].s = b"backward"
    model.node("e", "PartitionedCall", f="forward")
    model.signature("s", "e:0")
    assert model.hazards() == [("WriteFile", "signature", "s")]


def test_another_implementation_of_a_functions_interface_is_looked_into(model: Model) -> None:
    add_node(model.function("for gpu").node_def, "w", "WriteFile")
    for function in (model.function("for cpu"), model.graph.library.function[0]):
        function.attr["api_implements"].s = b"lstm"
    model.node("e", "PartitionedCall", f="for cpu")
    model.signature("s", "e:0")
    (hazard,) = find_hazards(model.metagraph)
    assert [call.role for call in hazard.calls] == ["PartitionedCall", "stand-in"]


def test_the_gradient_of_a_function_is_looked_into(model: Model) -> None:
    add_node(model.function("gradient").node_def, "w", "WriteFile")
    model.function("f")
    model.graph.library.gradient.add(function_name="f", gradient_func="gradient")
    model.node("e", "SymbolicGradient", f="f")
    model.signature("s", "e:0")
    assert model.hazards() == [("WriteFile", "signature", "s")]


def test_a_second_definition_of_the_same_name_is_looked_into(model: Model) -> None:
    model.function("f")
    add_node(model.function("f").node_def, "w", "WriteFile")
    model.function("f")
    model.node("e", "PartitionedCall", f="f")
    model.signature("s", "e:0")
    assert model.hazards() == [("WriteFile", "signature", "s")]


def test_what_a_control_input_asks_for_runs(model: Model) -> None:
    model.node("w", "WriteFile")
    model.node("n", "NoOp", "^w")
    model.node("y", "Identity", "x", "^n")
    model.signature("s", "y:0")
    assert model.reached("s") == ["WriteFile"]


def test_only_what_the_fetches_need_runs(model: Model) -> None:
    model.node("x", "Placeholder")
    model.node("w", "WriteFile", "x")
    model.node("y", "Identity", "x", "^w")
    model.node("z", "Identity", "x")
    model.signature("writes", "y:0", "x:0")
    model.signature("computes", "z:0", "x:0")
    assert model.reached("writes") == ["WriteFile"]
    assert model.reached("computes") == []
    assert model.hazards() == [("WriteFile", "signature", "writes")]


def test_what_is_fed_does_not_run(model: Model) -> None:
    model.node("x", "Identity", "p", "^w")
    model.node("w", "WriteFile")
    model.node("y", "Identity", "x")
    model.signature("fed", "y:0", "x:0")
    model.signature("not fed", "y:0")
    assert model.reached("fed") == []
    assert model.reached("not fed") == ["WriteFile"]


def test_sparse_and_composite_outputs_are_fetched_too(model: Model) -> None:
    model.node("w", "ReadFile")
    definition = model.metagraph.signature_def["s"]
    definition.outputs["a"].coo_sparse.indices_tensor_name = "w:0"
    assert model.reached("s") == ["ReadFile"]
    definition.outputs["a"].composite_tensor.components.add().name = "w:0"
    assert model.reached("s") == ["ReadFile"]


@pytest.mark.parametrize("collection", ["saved_model_main_op", "legacy_init_op"])
def test_what_runs_at_loading_is_reached_by_every_signature(model: Model, collection: str) -> None:
    model.node("init", "NoOp", "^w")
    model.node("w", "WriteFile")
    model.node("y", "NoOp")
    model.metagraph.collection_def[collection].node_list.value.append("init")
    model.signature("s", "y:0")
    assert model.reached("s") == ["WriteFile"]
    assert model.hazards() == [("WriteFile", "loading", "init op")]


def test_the_init_op_among_the_signatures_runs_at_loading(model: Model) -> None:
    model.node("init", "WriteFile")
    model.signature("__saved_model_init_op", "init")
    assert model.hazards() == [("WriteFile", "loading", "init op")]


def test_a_resources_functions_run_when_python_loads_the_model(model: Model) -> None:
    add_node(model.function("f").node_def, "w", "WriteFile")
    nodes = model.metagraph.object_graph_def.nodes
    nodes.add().children.add(node_id=1, local_name="_initialize")
    nodes.add().function.concrete_functions.append("f")
    assert model.hazards() == [("WriteFile", "loading", "_initialize")]


def test_a_resources_function_that_has_another_name_first_runs_at_loading(model: Model) -> None:
    add_node(model.function("f").node_def, "w", "WriteFile")
    nodes = model.metagraph.object_graph_def.nodes
    root = nodes.add()
    root.children.add(node_id=1, local_name="a")
    root.children.add(node_id=2, local_name="table")
    nodes.add().function.concrete_functions.append("f")
    nodes.add().children.add(node_id=1, local_name="_initialize")
    assert model.hazards() == [("WriteFile", "loading", "_initialize")]


def test_a_named_function_and_what_it_calls_are_reached(model: Model) -> None:
    add_node(model.function("f").node_def, "g", "If", then_branch="g", else_branch="h")
    add_node(model.function("g").node_def, "w", "WriteFile")
    model.function("h")
    (hazard,) = hazards_reached(model.metagraph, [], ["f"])
    assert (hazard.op, hazard.entry, len(hazard.calls)) == ("WriteFile", "f", 1)
    assert hazards_reached(model.metagraph, [], ["h"]) == ()


def test_functions_that_call_each_other_without_end_are_walked_once(model: Model) -> None:
    count = 20_000
    for number in range(count):
        function = model.function(f"f{number}", "a")
        add_node(function.node_def, "c", "PartitionedCall", "a", f=f"f{(number + 1) % count}")
    add_node(model.graph.library.function[-1].node_def, "r", "ReadFile", "a")
    model.node("e", "PartitionedCall", "e", f="f0")
    model.signature("s", "e:0")
    (hazard,) = find_hazards(model.metagraph)
    assert hazard.entry == "s"
    assert len(hazard.calls) + hazard.skipped == count
    assert hazard.calls[-1].function == hazard.function == f"f{count - 1}"


# --- the saver


@pytest.fixture
def saver(model: Model) -> Model:
    """A saver as TensorFlow 2 makes it: a function that saves, and one that restores."""
    model.node("file", "Placeholder")
    model.node("save", "StatefulPartitionedCall", "file", f="traced_save")
    model.node("restore", "StatefulPartitionedCall", "file", f="traced_restore")
    add_node(model.function("traced_save", "prefix").node_def, "v", "SaveV2", "prefix")
    add_node(model.function("traced_restore", "prefix").node_def, "r", "RestoreV2", "prefix")
    definition = model.metagraph.saver_def
    definition.filename_tensor_name = "file:0"
    definition.save_tensor_name = "save:0"
    definition.restore_op_name = "restore"
    return model


def test_saving_and_restoring_are_no_hazard(saver: Model) -> None:
    assert saver.hazards() == []


def test_the_savers_functions_are_not_known_by_their_names(saver: Model) -> None:
    saver.metagraph.saver_def.Clear()
    assert saver.hazards() == [("SaveV2", None, None), ("RestoreV2", None, None)]


def test_a_signature_that_saves_is_a_hazard(saver: Model) -> None:
    saver.signature("s", "save:0")
    assert saver.hazards() == [("SaveV2", "signature", "s")]


def test_a_restore_op_that_saves_is_a_hazard(saver: Model) -> None:
    restore = saver.graph.library.function[1]
    add_node(restore.node_def, "w", "MergeV2Checkpoints", "prefix", "prefix")
    saver.node("y", "NoOp")
    saver.signature("s", "y:0")
    assert saver.hazards() == [("MergeV2Checkpoints", "loading", "restore op")]
    assert saver.reached("s") == ["MergeV2Checkpoints"]


def test_a_saver_that_does_something_else_is_a_hazard(saver: Model) -> None:
    for function in saver.graph.library.function:
        add_node(function.node_def, "w", "WriteFile", "prefix")
    assert saver.hazards() == [
        ("WriteFile", "loading", "restore op"),
        ("WriteFile", "saving", "save op"),
    ]


def test_a_saver_with_a_file_name_of_its_own_is_a_hazard(saver: Model) -> None:
    save, restore = saver.graph.library.function
    for function in (save, restore):
        constant(function.node_def, "c", "/etc/model")
        function.node_def[0].input[0] = "c:output:0"
    assert [(h.op, h.target) for h in find_hazards(saver.metagraph)] == [
        ("SaveV2", "/etc/model"),
        ("RestoreV2", "/etc/model"),
    ]


@pytest.mark.parametrize(("part", "count"), [("_temp/part", 0), ("/../../etc/model", 1)])
def test_a_saver_stays_below_the_file_name_that_it_is_given(
    saver: Model, part: str, count: int
) -> None:
    save = saver.graph.library.function[0]
    constant(save.node_def, "c", part)
    add_node(save.node_def, "j", "StringJoin", "prefix", "c:output:0")
    save.node_def[0].input[0] = "j:output:0"
    assert len(saver.hazards()) == count


def test_what_one_entry_feeds_hides_nothing_from_another(saver: Model) -> None:
    saver.node("w", "WriteFile")
    saver.node("evil", "Identity", "file", "^w")
    saver.node("shared", "Identity", "evil")
    saver.node("both", "NoOp", "^shared", "^restore")
    saver.metagraph.saver_def.filename_tensor_name = "evil:0"
    saver.metagraph.saver_def.restore_op_name = "both"
    saver.metagraph.collection_def["saved_model_main_op"].node_list.value.append("shared")
    assert ("WriteFile", "loading", "init op") in saver.hazards()


def test_a_target_runs_although_its_output_is_fed(saver: Model) -> None:
    saver.node("w", "WriteFile")
    saver.node("evil", "Identity", "file", "^w")
    saver.metagraph.saver_def.filename_tensor_name = "evil:0"
    saver.metagraph.saver_def.restore_op_name = "evil"
    assert ("WriteFile", "loading", "restore op") in saver.hazards()


def test_beyond_some_feeds_all_are_taken_to_run_as_if_nothing_were_fed(model: Model) -> None:
    model.node("w", "WriteFile")
    model.node("x", "Identity", "p", "^w")
    model.node("y", "Identity", "x")
    for number in range(40):
        model.node(f"x{number}", "Identity", "p")
        model.signature(f"s{number}", "y:0", "x:0", f"x{number}:0")
    assert model.reached("s0") == []
    assert [found[:2] for found in model.hazards()] == [("WriteFile", "signature")]


@pytest.mark.parametrize(("tensor", "source"), [("x:1:0", "x:1"), ("^x", "^x")])
def test_a_feed_that_tensorflow_reads_otherwise_keeps_nothing_from_running(
    model: Model, tensor: str, source: str
) -> None:
    model.node("w", "WriteFile")
    model.node("x", "Identity", "p", "^w")
    model.node("y", "Identity", source)
    model.signature("s", "y:0", tensor)
    assert model.reached("s") == ["WriteFile"]


@pytest.mark.parametrize("collection", ["table_initializer", "local_variables"])
def test_what_python_runs_of_a_model_without_an_init_op_is_reached(
    model: Model, collection: str
) -> None:
    model.node("init", "NoOp", "^w")
    model.node("w", "WriteFile")
    found = model.metagraph.collection_def[collection]
    if collection == "table_initializer":
        found.node_list.value.append("init")
    else:
        variable = protos.variable_pb2.VariableDef(initializer_name="init")
        found.bytes_list.value.append(variable.SerializeToString())
    assert model.hazards() == [("WriteFile", "loading", "default init op")]


def test_the_restore_op_runs_in_python_without_the_assets(saver: Model) -> None:
    saver.node("w", "WriteFile")
    saver.node("path", "Identity", "file", "^w")
    saver.asset("path:0")
    saver.graph.node[2].input.append("path")
    assert saver.hazards() == [("WriteFile", "loading", "restore op")]


# --- files: the model's own, and others


def test_a_file_that_is_fed_as_an_asset_is_the_models_own(model: Model) -> None:
    model.node("path", "Placeholder")
    model.asset("path:0")
    model.node("init", "PartitionedCall", "path", f="f")
    add_node(model.function("f", "a").node_def, "r", "ReadFile", "a")
    model.signature("__saved_model_init_op", "init")
    assert model.hazards() == []


def test_a_collection_that_is_called_like_that_of_the_assets_is_not_fed(model: Model) -> None:
    constant(model.graph.node, "path", "/etc/passwd")
    model.node("w", "WriteFile")
    model.node("t", "Identity", "path", "^w")
    model.node("r", "ReadFile", "t")
    model.metagraph.collection_def["asset_filepaths"].node_list.value.append("t:0")
    model.signature("__saved_model_init_op", "r:0")
    assert model.hazards() == [
        ("WriteFile", "loading", "init op"),
        ("ReadFile", "loading", "init op"),
    ]


def test_the_assets_of_tensorflow_1_count_where_there_are_no_others(model: Model) -> None:
    model.node("path", "Placeholder")
    model.node("r", "ReadFile", "path")
    model.signature("__saved_model_init_op", "r:0")
    definition = protos.meta_graph_pb2.AssetFileDef(filename="vocabulary.txt")
    definition.tensor_info.name = "path:0"
    model.metagraph.collection_def["saved_model_assets"].any_list.value.add().Pack(definition)
    assert model.hazards() == []
    model.node("other", "Placeholder")
    model.asset("other:0")
    assert model.hazards() == [("ReadFile", "loading", "init op")]


def test_a_file_whose_name_is_an_input_is_not_the_models_own(model: Model) -> None:
    model.node("path", "Placeholder")
    model.node("r", "ReadFile", "path")
    model.signature("s", "r:0", "path:0")
    assert model.hazards() == [("ReadFile", "signature", "s")]


def test_an_asset_that_a_constant_names_is_fed_only_at_loading(model: Model) -> None:
    constant(model.graph.node, "path", "/etc/passwd")
    model.asset("path:0")
    model.node("r", "ReadFile", "path")
    model.signature("__saved_model_init_op", "r:0")
    assert model.hazards() == []
    model.signature("s", "r:0")
    assert model.reached("s") == ["ReadFile"]


def test_one_caller_that_passes_another_path_is_enough(model: Model) -> None:
    model.node("path", "Placeholder")
    model.asset("path:0")
    constant(model.graph.node, "other", "/etc/passwd")
    model.node("a", "PartitionedCall", "path", f="f")
    add_node(model.function("f", "a").node_def, "r", "ReadFile", "a")
    assert model.hazards() == []
    model.node("b", "PartitionedCall", "other", f="f")
    (hazard,) = find_hazards(model.metagraph)
    assert hazard.target == "/etc/passwd"


@pytest.mark.parametrize(
    ("op", "inputs", "attributes"),
    [
        ("If", ("p", "path"), {"then_branch": "f", "else_branch": "f"}),
        ("While", ("path",), {"cond": "f", "body": "f"}),
        ("f", ("path",), {}),
    ],
)
def test_a_path_is_followed_into_what_is_called(
    model: Model, op: str, inputs: tuple[str, ...], attributes: dict[str, str]
) -> None:
    function = model.function("f", "a")
    function.signature.output_arg.add(name="a_out")
    function.ret["a_out"] = "a"
    add_node(function.node_def, "r", "ReadFile", "a")
    model.node("path", "Placeholder")
    model.asset("path:0")
    model.node("e", op, *inputs, **attributes)
    assert model.hazards() == []
    model.metagraph.ClearField("asset_file_def")
    assert [op for op, _, _ in model.hazards()] == ["ReadFile"]


def test_a_path_is_followed_through_the_body_of_a_loop(model: Model) -> None:
    body = model.function("body", "a")
    body.signature.output_arg.add(name="next")
    body.ret["next"] = "c:output:0"
    constant(body.node_def, "c", "/etc/passwd")
    add_node(body.node_def, "r", "ReadFile", "a")
    model.node("path", "Placeholder")
    model.asset("path:0")
    model.node("e", "While", "path", cond="cond", body="body")
    (hazard,) = find_hazards(model.metagraph)
    assert hazard.target == "/etc/passwd"


def test_a_path_that_a_dataset_captures_is_followed(model: Model) -> None:
    model.node("path", "Placeholder")
    model.asset("path:0")
    function = model.function("f", "element", "captured")
    add_node(function.node_def, "r", "ReadFile", "captured")
    model.node("e", "MapDataset", "dataset", "path", f="f").attr["Targuments"].list.type.append(7)
    assert model.hazards() == []
    function.node_def[0].input[0] = "element"
    assert model.hazards() == [("ReadFile", None, None)]


@pytest.mark.parametrize("place", ["main graph", "function"])
def test_a_variable_that_holds_an_asset_and_is_assigned_something_else(
    model: Model, place: str
) -> None:
    model.node("path", "Placeholder")
    model.asset("path:0")
    model.node("v", "VarHandleOp")
    model.node("assign", "AssignVariableOp", "v", "path")
    model.node("read", "ReadVariableOp", "v")
    model.node("file", "ReadFile", "read")
    assert model.hazards() == []
    if place == "main graph":
        constant(model.graph.node, "c", "/etc/passwd")
        model.node("again", "AssignVariableOp", "v", "c")
    else:
        function = model.function("f", "handle")
        constant(function.node_def, "c", "/etc/passwd")
        add_node(function.node_def, "again", "AssignVariableOp", "handle", "c:output:0")
        model.node("call", "PartitionedCall", "v", f="f")
    (hazard,) = find_hazards(model.metagraph)
    assert (hazard.op, hazard.target) == ("ReadFile", "/etc/passwd")


def test_a_file_that_lies_elsewhere_on_the_network_is_worse(model: Model) -> None:
    constant(model.graph.node, "c", "gs://bucket/file")
    model.node("r", "ReadFile", "c")
    (hazard,) = find_hazards(model.metagraph)
    assert (hazard.severity, hazard.kind) == ("critical", "network")
    assert hazard.why == "reads a whole file, over the network"


# --- ops that do something outside only with certain attributes or inputs


@pytest.mark.parametrize(("name", "count"), [("", 0), ("/tmp/cache", 1)])
def test_a_dataset_cached_in_memory_is_no_hazard(model: Model, name: str, count: int) -> None:
    constant(model.graph.node, "c", name)
    model.node("e", "CacheDatasetV2", "dataset", "c", "cache")
    assert len(model.hazards()) == count


@pytest.mark.parametrize(
    ("op", "attribute", "value", "severities"),
    [
        ("PrintV2", "output_stream", "stderr", ["low"]),
        ("PrintV2", "output_stream", "log(info)", ["low"]),
        ("PrintV2", "output_stream", "file:///tmp/x", ["critical"]),
        ("PrintV2", None, "", ["low"]),
        ("EncodeProto", "descriptor_source", "local://", []),
        ("EncodeProto", "descriptor_source", "bytes://abc", []),
        ("EncodeProto", "descriptor_source", "/tmp/x", ["medium"]),
        ("FixedUnigramCandidateSampler", "vocab_file", "", []),
        ("FixedUnigramCandidateSampler", "vocab_file", "/tmp/x", ["medium"]),
        ("DebugIdentityV2", None, "", []),
    ],
)
def test_an_attribute_decides_what_an_op_does(
    model: Model, op: str, attribute: str | None, value: str, severities: list[str]
) -> None:
    node = model.node("e", op)
    if attribute:
        node.attr[attribute].s = value.encode()
    assert [hazard.severity for hazard in find_hazards(model.metagraph)] == severities


def test_an_address_among_empty_ones_is_found(model: Model) -> None:
    urls = model.node("e", "DebugIdentityV3").attr["debug_urls"].list.s
    urls.extend([b""] * 20)
    assert model.hazards() == []
    urls.append(b"grpc://localhost:1")
    (hazard,) = find_hazards(model.metagraph)
    assert hazard.target == "grpc://localhost:1"


def test_the_most_severe_come_first_and_of_those_what_runs_at_loading(model: Model) -> None:
    model.node("low", "Print")
    model.node("unreached", "WriteFile")
    model.node("medium", "ReadFile")
    model.node("called", "WriteFile")
    model.node("loaded", "WriteFile")
    model.signature("s", "called")
    model.signature("__saved_model_init_op", "loaded")
    nodes = [hazard.node for hazard in find_hazards(model.metagraph)]
    assert nodes == ["loaded", "called", "unreached", "medium", "low"]
