"""Both engines give the known answers of other people's models, and of the examples."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.known_answers import FOLDER, KNOWN_ANSWERS, KnownAnswer, needs_shared_models
from tfexport.dtypes import numpy_dtype
from tfexport.errors import SavedModelError, UsageError
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.engine import NATIVE, PYTHON, Engine, open_engine
from tfexport.runtime.opening import choose_call, open_choice, read_model
from tfexport.runtime.tensor_protos import read_defaults
from tfexport.savedmodel.parsing import read_saved_model

both_engines = pytest.mark.parametrize("engine", [NATIVE, PYTHON])


def call(directory: Path, signature: str | None, engine: str, inputs: dict[str, Any]) -> Any:
    model = read_model(directory)
    choice = choose_call(model, signature=signature, engine=engine)
    assert choice.signature is not None
    arrays = read_defaults(model.metagraph, choice.signature.name)
    for tensor in choice.signature.inputs:
        if tensor.name in inputs:
            arrays[tensor.name] = np.array(inputs[tensor.name], numpy_dtype(tensor.dtype))
    opened = open_choice(model, choice, SessionConfig())
    with opened.engine:
        return opened.call(arrays)


@needs_shared_models
@both_engines
@pytest.mark.parametrize("known", KNOWN_ANSWERS, ids=lambda known: f"{known.model}-{known.inputs}")
def test_the_answer_is_the_known_one(known: KnownAnswer, engine: str) -> None:
    if engine == PYTHON and known.refused:
        with pytest.raises(SavedModelError, match=known.refused):
            call(FOLDER / known.model, known.signature, engine, known.inputs)
        return
    outputs = call(FOLDER / known.model, known.signature, engine, known.inputs)
    assert sorted(outputs) == sorted(known.outputs)
    for name, value in known.outputs.items():
        assert outputs[name].tolist() == value


@needs_shared_models
def test_every_dtype_is_echoed_and_of_two_names_for_one_tensor_the_first_wins() -> None:
    model = read_model(FOLDER / "many_dtypes")
    (signature,) = model.description.signatures
    inputs = {
        tensor.name: [[index % 2, 1]] for index, tensor in enumerate(signature.inputs, start=1)
    }
    outputs = call(FOLDER / "many_dtypes", None, NATIVE, inputs)
    by_tensor: dict[str | None, str] = {}
    for tensor in signature.inputs:
        by_tensor.setdefault(tensor.tensor_name, tensor.name)
    for tensor in signature.inputs:
        source = by_tensor[tensor.tensor_name]
        assert outputs[f"o_{tensor.name}"].tolist() == inputs[source]


@needs_shared_models
@both_engines
def test_strings_and_tables_of_a_real_classifier_work(engine: str) -> None:
    outputs = call(FOLDER / "guesslang", None, engine, {"inputs": [b"def f(x): return x"] * 3})
    assert outputs["scores"].shape == outputs["classes"].shape == (3, 54)
    best = outputs["classes"][0, outputs["scores"][0].argmax()]
    assert best == b"Python" or isinstance(best, bytes)


@needs_shared_models
@both_engines
def test_a_model_that_tensorflow_refuses_is_one_line(engine: str) -> None:
    model = read_model(FOLDER / "fuzz_negative_shape")
    with pytest.raises(SavedModelError) as raised:
        open_engine(engine, model.description, SessionConfig())
    message = str(raised.value)
    assert message.startswith(f"TensorFlow cannot load {FOLDER / 'fuzz_negative_shape'}: ")
    assert "\n" not in message


@needs_shared_models
def test_a_cyclic_model_without_signatures_has_nothing_to_run() -> None:
    model = read_model(FOLDER / "cyclic_module")
    with pytest.raises(SavedModelError) as raised:
        choose_call(model)
    assert str(raised.value) == (
        f"{FOLDER / 'cyclic_module'} has no signature and no function: nothing to run."
    )


@both_engines
def test_threads_and_device_are_taken(saved_model: Any, engine: str) -> None:
    if engine == PYTHON:
        pytest.skip("threads are set once a process, which other tests share")
    model = read_model(saved_model("custom_dense"))
    with open_engine(engine, model.description, SessionConfig(threads=1, device="cpu")) as opened:
        assert [name.rpartition("device:")[2] for name in opened.devices()] == ["CPU:0"]


@both_engines
def test_a_gpu_that_is_not_there_is_told(saved_model: Any, engine: str) -> None:
    model = read_model(saved_model("custom_dense"))
    with open_engine(NATIVE, model.description, SessionConfig()) as opened:
        if any("GPU" in name for name in opened.devices()):
            pytest.skip("there is a GPU")
    with pytest.raises(UsageError) as raised:
        open_engine(engine, model.description, SessionConfig(device="gpu:0"))
    assert str(raised.value) == "TensorFlow finds no device 'gpu:0' here. It has: cpu:0."


def test_a_closed_session_can_be_closed_again(saved_model: Any) -> None:
    model = read_model(saved_model("custom_dense"))
    engine: Engine = open_engine(NATIVE, model.description, SessionConfig())
    engine.close()
    engine.close()


def test_a_function_is_called_through_the_python_engine(saved_model: Any) -> None:
    model = read_model(saved_model("encoder"))
    choice = choose_call(model, function="encode")
    assert choice.note == "'encode' is a function, not a signature: --engine python is used."
    opened = open_choice(model, choice, SessionConfig())
    with opened.engine:
        assert [tensor.name for tensor in opened.signature.inputs] == ["features"]
        outputs = opened.call({"features": np.ones((1, 4), np.float32)})
    expected = call(saved_model("encoder"), "encode", NATIVE, {"features": [[1, 1, 1, 1]]})
    np.testing.assert_allclose(outputs["output_0"], expected["output_0"], rtol=1e-6)


def test_a_function_that_is_not_there_lists_those_that_are(saved_model: Any) -> None:
    model = read_model(saved_model("encoder"))
    with pytest.raises(UsageError) as raised:
        choose_call(model, function="encod")
    assert str(raised.value) == (
        "No function 'encod' in the model. Did you mean 'encode'? It has: decode, encode."
    )


@pytest.mark.parametrize("ending", ["\0", ":0", "²"])
def test_a_name_that_the_c_library_would_read_otherwise_is_refused(
    saved_model: Any, tmp_path: Path, ending: str
) -> None:
    directory = Path(shutil.copytree(saved_model("custom_dense"), tmp_path / "model"))
    proto = read_saved_model(directory)
    (output,) = proto.meta_graphs[0].signature_def["serving_default"].outputs.values()
    output.name += ending
    (directory / "saved_model.pb").write_bytes(proto.SerializeToString())
    with pytest.raises(SavedModelError) as raised:
        call(directory, None, NATIVE, {})
    assert str(raised.value) == (
        f"Signature 'serving_default' names the tensor '{output.name}' for 'output_0', "
        "which is not in the graph."
    )


def test_a_path_that_tensorflow_takes_for_a_pattern_is_told(
    saved_model: Callable[[str], Path], tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(saved_model("custom_dense"), tmp_path / "v[2]"))
    with pytest.raises(SavedModelError) as caught:
        call(directory, None, NATIVE, {"x": [[0.0] * 5]})
    assert str(caught.value) == (
        f"TensorFlow takes the path {directory} for a pattern, and finds no variables. "
        "Move the model to a path without [ ] * ? and backslashes."
    )
