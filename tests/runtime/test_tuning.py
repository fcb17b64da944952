"""Which threads run the ops of a streamed call: what was faster, with the same values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from tfexport.data.arrays import Array
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.engine import NATIVE, PYTHON
from tfexport.runtime.opening import Opened, choose_call, open_choice, read_model
from tfexport.runtime.session import NativeCall
from tfexport.runtime.tuning import tune_call


class DelayedCall(NativeCall):
    """Takes 5 ms longer in TensorFlow's threads, or in the caller's, and notes which it was."""

    delayed_in_caller = False
    in_caller: list[bool]

    def __call__(self, arrays: Mapping[str, Array], options: object = None) -> dict[str, Array]:
        self.in_caller.append(options is not None)
        if self.in_caller[-1] == self.delayed_in_caller:
            time.sleep(0.005)
        return super().__call__(arrays, options)


def open_encoder(directory: Path, engine: str) -> Opened:
    model = read_model(directory)
    return open_choice(
        model, choose_call(model, signature="encode", engine=engine), SessionConfig()
    )


@pytest.mark.parametrize("delayed_in_caller", [False, True])
def test_the_faster_threads_are_found_out_and_kept_to(
    saved_model: Callable[[str], Path], delayed_in_caller: bool
) -> None:
    opened = open_encoder(saved_model("encoder"), NATIVE)
    (name,) = (tensor.name for tensor in opened.signature.inputs)
    with opened.engine:
        call = opened.call
        assert isinstance(call, NativeCall)
        shape = opened.signature.inputs[0].graph_spec.shape
        assert shape is not None
        values = np.random.default_rng(0).random((3, *map(int, shape[1:] or ())), np.float32)
        expected = call({name: values})
        call.__class__ = DelayedCall
        assert isinstance(call, DelayedCall)
        call.delayed_in_caller, call.in_caller = delayed_in_caller, []
        tuned = tune_call(call)
        for _ in range(30):
            for output, array in tuned({name: values}).items():
                np.testing.assert_array_equal(array, expected[output])
    assert set(call.in_caller[:18]) == {False, True}
    assert set(call.in_caller[18:]) == {not delayed_in_caller}


def test_a_call_of_the_python_engine_stays_as_it_is(saved_model: Callable[[str], Path]) -> None:
    opened = open_encoder(saved_model("encoder"), PYTHON)
    with opened.engine:
        assert tune_call(opened.call) is opened.call
