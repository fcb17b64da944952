"""Calls something again and again, by one caller or several at once, and times each call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Call = Callable[[], object]


@dataclass(frozen=True)
class Limits:
    """How long to measure: until ``runs`` calls or ``seconds`` are reached, whichever is first."""

    runs: int
    seconds: float
    warm_up: int


@dataclass(frozen=True)
class Timing:
    """One call: who made it, when it began (seconds since the first), how long it took."""

    caller: int
    start: float
    seconds: float


@dataclass(frozen=True)
class Timings:
    """The measured ``calls``; ``first`` and ``warm_up`` came before them."""

    first: float
    warm_up: int
    calls: tuple[Timing, ...]
    seconds: float


def time_calls(call: Call, limits: Limits, concurrency: int = 1) -> Timings:
    """Warm up, then time calls. At least one is measured by each caller.

    Callers are threads that start together; the runs are shared out among them. Raises what a
    call raises.
    """
    first, warm_up = _warm_up(call, limits)
    calls, seconds = _measure(call, limits, concurrency)
    return Timings(first, warm_up, calls, seconds)


def _warm_up(call: Call, limits: Limits) -> tuple[float, int]:
    begin = time.perf_counter()
    call()
    first = time.perf_counter() - begin
    count = 1
    while count < limits.warm_up and time.perf_counter() - begin < limits.seconds:
        call()
        count += 1
    return first, count


def _measure(call: Call, limits: Limits, concurrency: int) -> tuple[tuple[Timing, ...], float]:
    if concurrency == 1:  # no thread between the measurement and the call
        begin = time.perf_counter()
        calls = _repeat(call, 0, limits.runs, begin, begin + limits.seconds)
        return tuple(calls), time.perf_counter() - begin
    return _measure_together(call, limits, concurrency)


def _repeat(call: Call, caller: int, runs: int, begin: float, end: float) -> list[Timing]:
    clock = time.perf_counter
    taken: list[Timing] = []
    while len(taken) < runs:
        start = clock()
        if taken and start >= end:
            break
        call()
        taken.append(Timing(caller, start - begin, clock() - start))
    return taken


class _Stopped(Exception):  # noqa: N818
    """Another caller failed, or the user has had enough."""


def _measure_together(
    call: Call, limits: Limits, concurrency: int
) -> tuple[tuple[Timing, ...], float]:
    taken: list[Timing] = []
    failed: list[BaseException] = []
    stopped = threading.Event()
    started = threading.Barrier(concurrency + 1)

    def guarded_call() -> None:
        if stopped.is_set():
            raise _Stopped
        call()

    def work(caller: int, runs: int) -> None:
        try:
            started.wait()
            begin = clock_zero[0]
            taken.extend(_repeat(guarded_call, caller, runs, begin, begin + limits.seconds))
        except (_Stopped, threading.BrokenBarrierError):
            pass
        except BaseException as error:
            failed.append(error)
            stopped.set()

    threads = [
        threading.Thread(target=work, args=(caller, runs), daemon=True)
        for caller, runs in enumerate(_share_out(limits.runs, concurrency))
    ]
    clock_zero = [0.0]
    for thread in threads:
        thread.start()
    clock_zero[0] = time.perf_counter()
    _join(threads, started, stopped)
    seconds = time.perf_counter() - clock_zero[0]
    if failed:
        raise failed[0]
    return tuple(sorted(taken, key=lambda timing: timing.start)), seconds


def _share_out(runs: int, concurrency: int) -> list[int]:
    each, more = divmod(runs, concurrency)
    return [max(each + (caller < more), 1) for caller in range(concurrency)]


def _join(
    threads: list[threading.Thread], started: threading.Barrier, stopped: threading.Event
) -> None:
    try:
        started.wait()
        for thread in threads:
            thread.join()
    except BaseException:  # Ctrl-C; the model is closed next, and must not be in use any more
        stopped.set()
        for thread in threads:
            thread.join()
        raise
