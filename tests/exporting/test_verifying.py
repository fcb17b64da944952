"""What was saved is called through the other runtime, before anybody can see it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.counter import Counter
from models.custom_dense import CustomDense
from models.encoder import Encoder
from models.text_classifier import TextClassifier
from tfexport.errors import FindingError, InputDataError, UsageError, UserCodeError
from tfexport.exporting.arguments import make_object
from tfexport.exporting.results import KeptInputs
from tfexport.exporting.saving import save_module
from tfexport.exporting.starting import start_tensorflow
from tfexport.exporting.target import find_target, parse_target
from tfexport.runtime.model import load_model

tf = start_tensorflow()
Module: Any = tf.Module


class Faithless(Module):
    """Computes something else in a graph than it does eagerly, if it is told to."""

    def __init__(self, error: float = 0.0) -> None:
        super().__init__()
        self.error = error

    def values(self, x: Any) -> Any:
        return x if tf.executing_eagerly() else x + self.error * tf.cast(x > 1, tf.float32)

    def labels(self, x: Any) -> Any:
        return x if tf.executing_eagerly() else tf.where(x == 1, 7, x)

    def words(self, x: Any) -> Any:
        return x if tf.executing_eagerly() else x + "!"

    def missing_values(self, x: Any) -> Any:
        return x if tf.executing_eagerly() else x / 0.0

    def dtypes(self, x: Any) -> Any:
        return x if tf.executing_eagerly() else tf.cast(x, tf.float64)

    def shapes(self, x: Any) -> Any:
        return x if tf.executing_eagerly() else x[:, :1]

    def baked(self, x: Any) -> Any:
        return tf.reshape(x, [x.shape[0] or 2, -1])


def test_a_difference_within_the_dtypes_rounding_passes(tmp_path: Path) -> None:
    result = save_module(Faithless(1e-6), tmp_path / "m", signatures="values", specs="None")
    assert [found.signature for found in result.verified] == ["values"]


@pytest.mark.parametrize(("error", "needed"), [(0.5, "2.5e-01"), (0.25, "1.3e-01")])
def test_a_difference_beyond_it_is_an_error_that_says_where_and_what_would_pass(
    error: float, needed: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"signatures": "values", "specs": "None,2"}
    samples = {"x": np.float32([[0, 1], [2, 0]])}
    with pytest.raises(FindingError) as caught:
        save_module(Faithless(error), tmp_path / "m", samples=samples, **options)
    assert str(caught.value) == (
        "Verification failed: signature 'values', called with x float32 [2, 2], gives something "
        f"else than the module. Output 'output_0' at [1, 0] is {2 + error} instead of 2.0: "
        f"absolute difference {error:.3g}, relative {error / 2:.3g}. "
        f"It would pass with --tolerance {needed}."
    )
    assert list(tmp_path.iterdir()) == []
    tolerance = float(needed)
    save_module(Faithless(error), tmp_path / "m", samples=samples, tolerance=tolerance, **options)


DIFFERENCES = {
    "labels": (
        "x=None:int32",
        np.int32([0, 1, 1]),
        "called with x int32 [3], gives something else than the module. "
        "Output 'output_0' at [1] is 7 instead of 1, and 2 of 3 differ.",
    ),
    "words": (
        "x=None:string",
        np.array([b"a"], object),
        "called with x string [1], gives something else than the module. "
        "Output 'output_0' at [0] is b'a!' instead of b'a', and 1 of 1 differ.",
    ),
    "missing_values": (
        "x=None",
        np.float32([1]),
        "called with x float32 [1], gives something else than the module. "
        "Output 'output_0' at [0] is inf instead of 1.0: absolute difference inf, relative inf.",
    ),
    "dtypes": (
        "x=None",
        np.float32([1]),
        "called with x float32 [1], gives something else than the module. "
        "Output 'output_0' is float64 [1] instead of float32 [1].",
    ),
    "shapes": (
        "x=None,2",
        np.float32([[1, 2]]),
        "called with x float32 [1, 2], gives something else than the module. "
        "Output 'output_0' is float32 [1, 1] instead of float32 [1, 2].",
    ),
}


@pytest.mark.parametrize("method", DIFFERENCES)
def test_what_no_tolerance_covers_is_an_error(method: str, tmp_path: Path) -> None:
    spec, sample, message = DIFFERENCES[method]
    with pytest.raises(FindingError) as caught:
        save_module(
            Faithless(), tmp_path / "m", signatures=method, specs=spec, samples={"x": sample}
        )
    assert str(caught.value) == f"Verification failed: signature '{method}', {message}"


def test_a_size_that_was_baked_in_is_found_by_the_second_size(tmp_path: Path) -> None:
    with pytest.raises(FindingError) as caught:
        save_module(Faithless(), tmp_path / "m", signatures="baked", specs="None,3")
    assert str(caught.value).startswith(
        "Verification failed: the module takes x float32 [3, 3], and what was saved does not. "
        "'baked' failed: Input to reshape is a tensor with 9 values"
    )


def test_without_verification_it_is_published_as_it_is(tmp_path: Path) -> None:
    result = save_module(
        Faithless(0.5), tmp_path / "m", signatures="values", specs="None", verify=False
    )
    assert result.verified == ()
    assert result.inputs is None
    assert (tmp_path / "m" / "saved_model.pb").exists()


def test_unknown_dimensions_are_called_at_two_sizes(tmp_path: Path) -> None:
    result = save_module(CustomDense(), tmp_path / "m", specs="None,5")
    shapes = [[str(spec) for spec in call] for call in result.verified[0].calls]
    assert shapes == [["x=2,5:float32"], ["x=3,5:float32"]]


def test_a_module_that_takes_no_odd_size_is_called_at_twice_the_size(tmp_path: Path) -> None:
    class Paired(Module):
        def __call__(self, x: Any) -> Any:
            return tf.reshape(x, [-1, 2])

    result = save_module(Paired(), tmp_path / "m", specs="None")
    assert [call[0].shape for call in result.verified[0].calls] == [(2,), (4,)]
    assert not result.verified[0].one_size


def test_a_module_that_takes_one_size_only_is_told_apart(tmp_path: Path) -> None:
    class Narrow(Module):
        def __call__(self, x: Any) -> Any:
            return tf.ensure_shape(x, [2])

    result = save_module(Narrow(), tmp_path / "m", specs="None")
    assert result.verified[0].one_size


def test_a_module_that_takes_one_size_of_some_dimensions_is_told_apart(tmp_path: Path) -> None:
    class Narrow(Module):
        def __call__(self, x: Any) -> Any:
            return tf.ensure_shape(x, [None, 2])

    result = save_module(Narrow(), tmp_path / "m", specs="None,None")
    assert [call[0].shape for call in result.verified[0].calls] == [(2, 2), (3, 2)]
    assert result.verified[0].one_size


def test_random_modules_are_compared_by_dtype_and_shape(tmp_path: Path) -> None:
    class Noise(Module):
        def __call__(self, x: Any) -> Any:
            return x + tf.random.normal(tf.shape(x))

    result = save_module(Noise(), tmp_path / "m", specs="None,3")
    assert result.verified[0].random


def test_calls_that_change_state_are_compared_in_their_order(tmp_path: Path) -> None:
    class Average(Module):
        def __init__(self) -> None:
            super().__init__()
            self.sum = tf.Variable(0.0)
            self.table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, 0.0)

        def add(self, x: Any) -> Any:
            self.table.insert([tf.size(x, tf.int64)], [tf.reduce_sum(x)])
            return self.sum.assign_add(tf.reduce_sum(x))

        def read(self, x: Any) -> Any:
            return self.sum + self.table.lookup([tf.size(x, tf.int64)])

    module = Average()
    save_module(
        module,
        tmp_path / "m",
        signatures=["add", "read"],
        specs=["add/None", "read/None"],
    )
    assert module.sum.numpy() == 0
    assert module.table.size().numpy() == 0
    assert tf.saved_model.load(str(tmp_path / "m")).sum.numpy() == 0


class Vocabulary(Module):
    """Knows the ids from 100 on."""

    def __call__(self, ids: Any, weights: Any) -> Any:
        checks = [tf.debugging.assert_greater_equal(ids, 100)]
        with tf.control_dependencies(checks):
            return tf.cast(ids, tf.float32) * weights


SPECS = ["ids=None:int32", "weights=None"]


def test_values_that_a_module_cannot_take_are_the_users_to_give(tmp_path: Path) -> None:
    with pytest.raises(UserCodeError) as caught:
        save_module(Vocabulary(), tmp_path / "m", specs=SPECS)
    assert "Calling Vocabulary.__call__ with ids int32 [2], weights float32 [2] failed" in str(
        caught.value
    )
    assert str(caught.value).endswith(" Give inputs that it takes: --sample ids=FILE")
    np.save(tmp_path / "ids.npy", np.array([100, 101, 102]))
    samples = {"ids": str(tmp_path / "ids.npy")}
    result = save_module(Vocabulary(), tmp_path / "m", specs=SPECS, samples=samples)
    shapes = [[str(spec) for spec in call] for call in result.verified[0].calls]
    assert shapes == [["ids=3:int32", "weights=3:float32"], ["ids=1:int32", "weights=1:float32"]]


def test_a_method_without_inputs_that_fails_has_none_to_give(tmp_path: Path) -> None:
    class Failing(Module):
        @tf.function(input_signature=[])
        def __call__(self) -> Any:
            return tf.strings.to_number("abc")

    with pytest.raises(UserCodeError) as caught:
        save_module(Failing(), tmp_path / "m")
    message = str(caught.value)
    assert message.startswith("Calling Failing.__call__ with no input failed in tests/exporting/")
    assert message.endswith(
        ", at 'return tf.strings.to_number(\"abc\")': InvalidArgumentError: "
        "StringToNumberOp could not correctly convert string: abc"
    )


def test_a_sample_file_can_hold_several_inputs(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", ids=np.int32([100, 101]), weights=np.float32([0.5, 2]))
    result = save_module(Vocabulary(), tmp_path / "m", specs=SPECS, samples=tmp_path / "s.npz")
    assert len(result.verified[0].calls) == 2


SAMPLE_ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "name": (
        {"idz": np.int32([100])},
        "Sample 'idz': Vocabulary.__call__ has no such input. It has: ids, weights.",
    ),
    "dtype": (
        {"ids": np.float32([100.5])},
        "Sample 'ids' is float32, and int32 cannot hold its values.",
    ),
    "shape": (
        {"ids": np.int32([[100]])},
        "Sample 'ids' expects int32 [?], got int32 [1, 1]. ",
    ),
    "file": ({"ids": "missing.npy"}, "There is no file 'missing.npy'."),
}


@pytest.mark.parametrize(("samples", "message"), SAMPLE_ERRORS.values(), ids=SAMPLE_ERRORS)
def test_samples_that_do_not_fit_are_errors(
    samples: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputDataError) as caught:
        save_module(Vocabulary(), tmp_path / "m", specs=SPECS, samples=samples)
    assert str(caught.value).startswith(message)
    assert not (tmp_path / "m").exists()


def test_a_sample_without_rows_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.touch()
    with pytest.raises(InputDataError) as caught:
        save_module(TextClassifier(), tmp_path / "m", samples=file)
    assert str(caught.value) == f"'{file}' has no rows."


SIGNATURE_ERRORS: dict[str, tuple[Any, str]] = {
    "array for none": (
        {"features": np.ones([2, 4], np.float32)},
        "Sample 'features' does not say which signature it is for: decode, encode. "
        "Write decode/features",
    ),
    "file for none": (
        "x.npy",
        "Sample 'x.npy' does not say which signature it is for: decode, encode. Write decode/x.npy",
    ),
    "unknown": (
        {"encod/features": np.ones([2, 4], np.float32)},
        "Sample 'encod/features': there is no signature 'encod', only decode, encode.",
    ),
}


@pytest.mark.parametrize(("samples", "message"), SIGNATURE_ERRORS.values(), ids=SIGNATURE_ERRORS)
def test_samples_for_no_signature_are_errors(samples: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        save_module(Encoder(), tmp_path / "m", samples=samples)
    assert str(caught.value) == message


def manifest(directory: Path) -> Any:
    return json.loads((directory / "assets.extra/tfexport/manifest.json").read_text())


def test_the_calls_are_kept_with_the_model_to_be_replayed(tmp_path: Path) -> None:
    save_module(Counter(5), tmp_path / "m")
    kept = manifest(tmp_path / "m")["calls"]
    assert [call["signature"] for call in kept] == ["serving_default"]
    folder = tmp_path / "m" / "assets.extra" / "tfexport"
    with load_model(tmp_path / "m") as model:
        for call in kept:
            inputs = dict(np.load(folder / call["inputs"]["file"]))
            outputs = dict(np.load(folder / call["outputs"]["file"]))
            actual = model.signatures[call["signature"]](**inputs)
            assert {n: a.tolist() for n, a in actual.items()} == {
                n: a.tolist() for n, a in outputs.items()
            }
            assert call["outputs"]["tensors"] == {"output_0": {"dtype": "int64", "shape": []}}


def test_the_first_inputs_kept_are_told(tmp_path: Path) -> None:
    result = save_module(CustomDense(), tmp_path / "m", specs="None,5")
    file = "assets.extra/tfexport/samples/serving_default-0.inputs.npz"
    assert result.inputs == KeptInputs("serving_default", file)
    assert (tmp_path / "m" / file).is_file()


def test_calls_are_left_out_when_they_are_not_wanted_or_large(tmp_path: Path) -> None:
    save_module(CustomDense(), tmp_path / "a", specs="None,5", keep_samples=False)
    assert manifest(tmp_path / "a")["calls"] == []
    save_module(CustomDense(), tmp_path / "b", specs="99999,5")
    assert manifest(tmp_path / "b")["calls"] == []
    assert not (tmp_path / "b/assets.extra/tfexport/samples").exists()


def test_the_manifest_says_how_the_model_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    save_module(CustomDense(), tmp_path / "m", specs="None,5", constants={})
    found = manifest(tmp_path / "m")
    assert (found["schema"], found["target"], found["created"]) == (
        "tfexport.manifest/1",
        "models.custom_dense:CustomDense",
        "1970-01-02T00:00:00Z",
    )
    assert found["signatures"] == {
        "serving_default": {
            "method": "__call__",
            "inputs": {"x": {"dtype": "float32", "shape": [None, 5]}},
            "constants": {},
        }
    }
    assert found["versions"]["tensorflow"] == tf.__version__
    assert found["source"]["file"] == "custom_dense.py"
    assert len(found["source"]["sha256"]) == 64
    assert found["verified"][0]["signature"] == "serving_default"


def commit_module(directory: Path) -> None:
    directory.mkdir()
    (directory / ".gitignore").write_text("__pycache__\n")
    (directory / "doubling.py").write_text(
        "import tensorflow as tf\n\n\n"
        "class Doubling(tf.Module):\n"
        "    def __call__(self, x):\n"
        "        return 2 * x\n"
    )
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "Double"]):
        subprocess.run(["git", *words], cwd=directory, check=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_what_the_export_itself_writes_into_the_tree_does_not_make_it_dirty(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    commit_module(tree)
    made = make_object(find_target(parse_target(f"{tree / 'doubling.py'}:Doubling")), "made", [])
    for directory in (tree / "first", tree / "new" / "second"):
        save_module(made, directory, specs="2")
        assert manifest(directory)["git"]["dirty"] is False
        shutil.rmtree(directory)
    (tree / "notes").touch()
    save_module(made, tree / "third", specs="2")
    assert manifest(tree / "third")["git"]["dirty"] is True
