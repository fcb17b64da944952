"""Says where a measurement is not to be trusted, or does not measure what one thinks."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from tfexport.benching.report import Measurement, name_measurement
from tfexport.benching.timing import Timing

_FEW = 100  # of fewer runs the 99th percentile is the slowest one
_WIDE = 1.5  # the slowest tenth of the calls takes half as long again as the median
_DRIFT = 0.15  # between the medians of the first and of the second half
_COPY = 0.5  # of a call


def find_warnings(measurement: Measurement, calls: Sequence[Timing]) -> Iterator[str]:
    """What to know about a measurement before relying on it, a sentence each."""
    name = name_measurement(measurement.batch_size, measurement.concurrency)
    latency = measurement.latency
    if measurement.runs < _FEW:
        yield (
            f"{name}: only {_count(measurement.runs)}, so p99 is the slowest one. "
            "Allow more: --runs and --seconds."
        )
    if latency.p90 > _WIDE * latency.p50:
        yield (
            f"{name}: noisy, a call in ten takes {latency.p90 / latency.p50:.1f} times the median "
            "or more. Measure on a quiet machine."
        )
    drift = _drift([call.seconds for call in calls])
    if abs(drift) > _DRIFT and measurement.runs >= _FEW:
        word = "slower" if drift > 0 else "faster"
        yield (
            f"{name}: it got {abs(drift):.0%} {word} while it was measured. "
            "Warm up for longer (--warm-up), or measure on a quiet machine."
        )
    if measurement.copy > _COPY * latency.p50:
        yield (
            f"{name}: bound by its inputs, not by compute: one copy of them takes as long as "
            f"{measurement.copy / latency.p50:.0%} of a call."
        )


def warn_of_load(load: float | None, cpus: int) -> Iterator[str]:
    """A sentence if the machine was busy before anything was measured."""
    if load is not None and load > max(cpus * 0.75, 1):
        yield (
            f"The machine is busy: a load of {load:.1f} on {cpus} CPUs. Times include the waiting."
        )


def _drift(seconds: Sequence[float]) -> float:
    half = len(seconds) // 2
    if not half:
        return 0.0
    before, after = statistics.median(seconds[:half]), statistics.median(seconds[half:])
    return after / before - 1


def _count(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs} runs"
