from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from tfexport.data.shortening import shorten


@given(hnp.arrays("float32", (5,)))
def test_a_float32_has_numpys_shortest_digits(array: np.ndarray) -> None:
    short = shorten(array)
    assert short.dtype == np.float64
    assert np.array_equal(short, array.astype("U").astype(np.float64), equal_nan=True)


@pytest.mark.parametrize("value", [0.1, 3.4028235e38, 1e-45, 1.1754944e-38, 123456.79, 1e10, -0.0])
def test_the_limits_are_shortened_too(value: float) -> None:
    assert shorten(np.array(value, np.float32)).tolist() == value


def test_other_types_keep_their_values() -> None:
    assert shorten(np.array([0.1])).tolist() == [0.1]
    assert shorten(np.array([2**53 + 1])).tolist() == [2**53 + 1]
    assert shorten(np.array([72], ml_dtypes.float8_e4m3fn)).tolist() == [72.0]
    assert shorten(np.array([7], ml_dtypes.int4)).tolist() == [7]
