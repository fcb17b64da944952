"""Many times of a call in a few numbers: quantiles, and a histogram."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from tfexport.benching.report import Histogram, Latency

BINS = 32


def summarize(seconds: Sequence[float]) -> Latency:
    """The latency of at least one call."""
    ordered = sorted(seconds)
    return Latency(
        min=ordered[0],
        mean=statistics.fmean(ordered),
        p50=statistics.median(ordered),
        p90=quantile(ordered, 0.90),
        p99=quantile(ordered, 0.99),
        p99_9=quantile(ordered, 0.999),
        max=ordered[-1],
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them do not exceed (nearest rank).

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([1.0, 2.0], 0.999)
    (2.0, 2.0)
    """
    # 0.9 * 10 is 9.000000000000002 in some such products: not the tenth value.
    rank = math.ceil(round(share * len(ordered), 9))
    return ordered[max(rank, 1) - 1]


def count_bins(seconds: Sequence[float], bins: int = BINS) -> Histogram:
    """The times in ``bins`` of equal width between the fastest call and the 99th percentile."""
    ordered = sorted(seconds)
    low, high = ordered[0], quantile(ordered, 0.99)
    width = (high - low) / bins
    counts, beyond = [0] * bins, 0
    for value in ordered:
        if value > high:
            beyond += 1
        else:
            counts[min(int((value - low) / width), bins - 1) if width else 0] += 1
    edges = (*(low + width * number for number in range(bins)), high)
    return Histogram(edges, tuple(counts), beyond)
