"""Measures an open signature: every batch size with every number of callers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tfexport.benching.batches import count_bytes
from tfexport.benching.copying import time_copy
from tfexport.benching.latency import count_bins, summarize
from tfexport.benching.report import Measurement
from tfexport.benching.timing import Limits, Timing, Timings, time_calls
from tfexport.data.arrays import Arrays
from tfexport.runtime.engine import Call


@dataclass(frozen=True)
class Measured:
    """A measurement and the calls that it was made of."""

    measurement: Measurement
    calls: tuple[Timing, ...]


def measure_all(
    call: Call,
    batches: Mapping[int | None, Arrays],
    callers: Sequence[int],
    limits: Limits,
    advance: Callable[[int], None],
) -> tuple[Measured, ...]:
    """Measure each of ``batches`` with each number of ``callers``; ``advance`` counts them.

    Raises ExecutionError where the model fails.
    """
    return tuple(_measure_each(call, batches, callers, limits, advance))


def _measure_each(
    call: Call,
    batches: Mapping[int | None, Arrays],
    callers: Sequence[int],
    limits: Limits,
    advance: Callable[[int], None],
) -> Iterator[Measured]:
    for size, arrays in batches.items():
        copy = time_copy(call, arrays)
        for concurrency in callers:
            timings = time_calls(partial(call, arrays), limits, concurrency)
            found = _summarize(timings, size, concurrency, count_bytes(arrays), copy)
            yield Measured(found, timings.calls)
            advance(1)


def _summarize(
    timings: Timings, size: int | None, concurrency: int, input_bytes: int, copy: float
) -> Measurement:
    seconds = [timing.seconds for timing in timings.calls]
    rate = len(seconds) / timings.seconds
    return Measurement(
        batch_size=size,
        concurrency=concurrency,
        first=timings.first,
        warm_up=timings.warm_up,
        runs=len(seconds),
        seconds=timings.seconds,
        latency=summarize(seconds),
        calls_per_second=rate,
        rows_per_second=None if size is None else rate * size,
        input_bytes=input_bytes,
        copy=copy,
        histogram=count_bins(seconds),
    )
