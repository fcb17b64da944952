"""Minimum, maximum, mean, deviation and a sample of many numbers, block by block.

The mean and the sum of squared deviations of two parts are combined as in Chan, Golub and
LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# Sums of squares in float32 are trusted between these, and where the mean does not drown them.
_SMALLEST_SQUARES, _LARGEST_SQUARES = 1e-25, 1e37
_DROWNED = 1e-2


@dataclass
class Moments:
    """Running figures of numbers; ``low`` to ``squares`` are over the finite ones.

    ``squares`` is the sum of squared deviations from ``mean``.
    """

    count: int = 0
    low: int | float | None = None
    high: int | float | None = None
    mean: float = 0.0
    squares: float = 0.0
    zeros: int = 0
    nan: int = 0
    infinite: int = 0
    samples: list[Array] = field(default_factory=list)

    def add(self, block: Array, sample: Array) -> None:
        """Take in a block of real numbers, and ``sample``, those of it to keep."""
        if not block.size:
            return
        low, high = block.min(), block.max()
        self.zeros += int(block.size - np.count_nonzero(block != 0))
        if block.dtype.kind == "f" and not (math.isfinite(low) and math.isfinite(high)):
            self._add_finite(block, sample)
            return
        self._extend_range(low.item(), high.item())
        self._combine(block.size, *_deviations(block, low != high))
        self.samples.append(sample)

    def merge(self, other: Moments) -> None:
        """Take in the figures of another part."""
        if other.low is not None and other.high is not None:
            self._extend_range(other.low, other.high)
        self.zeros += other.zeros
        self.nan += other.nan
        self.infinite += other.infinite
        self.samples += other.samples
        self._combine(other.count, other.mean, other.squares)

    @property
    def std(self) -> float:
        """The standard deviation of the finite numbers, as a whole population."""
        return math.sqrt(self.squares / self.count)

    def _add_finite(self, block: Array, sample: Array) -> None:
        finite = block[np.isfinite(block)]
        nan = int(np.count_nonzero(np.isnan(block)))
        self.nan += nan
        self.infinite += block.size - finite.size - nan
        zeros = self.zeros
        self.add(finite, sample[np.isfinite(sample)])
        self.zeros = zeros  # add has counted those of ``finite`` again

    def _extend_range(self, low: int | float, high: int | float) -> None:
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def _combine(self, count: int, mean: float, squares: float) -> None:
        if not count:
            return
        total = self.count + count
        distance = mean - self.mean
        self.mean += distance * (count / total)
        self.squares += squares + distance * distance * self.count * (count / total)
        self.count = total


def _deviations(block: Array, varies: bool) -> tuple[float, float]:
    """The mean of a block, and the sum of squared deviations from it."""
    if not varies:
        return float(block[0]), 0.0
    if block.dtype == np.float32:
        # BLAS sums a block that is in the cache faster than anything else in numpy.
        mean = float(np.dot(block, _ones(block.size))) / block.size
        total = float(np.dot(block, block))
        squares = total - block.size * mean * mean
        if _SMALLEST_SQUARES < total < _LARGEST_SQUARES and squares > _DROWNED * total:
            return mean, squares
    return _deviations_exactly(block.astype(np.float64))


def _deviations_exactly(block: Array) -> tuple[float, float]:
    mean = float(block.mean())
    block -= mean
    rest = float(block.mean())  # what the first mean was off by
    return mean + rest, float(np.dot(block, block)) - block.size * rest * rest


_cached_ones = np.ones(0, dtype=np.float32)


def _ones(size: int) -> Array:
    global _cached_ones
    if _cached_ones.size < size:
        _cached_ones = np.ones(size, dtype=np.float32)
    return _cached_ones[:size]
