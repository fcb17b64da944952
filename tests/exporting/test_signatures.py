"""Methods and specs to signatures: whatever a method takes and returns, by name and dense."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.conftest import ROOT
from tfexport.errors import SpecError, TargetError, TfexportError, UsageError
from tfexport.exporting.saving import save_module
from tfexport.exporting.starting import start_tensorflow
from tfexport.runtime.model import load_model
from tfexport.savedmodel.reader import read_description

tf = start_tensorflow()
Module: Any = tf.Module


def load(directory: Path) -> Any:
    return tf.saved_model.load(str(directory))


def shown(directory: Path) -> dict[str, dict[str, str]]:
    """Each signature's inputs and outputs as they are shown."""
    return {
        signature.name: {
            tensor.name: tensor.spec.display() for tensor in signature.inputs + signature.outputs
        }
        for signature in read_description(directory).signatures
    }


class Everything(Module):
    def keyword_only(self, x: Any, *, scale: Any) -> Any:
        return x * scale

    def flagged(self, x: Any, training: bool = True) -> Any:
        return x * 2 if training else x

    def required_flag(self, training: bool, x: Any) -> Any:
        return x * 2 if training else x

    def nested(self, batch: dict[str, Any], offset: Any) -> Any:
        return {"sum": batch["image"]["pixels"] + batch["mask"] + offset}

    def ragged(self, ids: Any) -> Any:
        return tf.reduce_sum(ids, axis=1)

    def sparse(self, x: Any) -> Any:
        return tf.sparse.reduce_sum(x, axis=1)

    def ragged_out(self, x: Any) -> Any:
        return {"pairs": tf.RaggedTensor.from_row_lengths(x, [tf.size(x)])}

    def any_arguments(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] + args[1] * kwargs["scale"]

    def any_keywords(self, **features: Any) -> Any:
        return features["age"] + features["size"]


def test_keyword_only_parameters_take_specs_by_name(tmp_path: Path) -> None:
    specs = ["x=None", "scale=scalar"]
    save_module(Everything(), tmp_path / "m", signatures="keyword_only", specs=specs)
    assert shown(tmp_path / "m") == {
        "keyword_only": {"scale": "float32 []", "x": "float32 [?]", "output_0": "float32 [?]"}
    }
    loaded = load(tmp_path / "m")
    np.testing.assert_array_equal(
        loaded.keyword_only(tf.constant([1.0, 2.0]), scale=tf.constant(3.0)), [3, 6]
    )


def test_a_parameter_that_is_left_out_keeps_its_default(tmp_path: Path) -> None:
    save_module(Everything(), tmp_path / "m", signatures="flagged", specs="2")
    with load_model(tmp_path / "m") as model:
        np.testing.assert_array_equal(model(np.float32([1, 2]))["output_0"], [2, 4])


def test_a_constant_takes_the_place_of_a_default(tmp_path: Path) -> None:
    constants = {"training": False}
    save_module(Everything(), tmp_path / "m", signatures="flagged", specs="2", constants=constants)
    with load_model(tmp_path / "m") as model:
        np.testing.assert_array_equal(model(np.float32([1, 2]))["output_0"], [1, 2])
    loaded = load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.flagged(tf.constant([1.0, 2.0])), [1, 2])
    np.testing.assert_array_equal(loaded.flagged(tf.constant([1.0, 2.0]), training=False), [1, 2])


def scaled_by(constant: Any, x: Any, directory: Path) -> Any:
    options: dict[str, Any] = {"signatures": "keyword_only", "constants": {"scale": constant}}
    save_module(Everything(), directory, specs="x=1", **options)
    assert list(shown(directory)["keyword_only"]) == ["x", "output_0"]
    with load_model(directory) as model:
        return model(x)["output_0"].tolist()


@pytest.mark.parametrize("constant", [2, np.float32(2), np.array(2.0)])
def test_a_constant_is_a_number_of_pythons_or_of_numpys(constant: Any, tmp_path: Path) -> None:
    assert scaled_by(constant, np.float32([3]), tmp_path / "m") == [6]


def test_a_constant_can_stand_before_a_tensor(tmp_path: Path) -> None:
    save_module(
        Everything(),
        tmp_path / "m",
        signatures="required_flag",
        specs="2",
        constants={"training": True},
    )
    assert shown(tmp_path / "m") == {
        "required_flag": {"x": "float32 [2]", "output_0": "float32 [2]"}
    }


def test_one_method_can_be_two_signatures(tmp_path: Path) -> None:
    save_module(
        Everything(),
        tmp_path / "m",
        signatures={"train": "flagged", "serve": "flagged"},
        specs=["train/None", "serve/3"],
        constants={"train/training": True, "serve/training": False},
    )
    assert shown(tmp_path / "m") == {
        "serve": {"x": "float32 [3]", "output_0": "float32 [3]"},
        "train": {"x": "float32 [?]", "output_0": "float32 [?]"},
    }


def test_dotted_names_build_nested_dicts(tmp_path: Path) -> None:
    specs = ["batch.image.pixels=None", "batch.mask=None", "offset=scalar"]
    save_module(Everything(), tmp_path / "m", signatures="nested", specs=specs)
    assert shown(tmp_path / "m") == {
        "nested": {
            "batch.image.pixels": "float32 [?]",
            "batch.mask": "float32 [?]",
            "offset": "float32 []",
            "sum": "float32 [?]",
        }
    }
    inputs = {"batch.image.pixels": np.float32([1, 2]), "batch.mask": np.float32([10, 20])}
    with load_model(tmp_path / "m") as model:
        outputs = model(**inputs, offset=np.float32(100))
    np.testing.assert_array_equal(outputs["sum"], [111, 122])
    batch = {"image": {"pixels": tf.constant([1.0])}, "mask": tf.constant([10.0])}
    np.testing.assert_array_equal(load(tmp_path / "m").nested(batch, tf.constant(1.0))["sum"], [12])


def test_a_ragged_input_is_served_as_its_components(tmp_path: Path) -> None:
    save_module(
        Everything(), tmp_path / "m", signatures="ragged", specs="ids=None,None:int64:ragged"
    )
    assert shown(tmp_path / "m") == {
        "ragged": {
            "ids.row_splits": "int64 [?]",
            "ids.values": "int64 [?]",
            "output_0": "int64 [?]",
        }
    }
    inputs = {"ids.values": np.int64([1, 2, 3]), "ids.row_splits": np.int64([0, 1, 1, 3])}
    with load_model(tmp_path / "m") as model:
        np.testing.assert_array_equal(model(**inputs)["output_0"], [1, 0, 5])
    loaded = load(tmp_path / "m")
    ragged = tf.ragged.constant([[1], [], [2, 3]], dtype=tf.int64)
    np.testing.assert_array_equal(loaded.ragged(ragged), [1, 0, 5])


def test_tensorflows_own_types_are_specs(tmp_path: Path) -> None:
    ragged = tf.RaggedTensorSpec([None, None, None], tf.int64, 1, tf.int32)
    sparse = tf.SparseTensorSpec([None, 3])
    save_module(Everything(), tmp_path / "r", signatures="ragged", specs=ragged)
    save_module(Everything(), tmp_path / "s", signatures="sparse", specs=[sparse])
    assert shown(tmp_path / "r")["ragged"] == {
        "ids.row_splits": "int32 [?]",
        "ids.values": "int64 [?, ?]",
        "output_0": "int64 [?, ?]",
    }
    assert "x.indices" in shown(tmp_path / "s")["sparse"]


def test_a_ragged_tensor_is_uniform_after_its_last_unknown_dimension(tmp_path: Path) -> None:
    save_module(
        Everything(), tmp_path / "m", signatures="ragged", specs="ids=None,None,4:int64:ragged"
    )
    assert shown(tmp_path / "m")["ragged"]["ids.values"] == "int64 [?, 4]"


def test_a_sparse_input_is_served_as_its_components(tmp_path: Path) -> None:
    save_module(Everything(), tmp_path / "m", signatures="sparse", specs="x=None,3:sparse")
    assert shown(tmp_path / "m") == {
        "sparse": {
            "x.dense_shape": "int64 [2]",
            "x.indices": "int64 [?, 2]",
            "x.values": "float32 [?]",
            "output_0": "float32 [...]",
        }
    }


