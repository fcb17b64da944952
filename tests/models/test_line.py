"""Every module of models/ through save, inspect and run: the outputs are the eager module's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Outcome
from tests.goldens import GOLDENS, Golden
from tests.models.test_conformance import eager_outputs
from tfexport import inspect, save
from tfexport.exporting.starting import start_tensorflow

tf = start_tensorflow()


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_what_was_saved_is_inspected_and_runs_as_the_eager_module(
    golden: Golden, tmp_path: Path, tfexport: Callable[..., Outcome]
) -> None:
    module = golden.make_module()
    directory = tmp_path / "saved"
    save(module, directory, specs=golden.specs, signatures=golden.signatures)
    described = inspect(directory)
    assert sorted(signature.name for signature in described.signatures) == sorted(golden.inputs)
    for signature in described.signatures:
        shown = {t.name: t.spec.display() for t in (*signature.inputs, *signature.outputs)}
        assert shown == golden.tensors[signature.name]
        given = golden.inputs[signature.name]
        inputs = {t.name: tf.constant(given[t.name], t.dtype) for t in signature.inputs}
        arguments = [f"--input={name}={json.dumps(value)}" for name, value in given.items()]
        outcome = tfexport("run", directory, "-s", signature.name, "--json", *arguments)
        assert (outcome.code, outcome.stderr) == (0, "")
        outputs = {o["name"]: o["values"] for o in json.loads(outcome.stdout)["outputs"]}
        expected = eager_outputs(module, signature.name, inputs)
        assert sorted(outputs) == sorted(expected)
        for name, value in expected.items():
            if value.dtype == tf.string:
                assert outputs[name] == [text.decode() for text in value.numpy()]
            else:
                np.testing.assert_allclose(outputs[name], value.numpy(), rtol=1e-6)
