"""Two arrays that should be equal: how far apart they are, and where it is worst."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfexport.comparing.tolerance import Tolerance
from tfexport.data.arrays import Array
from tfexport.dtypes import dtype_of_numpy
from tfexport.records import dataclass

_LONGEST_VALUE = 60


@dataclass(frozen=True)
class ArrayDifference:
    """How far ``actual`` is from ``expected``, element by element.

    ``differing`` of ``elements`` differ at all, ``beyond`` of them by more than is allowed.
    ``absolute`` and ``relative`` are the largest differences, ``mean_absolute`` and
    ``mean_relative`` the means, ``p99_absolute`` and ``p99_relative`` what 99 of 100 stay below.
    ``cosine`` is that of the angle between the two; ``same_argmax`` the share of rows whose
    largest element is in the same place. None where it makes no sense for the values.
    ``needed`` is the smallest tolerance, absolute and relative alike, that lets all pass, None
    where none does. ``index`` is where it is worst, with the values there as text. ``problem``
    says what is wrong where elements cannot be compared: another dtype, another shape.
    """

    name: str
    dtype: str
    elements: int = 0
    differing: int = 0
    beyond: int = 0
    absolute: float | None = None
    relative: float | None = None
    mean_absolute: float | None = None
    mean_relative: float | None = None
    p99_absolute: float | None = None
    p99_relative: float | None = None
    cosine: float | None = None
    same_argmax: float | None = None
    needed: float | None = 0.0
    index: tuple[int, ...] = ()
    expected: str = ""
    actual: str = ""
    problem: str | None = None

    @property
    def is_too_large(self) -> bool:
        """Whether the two are to be called different."""
        return self.problem is not None or self.beyond > 0


def compare_arrays(
    name: str, expected: Array, actual: Array, tolerance: Tolerance
) -> ArrayDifference:
    """The difference of one output. Two NaN are equal, and so are two infinities of one sign."""
    dtype = dtype_of_numpy(expected.dtype)
    if expected.dtype != actual.dtype or expected.shape != actual.shape:
        problem = f"is {_shown(actual)}, expected {_shown(expected)}"
        return ArrayDifference(name, dtype, needed=None, problem=problem)
    if expected.size == 0:
        return ArrayDifference(name, dtype)
    if _is_exact(expected):
        return _compare_exactly(name, dtype, expected, actual)
    return _compare_closely(name, dtype, expected, actual, tolerance)


def describe_difference(found: ArrayDifference) -> str:
    """One sentence on a difference that is too large, and what would let it pass."""
    if found.problem is not None:
        return found.problem
    at = f" at {list(found.index)}" if found.index else ""
    count = "" if found.elements == 1 else f"; {found.beyond:,} of {found.elements:,} are too far"
    text = f"is {found.actual}{at}, expected {found.expected}{count}"
    if found.absolute is not None and np.isfinite(found.absolute):
        text += f", by at most {found.absolute:.3g}"
    if found.needed is not None and found.needed > 0:
        enough = round_up(found.needed)
        text += f". It would pass with --atol {enough} --rtol {enough}"
    return text


def round_up(value: float) -> str:
    """A number with two digits, never below ``value``."""
    text = f"{value:.1e}"
    return text if float(text) >= value else f"{value * 1.05:.1e}"


def _is_exact(array: Array) -> bool:
    return array.dtype.kind in "iubOSU" or "int" in array.dtype.name


def _compare_exactly(name: str, dtype: str, expected: Array, actual: Array) -> ArrayDifference:
    differs = np.asarray(expected != actual)
    count = int(np.count_nonzero(differs))
    index = np.unravel_index(int(np.argmax(differs)), differs.shape)
    numbers: dict[str, Any] = {}
    if expected.dtype.kind in "iu":
        numbers = _measure(expected.astype(np.float64), actual.astype(np.float64), ~differs)[0]
        numbers.pop("needed")
    return ArrayDifference(
        name,
        dtype,
        elements=expected.size,
        differing=count,
        beyond=count,
        needed=None if count else 0.0,
        **(_place(index, expected, actual) if count else {}),
        same_argmax=_same_argmax(expected, actual) if expected.dtype.kind in "iu" else None,
        **numbers,
    )


def _compare_closely(
    name: str, dtype: str, expected: Array, actual: Array, tolerance: Tolerance
) -> ArrayDifference:
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    wanted, found = expected.astype(wide), actual.astype(wide)
    with np.errstate(all="ignore"):
        same = (wanted == found) | (np.isnan(wanted) & np.isnan(found))
        numbers, distance, needed = _measure(wanted, found, same)
        allowed = tolerance.absolute + tolerance.relative * np.abs(wanted)
        # Whatever is allowed of an infinite value, what is infinitely far from it is too far.
        beyond = ~same & ~((distance <= allowed) & np.isfinite(distance))
    index = np.unravel_index(int(np.argmax(np.where(beyond, needed + 1, needed))), needed.shape)
    different = bool((~same).any())
    return ArrayDifference(
        name,
        dtype,
        elements=expected.size,
        differing=int(np.count_nonzero(~same)),
        beyond=int(np.count_nonzero(beyond)),
        same_argmax=None if wide is np.complex128 else _same_argmax(expected, actual),
        **(_place(index, expected, actual) if different else {}),
        **numbers,
    )


def _measure(wanted: Array, found: Array, same: Array) -> tuple[dict[str, Any], Array, Array]:
    with np.errstate(all="ignore"):
        distance = np.where(same, 0.0, np.abs(wanted - found))
        distance = np.where(np.isnan(distance), np.inf, distance)
        size = np.where(np.isfinite(wanted), np.abs(wanted), 0.0)
        relative = (distance / size)[size > 0]  # there is no relative difference from zero
        needed = distance / (1 + size)
        cosine = _cosine(wanted, found)
    worst = float(needed.max())
    numbers = {
        "absolute": float(distance.max()),
        "relative": float(relative.max()) if relative.size else None,
        "mean_absolute": float(distance.mean()),
        "mean_relative": float(relative.mean()) if relative.size else None,
        "p99_absolute": _percentile(distance),
        "p99_relative": _percentile(relative) if relative.size else None,
        "cosine": cosine,
        "needed": worst if np.isfinite(worst) else None,
    }
    return numbers, distance, needed


def _percentile(values: Array) -> float:
    return float(np.quantile(values, 0.99, method="higher"))


def _cosine(wanted: Array, found: Array) -> float | None:
    first, second = wanted.reshape(-1), found.reshape(-1)
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    if not np.isfinite(lengths) or lengths == 0:
        return None
    return max(-1.0, min(1.0, float(np.vdot(first, second).real) / lengths))


def _same_argmax(expected: Array, actual: Array) -> float | None:
    if expected.ndim == 0 or expected.shape[-1] < 2 or expected.dtype.kind not in "fiu":
        return None
    return float(np.mean(expected.argmax(-1) == actual.argmax(-1)))


def _place(index: tuple[Any, ...], expected: Array, actual: Array) -> dict[str, Any]:
    return {
        "index": tuple(int(at) for at in index),
        "expected": _text(expected[index]),
        "actual": _text(actual[index]),
    }


def _text(value: Any) -> str:
    text = repr(value) if isinstance(value, (bytes, str)) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _shown(array: Array) -> str:
    return f"{dtype_of_numpy(array.dtype)} {list(array.shape)}"