def test_a_ragged_output_is_served_as_its_components(tmp_path: Path) -> None:
    save_module(Everything(), tmp_path / "m", signatures="ragged_out", specs="None")
    assert sorted(shown(tmp_path / "m")["ragged_out"]) == ["pairs.row_splits", "pairs.values", "x"]


def test_a_method_of_any_keywords_takes_specs_by_name(tmp_path: Path) -> None:
    specs = ["size=None", "age=None"]
    save_module(Everything(), tmp_path / "m", signatures="any_keywords", specs=specs)
    assert sorted(shown(tmp_path / "m")["any_keywords"]) == ["age", "output_0", "size"]


def test_a_method_of_any_arguments_takes_specs_in_order(tmp_path: Path) -> None:
    specs = ["None", "scale=scalar", "None"]
    save_module(Everything(), tmp_path / "m", signatures="any_arguments", specs=specs)
    assert sorted(shown(tmp_path / "m")["any_arguments"]) == [
        "args_0",
        "args_1",
        "output_0",
        "scale",
    ]
    loaded, one = load(tmp_path / "m"), tf.constant([1.0])
    assert loaded.any_arguments(one, one, scale=tf.constant(5.0)).numpy() == [6]


class Pair(NamedTuple):
    mean: Any
    count: Any


@dataclasses.dataclass
class Detection:
    boxes: Any
    scores: Any


class Results(Module):
    def named_tuple(self, x: Any) -> Any:
        return Pair(tf.reduce_mean(x), tf.size(x))

    def dataclass(self, x: Any) -> Any:
        return Detection(x, x * 2)

    def tuple(self, x: Any) -> Any:
        return x, x * 2

    def single_list(self, x: Any) -> Any:
        return [x]

    def nested(self, x: Any) -> Any:
        return {"heads": {"a": x, "b": [x, x * 2]}, "none": None}

    def number(self, x: Any) -> Any:
        return {"x": x, "version": 3}

    def nothing(self, x: Any) -> Any:
        return None

    def text(self, x: Any) -> Any:
        return {"x": x, "label": object()}

    def integer_keys(self, x: Any) -> Any:
        return {1: x}

    def spaced(self, x: Any) -> Any:
        return {"top 5": x}

    def escaping(self, x: Any) -> Any:
        return {"../escaped": x}


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("named_tuple", ["mean", "count"]),
        ("dataclass", ["boxes", "scores"]),
        ("tuple", ["output_0", "output_1"]),
        ("single_list", ["output_0"]),
        ("nested", ["heads.a", "heads.b.0", "heads.b.1"]),
        ("number", ["x", "version"]),
    ],
)
def test_outputs_keep_their_names(method: str, names: list[str], tmp_path: Path) -> None:
    save_module(Results(), tmp_path / "m", signatures=method, specs="None")
    signature = read_description(tmp_path / "m").signatures[0]
    assert sorted(tensor.name for tensor in signature.outputs) == sorted(names)
    assert callable(getattr(load(tmp_path / "m"), method))


def test_outputs_can_be_renamed(tmp_path: Path) -> None:
    save_module(
        Results(),
        tmp_path / "m",
        signatures=["tuple", "spaced"],
        specs=["tuple/None", "spaced/None"],
        output_names={"tuple/output_1": "scores", "spaced/top 5": "top_5"},
    )
    assert shown(tmp_path / "m") == {
        "spaced": {"x": "float32 [?]", "top_5": "float32 [?]"},
        "tuple": {"x": "float32 [?]", "output_0": "float32 [?]", "scores": "float32 [?]"},
    }


OUTPUT_ERRORS = {
    "nothing": (
        TargetError,
        "{method} returns no tensor: a signature has at least one output.",
    ),
    "text": (
        TargetError,
        "{method} returns 'label' as object: only tensors can be outputs.",
    ),
    "integer_keys": (
        TargetError,
        "{method} returns a dict with the key 1. Outputs have names: write it as text, '1'.",
    ),
    "spaced": (
        UsageError,
        "{method} has an output 'top 5': no server accepts that name. "
        "Give it another: --output-name 'top 5=top_5'",
    ),
    "escaping": (
        UsageError,
        "{method} has an output '../escaped': no server accepts that name. "
        "Give it another: --output-name '../escaped=escaped'",
    ),
}


