"""Which threads run the ops of a streamed call: what was faster, with the same values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from tfexport.data.arrays import Array
from tfexport.runtime import tuning
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.engine import NATIVE, PYTHON
from tfexport.runtime.opening import Opened, choose_call, open_choice, read_model
from tfexport.runtime.session import NativeCall
from tfexport.runtime.tuning import tune_call


class DelayedCall(NativeCall):
    """Takes 5 ms longer in TensorFlow's threads, or in the caller's, and notes which it was."""

    delayed_in_caller = False
    in_caller: list[bool]
    together: list[int]
    slow = 0.0

    def call_each(
        self,
        batches: Sequence[Mapping[str, Array]],
        options: object = None,
        metadata: object = None,
    ) -> list[dict[str, Array]]:
        self.in_caller.append(options is not None)
        self.together.append(len(batches))
        if self.in_caller[-1] == self.delayed_in_caller:
            time.sleep(0.005)
        time.sleep(self.slow * len(batches))
        return super().call_each(batches, options, metadata)


def open_encoder(directory: Path, engine: str) -> Opened:
    model = read_model(directory)
    return open_choice(
        model, choose_call(model, signature="encode", engine=engine), SessionConfig()
    )


@pytest.fixture
def delayed(saved_model: Callable[[str], Path]) -> Iterator[DelayedCall]:
    opened = open_encoder(saved_model("encoder"), NATIVE)
    with opened.engine:
        call = opened.call
        call.__class__ = DelayedCall
        assert isinstance(call, DelayedCall)
        call.in_caller, call.together = [], []
        yield call


def make_batches(call: NativeCall, count: int) -> list[dict[str, Array]]:
    (feed,) = call._feeds
    shape = feed.tensor.graph_spec.shape
    assert shape is not None
    source = np.random.default_rng(0)
    rows = (3, *map(int, shape[1:] or ()))
    return [{feed.tensor.name: source.random(rows, np.float32)} for _ in range(count)]


@pytest.mark.parametrize("delayed_in_caller", [False, True])
def test_the_faster_threads_are_found_out_and_kept_to(
    delayed: DelayedCall, delayed_in_caller: bool
) -> None:
    batches = make_batches(delayed, 30)
    expected = [NativeCall.call_each(delayed, [batch])[0] for batch in batches]
    delayed.delayed_in_caller = delayed_in_caller
    found = list(tune_call(delayed).call_each(batches))
    for outputs, others in zip(found, expected, strict=True):
        for name, array in outputs.items():
            np.testing.assert_array_equal(array, others[name])
    assert set(delayed.in_caller[:18]) == {False, True}
    assert set(delayed.in_caller[18:]) == {not delayed_in_caller}


def test_short_calls_are_made_together(delayed: DelayedCall) -> None:
    delayed.delayed_in_caller = True
    batches = make_batches(delayed, 50)
    tuned = tune_call(delayed)
    assert len(list(tuned.call_each(batches))) == 50
    assert delayed.together[:19] == [1] * 19  # those that are tried, and one to tell the time by
    assert sum(delayed.together) == 50
    assert len(delayed.together) < 30


def test_long_calls_are_made_one_by_one(delayed: DelayedCall) -> None:
    delayed.slow = 0.03
    batches = make_batches(delayed, 25)
    for number, _ in enumerate(tune_call(delayed).call_each(batches), 1):
        assert len(delayed.together) == number  # each is told of before the next
    assert delayed.together == [1] * 25


def test_what_holds_much_memory_is_not_called_together(
    delayed: DelayedCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = make_batches(delayed, 40)
    size = sum(array.nbytes for array in delayed(batches[0]).values())
    delayed.together.clear()
    monkeypatch.setattr(tuning, "_BYTES", 3 * size)
    delayed.delayed_in_caller = True
    assert len(list(tune_call(delayed).call_each(batches))) == 40
    assert max(delayed.together) == 3


def test_a_call_of_the_python_engine_stays_as_it_is(saved_model: Callable[[str], Path]) -> None:
    opened = open_encoder(saved_model("encoder"), PYTHON)
    with opened.engine:
        assert tune_call(opened.call) is opened.call
