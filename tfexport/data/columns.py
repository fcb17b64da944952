"""Tables: which columns make up which input, and what the columns of an output are called.

A column ``x`` is input x. Columns ``x[0]``, ``x[1]`` … (``x[0][0]`` … for more dimensions) are the
elements of its rows. For one input that takes rows of features, a table without any of these
names is those features, column by column.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tfexport.data.matching import find_input
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec

_INDICES = re.compile(r"(\[[0-9]+\])+\Z")


@dataclass(frozen=True)
class ColumnGroup:
    """The columns of an input, by their positions; ``tail`` is the shape that a row of them has."""

    spec: TensorSpec
    positions: tuple[int, ...]
    tail: tuple[int, ...]

    @property
    def name(self) -> str:
        """The input's name."""
        return str(self.spec.name)


def match_columns(
    header: Sequence[str], inputs: Sequence[TensorSpec], name: str | None, label: str
) -> list[ColumnGroup]:
    """The columns of each input that a table feeds: ``name``, or all that it names.

    Raises InputDataError where it feeds none, or leaves out an element.
    """
    wanted = [spec for spec in inputs if name in (None, spec.name)]
    groups = [group for spec in wanted if (group := _find_columns(header, spec, label))]
    if groups:
        return groups
    if name is None and len(inputs) > 1:
        names = ", ".join(str(spec.name) for spec in inputs)
        raise InputDataError(
            f"'{label}' has none of the inputs {names}. Its columns are: {_list(header)}."
        )
    return [match_features(header, find_input(inputs, name, label), label)]


def match_features(header: Sequence[str], spec: TensorSpec, label: str) -> ColumnGroup:
    """All columns as the features of ``spec``, or the only one as its values.

    Raises InputDataError where their number does not fit.
    """
    positions = tuple(range(len(header)))
    if spec.shape is not None and len(spec.shape) < 2 and len(header) == 1:
        return ColumnGroup(spec, positions, ())
    takes = None if spec.shape is None else spec.shape[-1] if len(spec.shape) == 2 else -1
    if takes not in (None, len(header)):
        raise InputDataError(
            f"'{label}' has no column '{spec.name}', and its {len(header)} columns do not fit "
            f"{spec.display()} either: {_list(header)}."
        )
    return ColumnGroup(spec, positions, (len(header),))


def name_columns(name: str, tail: tuple[int, ...]) -> list[str]:
    """The columns of an output whose rows have the shape ``tail``, in C order.

    >>> name_columns("y", (2,))
    ['y[0]', 'y[1]']
    """
    indices = itertools.product(*(range(size) for size in tail))
    return [name + "".join(f"[{at}]" for at in index) for index in indices]


def _find_columns(header: Sequence[str], spec: TensorSpec, label: str) -> ColumnGroup | None:
    name = str(spec.name)
    if name in header:
        return ColumnGroup(spec, (header.index(name),), ())
    places: dict[tuple[int, ...], int] = {}
    for position, column in enumerate(header):
        indices = column.removeprefix(name) if column.startswith(name) else ""
        if _INDICES.match(indices):
            places[tuple(map(int, re.findall("[0-9]+", indices)))] = position
    return _require_grid(spec, places, label) if places else None


def _require_grid(spec: TensorSpec, places: dict[tuple[int, ...], int], label: str) -> ColumnGroup:
    """The group of elements that leave no gap: every index is next to one that is there."""
    indices = sorted(places)
    if len({len(index) for index in indices}) > 1:
        raise InputDataError(
            f"'{label}' has columns of input '{spec.name}' with one and with more indices."
        )
    tail = tuple(1 + max(positions) for positions in zip(*indices, strict=True))
    for position, index in enumerate(indices):
        expected = _index_at(position, tail)
        if index != expected:
            column = str(spec.name) + "".join(f"[{at}]" for at in expected)
            raise InputDataError(f"'{label}' lacks the column '{column}' of input '{spec.name}'.")
    return ColumnGroup(spec, tuple(places[index] for index in indices), tail)


def _index_at(position: int, tail: tuple[int, ...]) -> tuple[int, ...]:
    """The index of the element at a position in C order."""
    index: list[int] = []
    for size in reversed(tail):
        position, at = divmod(position, size)
        index.insert(0, at)
    return tuple(index)


def _list(header: Sequence[str]) -> str:
    shown = ", ".join(header[:8])
    return f"{shown}, … ({len(header)} in all)" if len(header) > 8 else shown