@pytest.mark.parametrize("method", OUTPUT_ERRORS)
def test_outputs_without_a_good_name_are_errors(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, message = OUTPUT_ERRORS[method]
    line = getattr(Results, method).__code__.co_firstlineno
    shown = f"Results.{method} ({Path(__file__).relative_to(ROOT)}, line {line})"
    monkeypatch.chdir(ROOT)
    with pytest.raises(TfexportError) as caught:
        save_module(Results(), tmp_path / "m", signatures=method, specs="None")
    assert type(caught.value) is kind
    assert str(caught.value) == message.format(method=shown)
    assert list(tmp_path.iterdir()) == []


RENAME_ERRORS = {
    "scores": (
        "Output name 'scores': Results.tuple has 2 outputs: output_0, output_1. "
        "Write which: --output-name output_0=scores"
    ),
    "output_2=scores": (
        "Output name 'output_2=scores': Results.tuple has no output 'output_2'. "
        "It has: output_0, output_1."
    ),
    "output_0=output_1": "Results.tuple would have two outputs of the name 'output_1'.",
}


@pytest.mark.parametrize("rename", RENAME_ERRORS)
def test_a_new_name_must_fit(rename: str, tmp_path: Path) -> None:
    from tfexport.exporting.outputs import name_outputs
    from tfexport.exporting.specs import parse_output_name

    outputs = (tf.constant(1), tf.constant(2))
    with pytest.raises(UsageError) as caught:
        name_outputs(outputs, [parse_output_name(rename)], "Results.tuple")
    assert str(caught.value) == RENAME_ERRORS[rename]


class Declared(Module):
    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, name="value"),
            tf.TensorSpec([None], tf.float32, name="value"),
        ]
    )
    def twice(self, a: Any, b: Any) -> Any:
        return a + b

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="image")])
    def renamed(self, x: Any) -> Any:
        return x

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)] * 2)
    def both(self, a: Any, b: Any) -> Any:
        return a + b

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)])
    def ragged(self, rows: Any) -> Any:
        return tf.reduce_sum(rows, axis=1)

    @tf.function(
        input_signature=[{"a": tf.TensorSpec([None]), "b": [tf.TensorSpec([]), tf.TensorSpec([])]}]
    )
    def nested(self, x: Any) -> Any:
        return x["a"] + x["b"][0] + x["b"][1]


def test_two_inputs_of_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        save_module(Declared(), tmp_path / "m", signatures="twice")
    assert str(caught.value) == (
        "Declared.twice has two inputs of the name 'value'. Give each its own name."
    )


def test_an_input_signature_names_its_inputs(tmp_path: Path) -> None:
    save_module(Declared(), tmp_path / "m", signatures="renamed", specs="image=3")
    assert shown(tmp_path / "m") == {"renamed": {"image": "float32 [3]", "output_0": "float32 [3]"}}


def test_a_spec_for_one_parameter_leaves_the_others_as_declared(tmp_path: Path) -> None:
    save_module(Declared(), tmp_path / "m", signatures="both", specs="b=3")
    assert shown(tmp_path / "m") == {
        "both": {"a": "float32 [?]", "b": "float32 [3]", "output_0": "float32 [3]"}
    }


def test_declared_structures_are_served_flat(tmp_path: Path) -> None:
    save_module(Declared(), tmp_path / "m", signatures=["ragged", "nested"])
    assert shown(tmp_path / "m") == {
        "nested": {
            "x.a": "float32 [?]",
            "x.b.0": "float32 []",
            "x.b.1": "float32 []",
            "output_0": "float32 [?]",
        },
        "ragged": {
            "rows.row_splits": "int64 [?]",
            "rows.values": "float32 [?]",
            "output_0": "float32 [?]",
        },
    }


