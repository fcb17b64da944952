"""A quiet measurement says nothing; each trouble has its sentence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tfexport.benching.latency import count_bins, summarize
from tfexport.benching.report import Measurement
from tfexport.benching.timing import Timing
from tfexport.benching.warnings import find_warnings, warn_of_load


def warnings_of(seconds: Sequence[float], copy: float = 0.0) -> list[str]:
    measurement = Measurement(
        batch_size=8,
        concurrency=1,
        first=1.0,
        warm_up=1,
        runs=len(seconds),
        seconds=sum(seconds),
        latency=summarize(seconds),
        calls_per_second=1.0,
        rows_per_second=8.0,
        input_bytes=0,
        copy=copy,
        histogram=count_bins(seconds),
    )
    return list(find_warnings(measurement, [Timing(0, 0.0, value) for value in seconds]))


def test_a_quiet_measurement_has_none() -> None:
    assert warnings_of([0.010, 0.011] * 100) == []


@pytest.mark.parametrize(
    ("seconds", "copy", "expected"),
    [
        (
            [0.01] * 20,
            0.0,
            "batch 8: only 20 runs, so p99 is the slowest one. Allow more: --runs and --seconds.",
        ),
        (
            [0.01] * 1,
            0.0,
            "batch 8: only 1 run, so p99 is the slowest one. Allow more: --runs and --seconds.",
        ),
        (
            [0.01, 0.01, 0.01, 0.01, 0.02] * 40,
            0.0,
            "batch 8: noisy, a call in ten takes 2.0 times the median or more. "
            "Measure on a quiet machine.",
        ),
        (
            [0.010] * 100 + [0.0125] * 100,
            0.0,
            "batch 8: it got 25% slower while it was measured. "
            "Warm up for longer (--warm-up), or measure on a quiet machine.",
        ),
        (
            [0.010] * 200,
            0.008,
            "batch 8: bound by its inputs, not by compute: one copy of them takes as long as "
            "80% of a call.",
        ),
    ],
)
def test_each_trouble_has_its_sentence(seconds: list[float], copy: float, expected: str) -> None:
    assert warnings_of(seconds, copy) == [expected]


def test_a_busy_machine_is_told() -> None:
    assert list(warn_of_load(3.25, 2)) == [
        "The machine is busy: a load of 3.2 on 2 CPUs. Times include the waiting."
    ]
    assert list(warn_of_load(0.5, 2)) == list(warn_of_load(None, 2)) == []
