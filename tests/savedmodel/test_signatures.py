"""Signatures: names, order, dtypes, encodings, defaults, and where the graph disagrees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.goldens import GOLDENS, Golden
from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.proto_models import add_node, new_model, set_shape
from tfexport.savedmodel.description import Signature, SignatureTensor
from tfexport.savedmodel.graph import GraphScan
from tfexport.savedmodel.reader import read_description
from tfexport.savedmodel.signatures import read_signatures, signature_nodes

FLOAT, INT32 = 1, 3


def signatures_of(metagraph: Any) -> tuple[Signature, ...]:
    return read_signatures(metagraph, GraphScan(metagraph, signature_nodes(metagraph)))


def shown(tensors: tuple[SignatureTensor, ...]) -> dict[str, str]:
    return {tensor.name: tensor.spec.display() for tensor in tensors}


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_every_module_has_the_tensors_it_was_saved_with(
    golden: Golden, saved_model: Callable[[str], Path]
) -> None:
    description = read_description(saved_model(golden.name))
    found = {s.name: {**shown(s.inputs), **shown(s.outputs)} for s in description.signatures}
    assert found == golden.tensors


def test_numbered_names_sort_as_numbers(zoo_model: Callable[[str], Path]) -> None:
    (signature,) = read_description(zoo_model("many_outputs")).signatures
    names = [tensor.name for tensor in signature.outputs]
    assert names == [f"output_{number}" for number in range(13)]


def test_serving_default_comes_first_and_the_init_op_not_at_all() -> None:
    _, metagraph = new_model()
    for name in ("encode", "serving_default", "decode_10", "decode_9", "__saved_model_init_op"):
        metagraph.signature_def[name].method_name = "tensorflow/serving/predict"
    names = [signature.name for signature in signatures_of(metagraph)]
    assert names == ["serving_default", "decode_9", "decode_10", "encode"]


def test_sparse_and_ragged_tensors_have_components(zoo_model: Callable[[str], Path]) -> None:
    directory = zoo_model("metagraphs")
    (signature,) = read_description(directory, ["serve", "gpu"]).signatures
    ragged, sparse = signature.inputs
    assert (ragged.encoding, ragged.spec.display()) == ("composite", "int32 [?, ?]")
    assert ragged.type_spec == "RaggedTensorSpec([?, ?], int32, 1, int64)"
    assert [part.tensor_name for part in ragged.components] == [
        "ragged/flat_values:0",
        "ragged/row_splits_0:0",
    ]
    assert (sparse.encoding, sparse.spec.display()) == ("sparse", "float32 [?, 4]")
    assert shown(sparse.components) == {
        "values": "float32 [?]",
        "indices": "int64 [?, 2]",
        "dense_shape": "int64 [2]",
    }


def test_a_tensor_info_without_an_encoding_has_no_tensor() -> None:
    _, metagraph = new_model()
    metagraph.signature_def["s"].inputs["x"].dtype = FLOAT
    (signature,) = signatures_of(metagraph)
    assert (signature.inputs[0].encoding, signature.inputs[0].tensor_name) == ("none", None)


def model_with_placeholder(producer: int, *signature_shape: int) -> Any:
    _, metagraph = new_model()
    metagraph.graph_def.versions.producer = producer
    node = add_node(metagraph, "x", "Placeholder", dtype=FLOAT)
    set_shape(node.attr["shape"].shape, -1, 1)
    info = metagraph.signature_def["serving_default"].inputs["x"]
    info.name, info.dtype = "x:0", FLOAT
    set_shape(info.tensor_shape, *signature_shape)
    return metagraph


def graph_says(metagraph: Any) -> str | None:
    (signature,) = signatures_of(metagraph)
    (tensor,) = signature.inputs
    return tensor.graph_spec.display() if tensor.contradicted else None


def test_the_placeholder_is_believed_where_the_signature_contradicts_it() -> None:
    assert graph_says(model_with_placeholder(2000)) == "float32 [?, 1]"
    assert graph_says(model_with_placeholder(2000, -1, 2)) == "float32 [?, 1]"


def test_a_signature_may_know_more_or_less_than_the_placeholder() -> None:
    assert graph_says(model_with_placeholder(2000, 8, 1)) is None
    assert graph_says(model_with_placeholder(2000, -1, -1)) is None


def test_the_shape_of_an_old_placeholder_means_nothing() -> None:
    assert graph_says(model_with_placeholder(23)) is None


def test_a_dtype_that_contradicts_the_placeholder_is_noticed() -> None:
    metagraph = model_with_placeholder(2000, -1, 1)
    metagraph.signature_def["serving_default"].inputs["x"].dtype = INT32
    assert graph_says(metagraph) == "float32 [?, 1]"


@needs_shared_models
def test_the_shapes_that_tensorflow_inferred_count_for_any_node() -> None:
    signature = read_description(FOLDER / "half_plus_three").signature("serving_default")
    assert signature is not None
    (x,), (y,) = signature.inputs, signature.outputs
    assert (x.spec.display(), x.graph_spec.display()) == ("float32 []", "float32 [?, 1]")
    assert (y.spec.display(), y.graph_spec.display()) == ("float32 []", "float32 [?, 1]")


@needs_shared_models
def test_a_default_is_read() -> None:
    signature = read_description(FOLDER / "half_plus_two_tf2").signature("serving_default")
    assert signature is not None
    default = signature.inputs[0].default
    assert default is not None
    assert (default.dtype, default.shape, default.value) == ("float32", (1,), "[0.0]")


def test_a_signature_finds_its_inputs_by_name() -> None:
    (signature,) = signatures_of(model_with_placeholder(2000, 8, 1))
    assert signature.input("x") is signature.inputs[0]
    assert signature.input("y") is None


def test_tensor_names_that_are_none_are_looked_up_in_vain() -> None:
    _, metagraph = new_model()
    for name in ("", ":", "^x", "x:99999999999999999999", "x:-1", "\x00"):
        metagraph.signature_def["s"].inputs[f"in{name}"].name = name
    add_node(metagraph, "x", "Placeholder", dtype=FLOAT)
    (signature,) = signatures_of(metagraph)
    assert len(signature.inputs) == 6
