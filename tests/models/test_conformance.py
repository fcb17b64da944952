"""Every module of models/ through save, and back: the same outputs as the eager module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.goldens import GOLDENS, Golden
from tfexport.exporting.saving import save_module
from tfexport.exporting.starting import start_tensorflow

tf = start_tensorflow()
every_golden = pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)


def tensors(golden: Golden, signature: str, loaded: Any) -> dict[str, Any]:
    specs = loaded.signatures[signature].structured_input_signature[1]
    return {
        name: tf.constant(value, specs[name].dtype)
        for name, value in golden.inputs[signature].items()
    }


def eager_outputs(module: Any, signature: str, inputs: dict[str, Any]) -> dict[str, Any]:
    method = module if signature == "serving_default" else getattr(module, signature)
    outputs = method(**inputs)
    return outputs if isinstance(outputs, dict) else {"output_0": outputs}


@every_golden
def test_the_saved_signatures_give_what_the_eager_module_gives(
    golden: Golden, tmp_path: Path
) -> None:
    module = golden.make_module()
    save_module(module, tmp_path / "saved", specs=golden.specs, signatures=golden.signatures)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert sorted(loaded.signatures) == sorted(golden.inputs)
    for signature in golden.inputs:
        inputs = tensors(golden, signature, loaded)
        expected = eager_outputs(module, signature, inputs)
        actual = loaded.signatures[signature](**inputs)
        assert sorted(actual) == sorted(expected)
        for name, value in expected.items():
            np.testing.assert_array_equal(actual[name].numpy(), value.numpy())


@every_golden
def test_the_loaded_object_can_be_called_like_the_module(
    golden: Golden, saved_model: Callable[[str], Path]
) -> None:
    loaded = tf.saved_model.load(str(saved_model(golden.name)))
    for signature in golden.inputs:
        inputs = tensors(golden, signature, loaded)
        actual = eager_outputs(loaded, signature, inputs)
        assert sorted(actual) == sorted(loaded.signatures[signature].structured_outputs)


@every_golden
def test_the_signatures_have_the_names_dtypes_and_shapes_that_were_asked_for(
    golden: Golden, saved_model: Callable[[str], Path]
) -> None:
    loaded = tf.saved_model.load(str(saved_model(golden.name)))
    for signature, function in loaded.signatures.items():
        specs = {**function.structured_input_signature[1], **function.structured_outputs}
        shown = {
            name: f"{spec.dtype.name} {str(spec.shape.as_list()).replace('None', '?')}"
            for name, spec in specs.items()
        }
        assert shown == golden.tensors[signature]
