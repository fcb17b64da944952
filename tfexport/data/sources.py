"""The two kinds of source: arrays that lie in a file, and rows that pass by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from tfexport.data.arrays import Array, Arrays, Shaped
from tfexport.errors import InputDataError


class StoredArray(Shaped, Protocol):
    """An array whose shape and dtype are known before its values are read."""

    def read(self) -> Array:
        """The whole array (memory-mapped where it can be)."""
        ...

    def batches(self, size: int) -> Iterator[Array]:
        """Its rows, ``size`` at a time, the last batch as short as it comes."""
        ...


@dataclass(frozen=True)
class ArraySource:
    """Inputs whose arrays lie in a file.

    ``label`` is what the user calls it; ``notes`` say what was done to the values.
    """

    label: str
    arrays: Mapping[str, StoredArray]
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that it feeds."""
        return tuple(self.arrays)


@dataclass(frozen=True)
class RowSource:
    """Inputs that come row by row, as in a CSV file.

    ``read_blocks(size)`` starts from the first row and yields dicts of arrays with at most
    ``size`` rows, one row a first index; ``rows`` is None where their number is not known before
    the end. ``names`` are the inputs that it feeds.
    """

    label: str
    names: tuple[str, ...]
    read_blocks: Callable[[int], Iterator[Arrays]]
    rows: int | None = None
    notes: tuple[str, ...] = ()


Source = ArraySource | RowSource


@dataclass(frozen=True)
class MemoryArray:
    """An array that is in memory already, as a StoredArray."""

    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def read(self) -> Array:
        return self.array

    def batches(self, size: int) -> Iterator[Array]:
        for start in range(0, len(self.array), size):
            yield self.array[start : start + size]


def join_sources(label: str, sources: Sequence[ArraySource]) -> Source:
    """Several files of arrays as one: the rows of the second after those of the first, and so on.

    Raises InputDataError where they do not feed the same inputs.
    """
    first = sources[0]
    if len(sources) == 1:
        return first
    for source in sources:
        if set(source.names) != set(first.names):
            raise InputDataError(
                f"'{source.label}' feeds {', '.join(source.names)}, and '{first.label}' feeds "
                f"{', '.join(first.names)}."
            )
        _require_same_rows(source)
    rows = sum(next(iter(source.arrays.values())).shape[0] for source in sources)
    return RowSource(label, first.names, partial(_read_joined, sources), rows)


def _require_same_rows(source: ArraySource) -> None:
    rows = {name: array.shape[:1] for name, array in source.arrays.items()}
    if len(set(rows.values())) > 1 or () in rows.values():
        listed = ", ".join(f"{name} {list(array.shape)}" for name, array in source.arrays.items())
        raise InputDataError(f"'{source.label}' has no rows to join to others: {listed}.")


def _read_joined(sources: Sequence[ArraySource], size: int) -> Iterator[Arrays]:
    for source in sources:
        columns = [array.batches(size) for array in source.arrays.values()]
        for parts in zip(*columns, strict=True):
            yield dict(zip(source.names, parts, strict=True))
