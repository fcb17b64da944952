"""Quantiles and histograms against values counted by hand."""

from __future__ import annotations

import random
import statistics

import pytest

from tfexport.benching.latency import count_bins, quantile, summarize


def test_the_quantiles_of_a_thousand_times() -> None:
    times = [number / 1000 for number in range(1, 1001)]
    random.Random(0).shuffle(times)
    found = summarize(times)
    assert (found.min, found.max) == (0.001, 1.0)
    assert (found.p90, found.p99, found.p99_9) == (0.9, 0.99, 0.999)
    assert found.p50 == statistics.median(times)
    assert found.mean == pytest.approx(0.5005)


def test_of_few_times_the_high_quantiles_are_the_slowest() -> None:
    found = summarize([3.0, 1.0, 2.0])
    assert (found.p50, found.p90, found.p99, found.p99_9) == (2.0, 3.0, 3.0, 3.0)


@pytest.mark.parametrize(("count", "expected"), [(10, 9), (100, 90), (1000, 900), (7, 7)])
def test_nearest_rank_is_not_thrown_off_by_rounding(count: int, expected: int) -> None:
    assert quantile(list(range(1, count + 1)), 0.9) == expected


def test_every_call_is_in_the_histogram_or_beyond_it() -> None:
    times = [random.Random(seed).expovariate(1) for seed in range(1000)]
    found = count_bins(times, bins=20)
    assert len(found.edges) == 21
    assert sum(found.counts) + found.beyond == 1000
    assert found.beyond == 10
    assert list(found.edges) == sorted(found.edges)


def test_bins_hold_what_lies_between_their_edges() -> None:
    assert count_bins([0.0, 1.0, 2.0, 3.0, 4.0], bins=4).counts == (1, 1, 1, 2)


def test_calls_that_all_take_the_same_fill_one_bin() -> None:
    assert count_bins([0.5] * 7, bins=4).counts == (7, 0, 0, 0)
