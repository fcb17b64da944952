"""The modules that people really have: nested, Keras, a bare function, traced long ago."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfexport.errors import TargetError, UserCodeError
from tfexport.exporting.saving import save_module
from tfexport.exporting.starting import start_tensorflow
from tfexport.runtime.model import load_model

tf = start_tensorflow()
keras = pytest.importorskip("keras")
Module: Any = tf.Module

# What a bare function refers to, as one in a file of functions would.
GLOBAL_SCALE = tf.Variable(3.0)


def load(directory: Path) -> Any:
    return tf.saved_model.load(str(directory))


def run(directory: Path, **inputs: Any) -> dict[str, Any]:
    with load_model(directory) as model:
        return model(**inputs)


class Inner(Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = 1.0
        self.own = tf.function(lambda x: x * self.scale)

    @tf.function
    def __call__(self, x: Any) -> Any:
        return x * self.scale

    @tf.function
    def method(self, x: Any) -> Any:
        return x * self.scale


class Outer(Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Inner()

    @tf.function
    def __call__(self, x: Any) -> Any:
        return {"call": self.inner(x), "method": self.inner.method(x), "own": self.inner.own(x)}


def test_functions_below_the_exported_one_are_traced_afresh_too(tmp_path: Path) -> None:
    module = Outer()
    x = tf.constant([1.0])
    module(x), module.inner(x), module.inner.method(x), module.inner.own(x)
    module.inner.scale = 5.0
    own = module.inner.own
    save_module(module, tmp_path / "m", specs="None", verify=False)
    outputs = run(tmp_path / "m", x=np.float32([1]))
    assert {name: array.tolist() for name, array in outputs.items()} == {
        "call": [5.0],
        "method": [5.0],
        "own": [5.0],
    }
    assert module.inner.own is own
    assert module.inner.method(x).numpy() == [1.0], "the module's own traces are left alone"


def test_an_exported_function_keeps_its_xla_compilation(tmp_path: Path) -> None:
    class Compiled(Module):
        @tf.function(jit_compile=True)
        def __call__(self, x: Any) -> Any:
            return x + 1

    save_module(Compiled(), tmp_path / "m", specs="3", verify=False)
    function = load(tmp_path / "m").__call__
    attributes = function.concrete_functions[0].function_def.attr
    assert attributes["_XlaMustCompile"].b


def test_a_method_with_python_control_flow_is_converted(tmp_path: Path) -> None:
    class Branching(Module):
        def __call__(self, x: Any) -> Any:
            total = tf.constant(0.0)
            for value in x:
                if value > 0:
                    total += value
            return total

    save_module(Branching(), tmp_path / "m", specs="None")
    assert run(tmp_path / "m", x=np.float32([1, -5, 2]))["output_0"] == 3


def test_a_bare_function_is_saved_with_what_it_refers_to(tmp_path: Path) -> None:
    offset = tf.Variable([1.0, 2.0])
    pairs = tf.lookup.KeyValueTensorInitializer(["a"], [1.0])
    table = tf.lookup.StaticHashTable(pairs, 0.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([], tf.string)])
    def shift(x: Any, word: Any) -> Any:
        return x * GLOBAL_SCALE + offset + table.lookup(word)

    save_module(shift, tmp_path / "m")
    outputs = run(tmp_path / "m", x=np.float32([[1, 1]]), word=np.array(b"a", object))
    np.testing.assert_array_equal(outputs["output_0"], [[5, 6]])
    loaded = load(tmp_path / "m")
    np.testing.assert_array_equal(loaded(tf.constant([[1.0, 1.0]]), tf.constant("b")), [[4, 5]])


def test_a_bare_function_is_saved_with_what_it_reaches_through_others(tmp_path: Path) -> None:
    kernels = {"first": [tf.Variable(2.0)], "second": (tf.Variable(5.0),)}
    name = tf.Variable(10.0)
    unused = tf.Variable(1.0)

    def again(x: Any) -> Any:
        return x if unused is None else scaled(x)

    @tf.function
    def shifted(x: Any) -> Any:
        return sum(x + offset for offset in [name])

    def scaled(x: Any, repeat: bool = False) -> Any:
        return again(x) if repeat else shifted(x) * kernels["first"][0] * kernels["second"][0]

    predict = tf.function(lambda x: functools.partial(scaled, repeat=False)(x))
    save_module(predict, tmp_path / "m", specs="x=None")
    np.testing.assert_array_equal(run(tmp_path / "m", x=np.float32([1]))["output_0"], [110])
    loaded = load(tmp_path / "m")
    loaded.name_.assign(0.0)
    assert (loaded.kernels_first_0.numpy(), loaded.kernels_second_0.numpy()) == (2, 5)
    assert loaded(tf.constant([1.0])).numpy().tolist() == [10]


def test_a_bare_function_that_does_not_name_what_it_uses_is_told_so(tmp_path: Path) -> None:
    class Config:
        scale = tf.Variable(2.0, name="scale")

    @tf.function
    def predict(x: Any) -> Any:
        return x * Config.scale

    line = predict.python_function.__code__.co_firstlineno + 2
    with pytest.raises(UserCodeError) as caught:
        save_module(predict, tmp_path / "m", specs="x=None")
    assert str(caught.value).replace(str(Path(__file__)), "tests/exporting/test_modules.py") == (
        "predict uses the variable 'scale' in tests/exporting/test_modules.py, "
        f"line {line}, at 'return x * Config.scale', which it does not name itself: it would not "
        "be saved. Name it in predict or a function that it calls, or make both part of a "
        "tf.Module."
    )


def test_a_bare_function_takes_specs(tmp_path: Path) -> None:
    double = tf.function(lambda x: {"double": x * 2})
    save_module(double, tmp_path / "m", specs="x=None:int32")
    assert run(tmp_path / "m", x=np.int32([4]))["double"].tolist() == [8]


class Classifier(keras.Model):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(3)
        self.dropout = keras.layers.Dropout(0.5)

    def call(self, features: Any, training: bool = False) -> Any:
        return {"logits": self.dropout(self.dense(features), training=training)}


def test_a_keras_model_of_ones_own_is_built_and_saved(tmp_path: Path) -> None:
    model = Classifier()
    save_module(model, tmp_path / "m", specs="None,4")
    x = np.ones([2, 4], np.float32)
    np.testing.assert_allclose(
        run(tmp_path / "m", features=x)["logits"], model(x)["logits"], rtol=1e-5
    )
    np.testing.assert_allclose(load(tmp_path / "m")(x)["logits"], model(x)["logits"], rtol=1e-5)


def test_a_functional_keras_model_knows_its_inputs(tmp_path: Path) -> None:
    age, size = keras.Input((1,), name="age"), keras.Input((2,), name="size", dtype="int32")
    joined = keras.layers.Concatenate()([age, keras.ops.cast(size, "float32")])
    model = keras.Model({"age": age, "size": size}, keras.layers.Dense(2)(joined))
    save_module(model, tmp_path / "m")
    inputs = {"age": np.ones([3, 1], np.float32), "size": np.ones([3, 2], np.int32)}
    np.testing.assert_allclose(run(tmp_path / "m", **inputs)["output_0"], model(inputs), rtol=1e-5)


def test_a_sequential_keras_model_knows_its_input(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    save_module(model, tmp_path / "m")
    x = np.ones([2, 5], np.float32)
    np.testing.assert_allclose(run(tmp_path / "m", inputs=x)["output_0"], model(x), rtol=1e-5)


def test_a_keras_model_can_be_saved_with_a_narrower_spec(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    save_module(model, tmp_path / "m", specs="1,5")
    assert load(tmp_path / "m").signatures["serving_default"].inputs[0].shape == [1, 5]


def test_a_keras_layer_is_saved_with_its_state_untouched(tmp_path: Path) -> None:
    layer = keras.layers.BatchNormalization()
    save_module(layer, tmp_path / "m", specs="None,4", constants={"training": True})
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(4))


def test_a_module_of_ones_own_with_a_keras_layer_in_it_is_saved(tmp_path: Path) -> None:
    class Mixed(Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [keras.layers.Dense(3), keras.layers.Dense(2)]

        def __call__(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    module = Mixed()
    save_module(module, tmp_path / "m", specs="None,4")
    x = np.ones([2, 4], np.float32)
    np.testing.assert_allclose(run(tmp_path / "m", x=x)["output_0"], module(x), rtol=1e-5)


def test_assets_travel_with_the_model(tmp_path: Path) -> None:
    class Reader(Module):
        def __init__(self, path: Path) -> None:
            super().__init__()
            self.asset = tf.saved_model.Asset(str(path))

        def __call__(self, x: Any) -> Any:
            return tf.strings.join([tf.io.read_file(self.asset.asset_path), x])

    (tmp_path / "prefix.txt").write_text("hello ")
    save_module(Reader(tmp_path / "prefix.txt"), tmp_path / "m", specs="x=scalar:string")
    (tmp_path / "prefix.txt").unlink()
    assert (tmp_path / "m" / "assets" / "prefix.txt").read_text() == "hello "
    loaded = load(tmp_path / "m")
    assert loaded(tf.constant("you")).numpy() == b"hello you"


def test_any_trackable_with_a_method_can_be_saved(tmp_path: Path) -> None:
    class Scaler(tf.train.Checkpoint):  # type: ignore[misc, name-defined]
        def scale(self, x: Any) -> Any:
            return x * self.factor

    save_module(Scaler(factor=tf.Variable(2.0)), tmp_path / "m", signatures="scale", specs="None")
    assert run(tmp_path / "m", x=np.float32([2]))["output_0"] == [4]


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (3, "An object of type int is no tf.Module: TensorFlow cannot save it."),
        (None, "An object of type NoneType is no tf.Module: TensorFlow cannot save it."),
        (
            Classifier,
            "Classifier is a class. Save an instance of it: Classifier(…).",
        ),
        (tf.Module(), "Module cannot be called. It has no method to export at all."),
    ],
)
def test_what_cannot_be_saved_is_refused(thing: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        save_module(thing, tmp_path / "m", specs="3")
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []
