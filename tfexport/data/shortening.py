"""Floats with the fewest digits that still say which value they are."""

from __future__ import annotations

import numpy as np

from tfexport.data.arrays import Array
from tfexport.data.parts import storable

# Digits that every float32 has room for, and digits that tell any two of them apart.
_FEWEST, _MOST = 6, 9
# Powers of ten up to this are exact in a float64, so that a product or quotient with one is the
# float64 nearest to the decimal number.
_EXACT_POWER = 22


def shorten(array: Array) -> Array:
    """Numbers as Python would show them, with a float32's digits where it has no more.

    A float32 0.1 is 0.10000000149011612 as a float64; what comes back is 0.1, the float64 whose
    ``repr`` is shortest among those that are the same float32. Smaller floats are shown as the
    float32 of their value. Shapes stay, NaN and infinities too; integers, bools and float64 come
    back as they are.
    """
    array = storable(array)
    if array.dtype.kind != "f" or array.dtype.itemsize >= 8:
        return array
    floats: Array = array.astype(np.float32)
    with np.errstate(all="ignore"):
        return _shorten_floats(floats)


def _shorten_floats(array: Array) -> Array:
    exact: Array = array.astype(np.float64)
    result: Array = exact.copy()
    pending = np.isfinite(exact) & (exact != 0)
    exponent = np.floor(np.log10(np.where(pending, np.abs(exact), 1))).astype(np.int64)
    in_reach = np.abs(exponent) <= _EXACT_POWER - _MOST
    for digits in range(_FEWEST, _MOST + 1):
        candidate = _round(exact, digits - 1 - exponent)
        found = pending & in_reach & (candidate.astype(np.float32) == array)
        result[found] = candidate[found]
        pending &= ~found
    # The very large and the very small are few: numpy's text of them, at a microsecond each.
    result[pending] = array[pending].astype(np.str_).astype(np.float64)
    return result


def _round(values: Array, decimals: Array) -> Array:
    # Two branches, because only non-negative powers of ten are exact.
    power = 10.0 ** np.abs(decimals)
    rounded: Array = np.where(
        decimals >= 0, np.rint(values * power) / power, np.rint(values / power) * power
    )
    return rounded
