"""What the values of a variable are like, as plain data."""

from __future__ import annotations

from tfexport.records import dataclass
from tfexport.spec import Shape

Number = int | float


@dataclass(frozen=True)
class Histogram:
    """How many values lie in each of the equal bins from ``low`` to ``high``.

    ``counted`` is how many values were put into bins: all finite ones, or, of a large tensor,
    every ``stride``-th.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    counted: int
    stride: int


@dataclass(frozen=True)
class NumberSummary:
    """Minimum, maximum, mean and standard deviation of the finite values, None where none is.

    ``measure`` is ``value``, or ``magnitude`` for complex numbers. ``zeros``, ``nan`` and
    ``infinite`` are counts over all values. The deviation is that of the whole population.
    """

    measure: str
    minimum: Number | None
    maximum: Number | None
    mean: float | None
    std: float | None
    zeros: int
    nan: int
    infinite: int
    histogram: Histogram | None


@dataclass(frozen=True)
class TextSummary:
    """Lengths of strings in bytes, and the first few, cut after some 60 bytes."""

    shortest: int | None
    longest: int | None
    mean_length: float | None
    empty: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class ValueSummary:
    """A tensor of the checkpoint and what is in it: ``numbers`` or ``text``."""

    name: str
    checkpoint_key: str
    dtype: str
    shape: Shape | None
    elements: int
    bytes: int
    numbers: NumberSummary | None
    text: TextSummary | None
