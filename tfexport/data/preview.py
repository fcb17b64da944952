"""What of an output is shown: all of a small one; of a large one its ends and its statistics."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from tfexport.data.arrays import Array, Arrays
from tfexport.spec import Shape

WHOLE = 1000
"""The most elements that are shown whole, as numpy's own print threshold."""

EDGE_ROWS = 3
"""How many rows of a large output are shown at its beginning and at its end."""


@dataclass(frozen=True)
class Statistics:
    """Of an output's finite numbers, None where there are none. ``not_finite`` counts the rest."""

    minimum: float | None
    maximum: float | None
    mean: float | None
    not_finite: int


@dataclass(frozen=True)
class OutputPreview:
    """An output: its whole ``values``, or its first and last rows (``head``, ``tail``).

    Batches may differ in more than their number of rows: what varies of ``shape`` is None, and
    ``values`` are several arrays, whose rows follow each other. ``hidden`` counts the rows
    between ``head`` and ``tail``.
    """

    name: str
    dtype: str
    shape: Shape | None
    values: tuple[Array, ...] | None
    head: Array | None
    tail: Array | None
    hidden: int
    statistics: Statistics | None


class Preview:
    """Collects outputs batch by batch, and keeps no more of them than is shown.

    ``with_rows`` names the outputs whose batches follow each other along their first axis; of
    the others the last one counts. ``whole`` keeps everything, however large.
    """

    def __init__(
        self, dtypes: dict[str, str], with_rows: Collection[str], *, whole: bool = False
    ) -> None:
        self._dtypes = dtypes
        self._with_rows = with_rows
        self._limit = None if whole else WHOLE
        self._found: dict[str, _Collected] = {}

    def write(self, outputs: Arrays) -> None:
        """Take in the outputs of one more batch."""
        for name, array in outputs.items():
            collected = self._found.get(name)
            follows = name in self._with_rows and array.ndim
            if collected is None or not follows or collected.shape == ():
                collected = self._found[name] = _Collected(array.shape)
            collected.add(array, self._limit)

    def results(self) -> tuple[OutputPreview, ...]:
        """What there is to show, in the order in which the outputs came."""
        return tuple(
            collected.describe(name, self._dtypes[name]) for name, collected in self._found.items()
        )


@dataclass
class _Collected:
    """One output so far. ``parts`` are all of its batches while they are few enough."""

    shape: Shape | None
    rows: int = 0
    elements: int = 0
    parts: list[Array] | None = field(default_factory=list)
    head: Array | None = None
    tail: Array | None = None
    numbers: _Numbers | None = None

    def add(self, array: Array, limit: int | None) -> None:
        self.rows += len(array) if array.ndim else 0
        self.elements += array.size
        self.shape = _in_common(self.shape, array.shape)
        if array.dtype.kind not in "OSUcb":
            self.numbers = self.numbers or _Numbers()
            self.numbers.add(array)
        if self.parts is not None:
            self.parts.append(array)
        if limit is not None and self.elements > limit:
            self._keep_ends(array)

    def _keep_ends(self, array: Array) -> None:
        if self.parts is not None:
            arrays = _join(self.parts)
            self.head, array = arrays[0][:EDGE_ROWS].copy(), arrays[-1]
            self.parts = None
        before = () if self.tail is None else (self.tail,)
        self.tail = _join([*before, array[-EDGE_ROWS:]])[-1][-EDGE_ROWS:].copy()

    def describe(self, name: str, dtype: str) -> OutputPreview:
        tail = self._distinct_tail()
        shown = sum(len(end) for end in (self.head, tail) if end is not None)
        return OutputPreview(
            name,
            dtype,
            (self.rows, *self.shape[1:]) if self.shape else self.shape,
            None if self.parts is None else _join(self.parts),
            self.head,
            tail,
            self.rows - shown if self.parts is None else 0,
            self.numbers.describe() if self.numbers else None,
        )

    def _distinct_tail(self) -> Array | None:
        # With four rows the last three begin within the first three.
        if self.head is None or self.tail is None:
            return None
        overlap = max(len(self.head) + len(self.tail) - self.rows, 0)
        return self.tail[overlap:] if overlap < len(self.tail) else None


@dataclass
class _Numbers:
    minimum: float = np.inf
    maximum: float = -np.inf
    total: float = 0.0
    finite: int = 0
    not_finite: int = 0

    def add(self, array: Array) -> None:
        if array.dtype.isbuiltin != 1:  # those of ml_dtypes warn of NaN
            array = array.astype(np.float64)
        if not array.size:
            return
        least, most = float(array.min()), float(array.max())
        # Picking the finite ones takes ten times as long as finding that all of them are.
        if not (math.isfinite(least) and math.isfinite(most)):
            finite = array[np.isfinite(array)]
            self.not_finite += array.size - finite.size
            self.add(finite)
            return
        self.minimum = min(self.minimum, least)
        self.maximum = max(self.maximum, most)
        self.total += float(array.sum(dtype=np.float64))
        self.finite += array.size

    def describe(self) -> Statistics:
        if not self.finite:
            return Statistics(None, None, None, self.not_finite)
        return Statistics(self.minimum, self.maximum, self.total / self.finite, self.not_finite)


def _in_common(first: Shape | None, second: Shape) -> Shape | None:
    if first is None or len(first) != len(second):
        return None
    return tuple(size if size == own else None for size, own in zip(first, second, strict=True))


def _join(parts: Sequence[Array]) -> tuple[Array, ...]:
    """One array, or the ``parts`` as they are where their rows have several shapes."""
    if len(parts) == 1 or any(part.shape[1:] != parts[0].shape[1:] for part in parts):
        return tuple(parts)
    return (np.concatenate(parts),)