SPEC_ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "a constant that is no parameter": (
        {"signatures": "flagged", "specs": "2", "constants": {"train": True}},
        "Constant 'train=True': Everything.flagged has no 'train'. It takes: x, training.",
    ),
    "a constant that is an array": (
        {"signatures": "flagged", "specs": "2", "constants": {"flagged/training": np.ones(2)}},
        "Constant 'flagged/training' has an array, and TensorFlow makes an input of one. "
        "Give it a spec, or make it an attribute of the module.",
    ),
    "a spec that is none": (
        {"signatures": "flagged", "specs": [3]},
        "Spec 3 is no spec. Expected a text like 'x=None,5:float32', or a TensorSpec.",
    ),
    "a ragged type without a rank": (
        {"signatures": "ragged", "specs": tf.RaggedTensorSpec(None, tf.int64, ragged_rank=1)},
        "Spec RaggedTensorSpec(TensorShape(None), tf.int64, 1, tf.int64): a ragged tensor needs a "
        "rank, as in [None, None].",
    ),
    "a spec and a constant": (
        {"signatures": "flagged", "specs": ["2", "training=scalar"], "constants": {"training": 1}},
        "Everything.flagged: 'training' has a spec and a constant.",
    ),
    "a tensor and a dict": (
        {"signatures": "nested", "specs": ["batch=2", "batch.image=2", "offset=2"]},
        "Spec 'batch.image=2:float32': 'batch' is a tensor already and has no 'image'.",
    ),
    "a missing flag": (
        {"signatures": "required_flag", "specs": "x=2"},
        "Everything.required_flag has no spec for 'training'. It takes: training, x. "
        "For example: constants={'required_flag/training': False}",
    ),
    "two missing": (
        {"signatures": "nested"},
        "Everything.nested has no spec for 'batch' and 'offset'. It takes: batch, offset. "
        "For example: specs=['nested/batch=None,4', 'nested/offset=None,4']",
    ),
    "two methods without specs": (
        {"signatures": ["flagged", "ragged"]},
        "Everything.flagged has no spec for 'x'. It takes: x, training. "
        "Everything.ragged has no spec for 'ids'. It takes: ids. "
        "For example: specs=['flagged/x=None,4', 'ragged/ids=None,4']",
    ),
    "a signature's name that no server accepts": (
        {"signatures": {"a b": "flagged"}, "specs": "2"},
        "'a b' is a signature's name that no server accepts.",
    ),
    "two signatures of one name": (
        {"signatures": ["flagged", "flagged=nested"], "specs": "2"},
        "Two signatures are named 'flagged': flagged and nested. "
        "Name one of them: --signature NAME=METHOD",
    ),
}


@pytest.mark.parametrize(("options", "message"), SPEC_ERRORS.values(), ids=SPEC_ERRORS)
def test_what_does_not_fit_the_method_is_an_error(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        save_module(Everything(), tmp_path / "m", **options)
    assert str(caught.value) == message


def test_variables_made_by_an_unknown_dimension_are_an_error(tmp_path: Path) -> None:
    from models.mlp import MLP

    with pytest.raises(SpecError) as caught:
        save_module(MLP(), tmp_path / "m", specs="None,None")
    assert str(caught.value) == (
        "MLP.__call__ makes its variables by a dimension that the spec leaves unknown: "
        "features=None,None. Give its size, as in --spec features=None,4"
    )


def test_variables_made_by_the_number_of_rows_ask_for_that(tmp_path: Path) -> None:
    class ByRow(Module):
        weights = None

        def __call__(self, x: Any) -> Any:
            if self.weights is None:
                self.weights = tf.Variable(tf.ones([x.shape[0], 1]))
            return x * self.weights

    with pytest.raises(SpecError) as caught:
        save_module(ByRow(), tmp_path / "m", specs="None,5")
    assert str(caught.value) == (
        "ByRow.__call__ makes its variables by a dimension that the spec leaves unknown: "
        "x=None,5. Give its size, as in --spec x=4,5"
    )
    save_module(ByRow(), tmp_path / "m", specs="x=4,5")


def test_a_module_that_halves_its_input_five_times_gets_one_that_is_large_enough(
    tmp_path: Path,
) -> None:
    class Pyramid(Module):
        def __call__(self, image: Any) -> Any:
            for _ in range(5):
                image = tf.nn.max_pool1d(image, ksize=2, strides=2, padding="VALID")
            return tf.ensure_shape(image, [None, None, 3]) + tf.gather(image[:, :, 0], [0], axis=1)

    result = save_module(Pyramid(), tmp_path / "m", specs="image=1,None,3")
    sizes = [call[0].shape for call in result.verified[0].calls]
    assert sizes == [(1, 128, 3), (1, 129, 3)]
