"""``save_module``, the Python API: what is saved, and that the module is left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.counter import Counter
from models.custom_dense import CustomDense
from models.mlp import MLP
from tfexport.errors import TargetError, UserCodeError
from tfexport.exporting.saving import save_module
from tfexport.exporting.starting import start_tensorflow
from tfexport.savedmodel.reader import read_description

tf = start_tensorflow()


def load(directory: Path) -> Any:
    return tf.saved_model.load(str(directory))


def test_a_narrower_spec_than_the_input_signature_is_what_is_saved(tmp_path: Path) -> None:
    save_module(CustomDense(), tmp_path / "saved", specs="None,5")
    function = load(tmp_path / "saved").signatures["serving_default"]
    assert function.structured_input_signature == (
        (),
        {"x": tf.TensorSpec([None, 5], tf.float32, name="x")},
    )
    assert function.structured_outputs["output_0"].shape.as_list() == [None, 3]


def test_an_attribute_changed_after_an_earlier_trace_is_saved_with_its_new_value(
    tmp_path: Path,
) -> None:
    class Scaled(tf.Module):  # type: ignore[misc, name-defined]
        scale = 1.0

        @tf.function(input_signature=[tf.TensorSpec([], name="x")])
        def __call__(self, x: Any) -> Any:
            return x * self.scale

    module = Scaled()
    module(tf.constant(1.0))
    module.scale = 5.0
    save_module(module, tmp_path / "saved")
    assert load(tmp_path / "saved")(tf.constant(1.0)) == 5.0


def test_a_module_that_counts_its_calls_is_saved_equal_twice(tmp_path: Path) -> None:
    module = Counter(start=4)
    save_module(module, tmp_path / "first")
    save_module(module, tmp_path / "second")
    assert module.total.numpy() == 4
    assert load(tmp_path / "first").total.numpy() == 4
    assert load(tmp_path / "second").total.numpy() == 4


def test_a_variable_made_and_changed_by_the_first_call_is_saved_as_it_was_made(
    tmp_path: Path,
) -> None:
    class Lazy(tf.Module):  # type: ignore[misc, name-defined]
        calls = None

        def __call__(self, x: Any) -> Any:
            if self.calls is None:
                self.calls = tf.Variable(0)
            self.calls.assign_add(1)
            return x

    save_module(Lazy(), tmp_path / "saved", specs="2")
    loaded = load(tmp_path / "saved")
    assert loaded.calls.numpy() == 0
    loaded(tf.zeros(2))
    assert loaded.calls.numpy() == 1


def test_the_module_is_left_as_it_was(tmp_path: Path) -> None:
    module = MLP()
    module(tf.zeros([1, 4]))
    before = dict(vars(module))
    save_module(module, tmp_path / "saved", specs="None,4")
    assert vars(module) == before
    assert not tf.config.functions_run_eagerly()
    assert module(tf.zeros([3, 4])).shape == [3, 2]


def test_the_module_is_left_as_it_was_when_it_fails(tmp_path: Path) -> None:
    module = Counter(start=4)
    before = dict(vars(module))
    with pytest.raises(UserCodeError):
        save_module(_failing(module), tmp_path / "saved", specs="amount=scalar:int64")
    assert vars(module) == before
    assert module.total.numpy() == 4
    assert not tf.config.functions_run_eagerly()
    assert list(tmp_path.iterdir()) == []


def _failing(module: Counter) -> Any:
    class Failing(tf.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.counter = module

        def __call__(self, amount: Any) -> Any:
            self.counter(amount)
            raise ValueError("no more")

    return Failing()


def test_two_methods_become_two_signatures_with_their_own_specs(tmp_path: Path) -> None:
    class Pair(tf.Module):  # type: ignore[misc, name-defined]
        def double(self, x: Any) -> Any:
            return {"twice": x * 2}

        def add(self, a: Any, b: Any) -> Any:
            return a + b

    save_module(
        Pair(),
        tmp_path / "saved",
        signatures=["double", "sum=add"],
        specs=["double/None:int32", "sum/b=2", "sum/a=scalar"],
    )
    loaded = load(tmp_path / "saved")
    assert sorted(loaded.signatures) == ["double", "sum"]
    np.testing.assert_array_equal(loaded.double(np.array([1, 2], np.int32))["twice"], [2, 4])
    np.testing.assert_array_equal(loaded.add(tf.constant(1.0), tf.constant([1.0, 2.0])), [2, 3])


def test_a_class_is_not_an_instance(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        save_module(CustomDense, tmp_path / "saved")
    assert str(caught.value) == "CustomDense is a class. Save an instance of it: CustomDense(…)."


@pytest.mark.parametrize("decorated", [False, True])
def test_a_method_is_stored_once(tmp_path: Path, decorated: bool) -> None:
    def call(module: Any, x: Any) -> Any:
        return x + tf.constant(np.arange(1000, dtype=np.float32))

    kind = type("Adder", (tf.Module,), {"__call__": tf.function(call) if decorated else call})
    save_module(kind(), tmp_path / "m", specs=["None,1000"])
    constants = read_description(tmp_path / "m").graph.constants
    assert [constant.shape for constant in constants if constant.bytes >= 4000] == [(1000,)]


def test_a_method_is_traced_once(tmp_path: Path) -> None:
    traces = []

    class Adder(tf.Module):  # type: ignore[misc, name-defined]
        def __call__(self, x: Any) -> Any:
            if not tf.executing_eagerly():
                traces.append(x)
            return {"y": x + 1.0}

    save_module(Adder(), tmp_path / "m", specs=["None,3"])
    assert len(traces) == 1
