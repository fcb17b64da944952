"""Both bounds hold, callers share the work, and an error of any of them comes out."""

from __future__ import annotations

import threading
import time

import pytest

from tfexport.benching.timing import Limits, time_calls


def test_it_ends_with_the_runs() -> None:
    calls: list[int] = []
    found = time_calls(lambda: calls.append(1), Limits(runs=25, seconds=60, warm_up=4))
    assert (len(found.calls), found.warm_up, len(calls)) == (25, 4, 29)


def test_it_ends_with_the_seconds() -> None:
    found = time_calls(lambda: time.sleep(0.01), Limits(runs=10**9, seconds=0.1, warm_up=1))
    assert 1 <= len(found.calls) <= 10
    assert all(call.seconds >= 0.01 for call in found.calls)
    assert found.seconds >= sum(call.seconds for call in found.calls)


def test_one_call_is_measured_however_short_the_time() -> None:
    found = time_calls(lambda: None, Limits(runs=5, seconds=1e-9, warm_up=3))
    assert (len(found.calls), found.warm_up) == (1, 1)


@pytest.mark.parametrize(("runs", "callers"), [(12, 3), (13, 4), (4, 4)])
def test_callers_share_the_runs(runs: int, callers: int) -> None:
    found = time_calls(lambda: None, Limits(runs, 60, 1), callers)
    assert len(found.calls) == runs
    assert {call.caller for call in found.calls} == set(range(callers))
    assert [call.start for call in found.calls] == sorted(call.start for call in found.calls)


def test_callers_call_at_the_same_time() -> None:
    together = threading.Barrier(3)
    armed = threading.Event()

    def call() -> None:
        if armed.is_set():
            together.wait(30)  # breaks unless three callers are here at once
        armed.set()  # the warm-up call is over

    assert len(time_calls(call, Limits(6, 60, 1), 3).calls) == 6


def test_an_error_of_one_caller_stops_the_others() -> None:
    lock, count = threading.Lock(), [0]

    def call() -> None:
        with lock:
            count[0] += 1
        if count[0] == 10:
            raise ValueError("the tenth call")

    with pytest.raises(ValueError, match="the tenth call"):
        time_calls(call, Limits(10**9, 60, 1), 2)
