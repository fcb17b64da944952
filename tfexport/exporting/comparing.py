"""Two results of one call: how far apart they are, and whether that is too far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfexport.dtypes import dtype_of_numpy

Array = np.ndarray[Any, np.dtype[Any]]

# How far the optimised graph may be from the operations run one by one, in units of
# max(1, |expected|): a few hundred times the dtype's rounding. Everything else must be equal.
_TOLERANCES = {
    "float64": 1e-9,
    "complex128": 1e-9,
    "float32": 1e-4,
    "complex64": 1e-4,
    "float16": 1e-2,
    "bfloat16": 5e-2,
}


@dataclass(frozen=True)
class OutputDifference:
    """How far an output is from what was expected.

    ``absolute`` and ``relative`` are the largest differences; ``needed`` is the smallest tolerance
    that would pass, in units of ``max(1, |expected|)``, and ``index`` where that is, with the
    ``expected`` and ``actual`` values there as text. ``problem`` is set where dtype or shape
    differ, or values that no tolerance brings together.
    """

    name: str
    absolute: float = 0.0
    relative: float = 0.0
    needed: float = 0.0
    allowed: float = 0.0
    index: tuple[int, ...] = ()
    expected: str = ""
    actual: str = ""
    problem: str | None = None

    @property
    def is_too_large(self) -> bool:
        """Whether the outputs are to be called different."""
        return self.problem is not None or not self.needed <= self.allowed


def compare_outputs(
    expected: Mapping[str, Array], actual: Mapping[str, Array], tolerance: float | None = None
) -> list[OutputDifference]:
    """The difference of each output, by name. A ``tolerance`` replaces the dtypes' own."""
    missing = [OutputDifference(n, problem="is missing") for n in expected if n not in actual]
    return missing + [
        compare_arrays(name, expected[name], actual[name], tolerance)
        for name in expected
        if name in actual
    ]


def compare_arrays(
    name: str, expected: Array, actual: Array, tolerance: float | None = None
) -> OutputDifference:
    """The difference of one output. Two NaN are equal, and so are two infinities of one sign."""
    if expected.dtype != actual.dtype or expected.shape != actual.shape:
        return OutputDifference(name, problem=f"is {_shown(actual)} instead of {_shown(expected)}")
    if expected.dtype.kind not in "fc" and "float" not in expected.dtype.name:
        return _compare_exactly(name, expected, actual)
    allowed = _TOLERANCES.get(expected.dtype.name, 0.25) if tolerance is None else tolerance
    return _compare_closely(name, expected, actual, allowed)


def _compare_exactly(name: str, expected: Array, actual: Array) -> OutputDifference:
    differs = np.asarray(expected != actual)
    if not differs.any():
        return OutputDifference(name)
    index = np.unravel_index(int(np.argmax(differs)), differs.shape)
    at, wanted, found = _place(index), _text(expected[index]), _text(actual[index])
    count = int(np.count_nonzero(differs))
    problem = f"{_at(at)}is {found} instead of {wanted}, and {count} of {differs.size} differ"
    return OutputDifference(name, index=at, expected=wanted, actual=found, problem=problem)


def _compare_closely(name: str, expected: Array, actual: Array, allowed: float) -> OutputDifference:
    if expected.size == 0:
        return OutputDifference(name, allowed=allowed)
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    wanted, found = expected.astype(wide), actual.astype(wide)
    with np.errstate(all="ignore"):
        same = (wanted == found) | (np.isnan(wanted) & np.isnan(found))
        distance = np.where(same, 0.0, np.abs(wanted - found))
        distance = np.where(np.isnan(distance), np.inf, distance)
        size = np.abs(wanted)
        relative = np.where(distance == 0, 0.0, distance / size)
        needed = np.where(distance == 0, 0.0, distance / np.fmax(1.0, size))
        needed = np.where(np.isnan(needed), np.inf, needed)
    index = np.unravel_index(int(np.argmax(needed)), needed.shape)
    return OutputDifference(
        name,
        absolute=float(distance.max()),
        relative=float(np.nanmax(relative)),
        needed=float(needed[index]),
        allowed=allowed,
        index=_place(index),
        expected=_text(expected[index]),
        actual=_text(actual[index]),
    )


def describe_difference(difference: OutputDifference) -> str:
    """One sentence on a difference that is too large, with what would let it pass."""
    start = f"Output '{difference.name}'"
    if difference.problem is not None:
        return f"{start} {difference.problem}."
    text = (
        f"{start} {_at(difference.index)}is {difference.actual} instead of "
        f"{difference.expected}: absolute difference {difference.absolute:.3g}, relative "
        f"{difference.relative:.3g}."
    )
    if np.isfinite(difference.needed):
        text += f" It would pass with --tolerance {_rounded_up(difference.needed)}."
    return text


def _rounded_up(value: float) -> str:
    """Two digits, never below ``value``."""
    text = f"{value:.1e}"
    return text if float(text) >= value else f"{value * 1.05:.1e}"


def _place(index: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(int(at) for at in index)


def _at(index: tuple[int, ...]) -> str:
    return f"at {list(index)} " if index else ""


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, (bytes, str)) else str(value)


def _shown(array: Array) -> str:
    return f"{dtype_of_numpy(array.dtype)} {list(array.shape)}"
