"""How far two arrays are apart, against plain numpy and by hand."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tfexport.comparing.arrays import compare_arrays, describe_difference, round_up
from tfexport.comparing.tolerance import Tolerance

NONE = Tolerance(0.0, 0.0)


def compare(expected: Any, actual: Any, tolerance: Tolerance = NONE) -> Any:
    return compare_arrays("y", np.asarray(expected), np.asarray(actual), tolerance)


def test_equal_arrays() -> None:
    values = np.float32([[1, 2], [3, 4]])
    found = compare(values, values.copy())
    assert (found.differing, found.beyond, found.absolute, found.needed) == (0, 0, 0.0, 0.0)
    assert found.cosine == pytest.approx(1.0)
    assert found.same_argmax == 1.0
    assert not found.is_too_large


def test_the_figures_of_a_difference() -> None:
    found = compare(np.float64([[1, 2], [0, 4]]), np.float64([[1, 2.5], [1, 4]]))
    assert (found.elements, found.differing, found.beyond) == (4, 2, 2)
    assert (found.absolute, found.mean_absolute, found.p99_absolute) == (1.0, 0.375, 1.0)
    # There is no relative difference from zero.
    assert found.relative == 0.25
    assert found.mean_relative == pytest.approx(0.25 / 3)
    assert found.index == (1, 0)
    assert (found.expected, found.actual) == ("0.0", "1.0")
    assert found.needed == 1.0
    assert found.same_argmax == 1.0
    assert found.cosine == pytest.approx(22 / np.sqrt(21 * 24.25))


@given(
    st_numpy.arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32)),
    st_numpy.arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32)),
    st.floats(0, 10),
    st.floats(0, 1),
)
@settings(max_examples=200, deadline=None)
def test_what_is_too_far_is_what_numpy_calls_so(
    expected: Any, actual: Any, absolute: float, relative: float
) -> None:
    found = compare(expected, actual, Tolerance(relative, absolute))
    wanted, given_ = expected.astype(np.float64), actual.astype(np.float64)
    close = np.isclose(given_, wanted, rtol=relative, atol=absolute)
    assert found.beyond == np.count_nonzero(~close)
    assert found.differing == np.count_nonzero(expected != actual)
    assert found.needed is not None
    enough = float(round_up(found.needed)) if found.needed else 0.0
    assert compare(expected, actual, Tolerance(enough, enough)).beyond == 0


def test_nan_and_infinity_are_equal_to_themselves_only() -> None:
    nan, inf = float("nan"), float("inf")
    assert not compare([nan, inf, -inf], [nan, inf, -inf]).is_too_large
    for pair in ((nan, 1.0), (1.0, nan), (inf, -inf), (1.0, inf), (inf, 1.0)):
        found = compare([pair[0]], [pair[1]], Tolerance(0.5, 1e30))
        assert (found.beyond, found.needed) == (1, None)
    assert describe_difference(compare([1.0, 2.0], [1.0, nan])) == (
        "is nan at [1], expected 2.0; 1 of 2 are too far"
    )


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn])
def test_small_floats_are_compared_as_numbers(dtype: Any) -> None:
    found = compare(np.array([1, 2], dtype), np.array([1, 3], dtype))
    assert (found.differing, found.absolute) == (1, 1.0)


def test_complex_numbers_are_compared_by_their_distance() -> None:
    found = compare(np.complex64([1 + 1j]), np.complex64([4 + 5j]))
    assert found.absolute == 5.0
    assert found.same_argmax is None


def test_integers_have_to_be_equal() -> None:
    found = compare(np.int64([2**60, 5]), np.int64([2**60 + 1, 5]), Tolerance(1.0, 1e9))
    assert (found.differing, found.beyond, found.needed) == (1, 1, None)
    assert (found.expected, found.actual) == (str(2**60), str(2**60 + 1))


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (np.array([b"a", b"b"], object), np.array([b"a", b"c"], object)),
        (np.array([True, False]), np.array([True, True])),
        (np.array([1, 2], ml_dtypes.int4), np.array([1, 3], ml_dtypes.int4)),
    ],
)
def test_what_is_no_number_is_equal_or_not(expected: Any, actual: Any) -> None:
    found = compare(expected, actual)
    assert (found.differing, found.beyond, found.absolute, found.index) == (1, 1, None, (1,))
    assert not compare(expected, expected).is_too_large


def test_another_dtype_or_shape_is_a_problem_of_its_own() -> None:
    found = compare(np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float64))
    assert (found.problem, found.needed) == ("is float64 [2, 3], expected float32 [2, 3]", None)
    assert found.is_too_large
    assert compare(np.zeros(2), np.zeros(3)).problem == "is float64 [3], expected float64 [2]"


def test_nothing_is_equal_to_nothing() -> None:
    found = compare(np.zeros((0, 3)), np.zeros((0, 3)))
    assert (found.elements, found.is_too_large) == (0, False)


def test_a_scalar_has_no_place() -> None:
    assert describe_difference(compare(np.float32(1), np.float32(1.5))) == (
        "is 1.5, expected 1.0, by at most 0.5. It would pass with --atol 2.5e-01 --rtol 2.5e-01"
    )


def test_long_texts_are_shortened() -> None:
    found = compare(np.array([b"x" * 1000], object), np.array([b"y"], object))
    assert len(found.expected) == 60 and found.expected.endswith("…")


def test_the_share_of_rows_with_the_same_argmax() -> None:
    found = compare(np.float32([[1, 2], [2, 1]]), np.float32([[1, 2], [1, 2]]))
    assert found.same_argmax == 0.5
    assert compare(np.float32([1.0]), np.float32([2.0])).same_argmax is None


@pytest.mark.parametrize("value", [0.123456, 1e-30, 9.99, 1.0, 123456.0])
def test_what_is_rounded_up_is_never_less(value: float) -> None:
    assert value <= float(round_up(value)) <= value * 1.12
