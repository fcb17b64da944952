"""Calls of the C library that are made together: in their order, and nothing left behind."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tfexport.data.arrays import Array
from tfexport.errors import ExecutionError
from tfexport.runtime import tensors
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.engine import NATIVE
from tfexport.runtime.opening import choose_call, open_choice, read_model
from tfexport.runtime.session import NativeCall


class Interrupting(dict[str, Array]):
    """Inputs of which each that is taken brings a Ctrl-C."""

    def __getitem__(self, name: str) -> Array:
        signal.raise_signal(signal.SIGINT)
        return super().__getitem__(name)


SaveModel = Callable[[str], Path]


@contextmanager
def open_call(directory: Path) -> Iterator[NativeCall]:
    model = read_model(directory)
    opened = open_choice(model, choose_call(model, engine=NATIVE), SessionConfig())
    with opened.engine:
        assert isinstance(opened.call, NativeCall)
        yield opened.call


def test_calls_with_state_are_made_in_order_and_their_outputs_stay(saved_model: SaveModel) -> None:
    with open_call(saved_model("counter")) as call:
        start = int(call({"amount": np.array(0, np.int64)})["output_0"])
        found = call.call_each([{"amount": np.array(n, np.int64)} for n in range(1, 6)])
        assert [int(outputs["output_0"]) - start for outputs in found] == [1, 3, 6, 10, 15]


def test_a_failure_amid_others_frees_every_tensor(saved_model: SaveModel) -> None:
    gc.collect()
    before = len(tensors._lent), len(tensors._taken)
    good = np.zeros((2, 4), np.float32)
    bad = np.zeros((2, 3), np.float32)
    with open_call(saved_model("mlp")) as call:
        with pytest.raises(ExecutionError, match="'serving_default' failed: "):
            call.call_each([{"features": good}, {"features": bad}, {"features": good}])
        assert (len(tensors._lent), len(tensors._taken)) == before
        outputs = call.call_each([{"features": good}] * 3)
        assert len(tensors._taken) == before[1] + 3
        del outputs
        assert (len(tensors._lent), len(tensors._taken)) == before


def test_ctrl_c_during_calls_comes_after_them_and_frees_every_tensor(
    saved_model: SaveModel,
) -> None:
    gc.collect()
    before = len(tensors._lent), len(tensors._taken)
    handler = signal.getsignal(signal.SIGINT)
    with open_call(saved_model("counter")) as call:
        start = int(call({"amount": np.array(0, np.int64)})["output_0"])
        inputs = Interrupting(amount=np.array(5, np.int64))
        with pytest.raises(KeyboardInterrupt) as caught:
            call.call_each([inputs, inputs])
        del caught
        assert int(call({"amount": np.array(0, np.int64)})["output_0"]) == start + 10
    gc.collect()
    assert (len(tensors._lent), len(tensors._taken)) == before
    assert signal.getsignal(signal.SIGINT) is handler


def test_calls_in_another_thread_leave_ctrl_c_alone(saved_model: SaveModel) -> None:
    found = []
    with open_call(saved_model("counter")) as call:
        inputs = {"amount": np.array(0, np.int64)}
        thread = threading.Thread(target=lambda: found.append(call(inputs)))
        thread.start()
        thread.join()
    assert len(found) == 1
