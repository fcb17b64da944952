from __future__ import annotations

import math
import warnings
from fractions import Fraction
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.data.feeds import has_dtype
from tfexport.data import casting
from tfexport.data.casting import fit_dtype
from tfexport.dtypes import numpy_dtype
from tfexport.errors import InputDataError

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
SMALL_INTEGERS = [name for name in ("int4", "uint4", "int2", "uint2") if has_dtype(name)]
FLOATS = ["float16", "float32", "float64"]
SMALL_FLOATS = [
    "bfloat16",
    "float8_e5m2",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e4m3b11fnuz",
    "float8_e5m2fnuz",
]
NUMBERS = ["bool", *INTEGERS, *SMALL_INTEGERS, *FLOATS, *SMALL_FLOATS, "complex64", "complex128"]
QUANTIZED = {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "qint32": "int32"}

HINT = "Let values change with --cast (cast=True in Python)."


def refusal(array: np.ndarray, dtype: str, **options: object) -> str:
    with pytest.raises(InputDataError) as caught:
        fit_dtype(array, dtype, label="Input 'x'", **options)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_the_right_dtype_comes_back_as_the_same_array(dtype: str) -> None:
    array = np.zeros(3, numpy_dtype(dtype))
    assert fit_dtype(array, dtype, label="x") is array


def test_a_memory_mapped_array_stays_memory_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((4, 2), np.float32))
    array = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert fit_dtype(array, "float32", label="x") is array


@pytest.mark.parametrize(("dtype", "holder"), QUANTIZED.items())
def test_quantized_values_are_their_integers(dtype: str, holder: str) -> None:
    assert fit_dtype(np.array([1, 2]), dtype, label="x").dtype == holder


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        (np.array([[1, 2], [256, 3]]), "uint8", "256 at [1, 0] would become 0"),
        (np.array([0, -1]), "uint64", "-1 at [1] would become 18446744073709551615"),
        (np.array([2**63], np.uint64), "int64", f"{2**63} at [0] would become {-(2**63)}"),
        (np.array([8]), "int4", "8 at [0] would become -8"),
        (np.array([2.0, 1.5]), "int32", "1.5 at [1] would become 1"),
        (np.array(1.5), "int32", "1.5 would become 1"),
        (np.array([1e39]), "float32", "1e+39 at [0] would become inf"),
        (np.array([70000]), "float16", "70000 at [0] would become inf"),
        (np.array([2**24 + 1]), "float32", "16777217 at [0] would become 16777216.0"),
        (np.array([2**53 + 1]), "float64", f"{2**53 + 1} at [0] would become {2.0**53}"),
        (np.array([500.0]), "float8_e4m3fn", "500.0 at [0] would become nan"),
        (np.array([np.inf]), "float8_e4m3fn", "inf at [0] would become nan"),
        (np.array([7.0]), "float4_e2m1fn", "7.0 at [0] would become 6.0"),
        (np.array([0, 1, 2]), "bool", "2 at [2] would become True"),
        (np.array([0.0, np.nan]), "bool", "nan at [1] would become True"),
        (np.array([1 + 2j]), "float32", "(1+2j) at [0] would become 1.0"),
        (np.array([1.5 + 0j]), "int32", "(1.5+0j) at [0] would become 1"),
        (np.array([1e39j]), "complex64", "1e+39j at [0] would become infj"),
    ],
)
def test_a_cast_that_changes_a_value_is_refused(
    values: np.ndarray, dtype: str, message: str
) -> None:
    if not has_dtype(dtype):
        pytest.skip(f"the installed ml_dtypes has no {dtype}")
    assert refusal(values, dtype) == f"Input 'x' takes {dtype}: {message}. {HINT}"


def test_the_first_index_counts_from_the_first_row_of_the_batch() -> None:
    message = refusal(np.array([[1], [256]]), "uint8", first_row=1000)
    assert message == f"Input 'x' takes uint8: 256 at [1001, 0] would become 0. {HINT}"


@pytest.mark.parametrize("dtype", ["int64", "float64", "float16", "bfloat16", "float8_e5m2"])
def test_nan_is_kept_by_floats_and_refused_by_integers(dtype: str) -> None:
    array = np.array([np.nan])
    if dtype == "int64":
        assert refusal(array, dtype).startswith("Input 'x' takes int64: nan at [0] would become ")
    else:
        assert np.isnan(fit_dtype(array, dtype, label="x")).all()


def test_infinity_and_the_sign_of_zero_are_kept() -> None:
    kept = fit_dtype(np.array([np.inf, -np.inf, -0.0]), "float32", label="x")
    assert kept.tolist() == [np.inf, -np.inf, 0.0]
    assert np.signbit(kept[2])


def test_rounding_to_a_smaller_float_is_no_change() -> None:
    assert fit_dtype(np.array([0.1, 1e-50]), "float32", label="x").tolist() == [
        pytest.approx(0.1),
        0.0,
    ]


def test_a_bool_becomes_any_number() -> None:
    for dtype in NUMBERS[1:]:
        assert fit_dtype(np.array([True, False]), dtype, label="x").tolist() == [1, 0]


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool", "float32", "float8_e4m3fn"])
def test_with_cast_values_change_as_numpy_changes_them_without_a_warning(dtype: str) -> None:
    values = np.array([1.5, 300.0, 1e39, -2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = fit_dtype(values, dtype, label="x", cast=True)
    with np.errstate(all="ignore"):
        assert got.tobytes() == values.astype(numpy_dtype(dtype)).tobytes()


def test_with_cast_a_complex_number_loses_its_imaginary_part() -> None:
    assert fit_dtype(np.array([1 + 2j]), "float32", label="x", cast=True).tolist() == [1.0]


def test_other_byte_orders_and_memory_orders_are_no_obstacle() -> None:
    values = np.arange(6).reshape(2, 3)
    assert fit_dtype(values.astype(">i4"), "int32", label="x").tolist() == values.tolist()
    assert fit_dtype(values.astype(">f8"), "int32", label="x").tolist() == values.tolist()
    assert fit_dtype(np.asfortranarray(values), "float32", label="x").tolist() == values.tolist()
    assert fit_dtype(values[:, ::-2], "uint8", label="x").tolist() == values[:, ::-2].tolist()


def test_raw_bytes_of_the_right_size_are_the_type_that_numpy_cannot_name() -> None:
    values = np.array([1.5, -2.0], ml_dtypes.bfloat16)
    assert fit_dtype(values.view("V2"), "bfloat16", label="x").tolist() == [1.5, -2.0]


def test_text_becomes_utf8_bytes() -> None:
    expected = [b"a", "ü".encode()]
    for array in (
        np.array(["a", "ü"]),
        np.array([b"a", "ü".encode()]),
        np.array(["a", "ü".encode()], object),
    ):
        got = fit_dtype(array, "string", label="x")
        assert got.dtype == object
        assert got.tolist() == expected


def test_an_array_of_bytes_objects_comes_back_as_it_is() -> None:
    array = np.array([b"a", b"b\0"], object)
    assert fit_dtype(array, "string", label="x") is array


def test_numbers_are_no_text_but_for_cast() -> None:
    assert refusal(np.array([1]), "string") == (
        "Input 'x' takes string, not int64. Numbers become text with --cast (cast=True in Python)."
    )
    assert refusal(np.array(["a", None], object), "string") == (
        "Input 'x' takes string: None at [1] is neither text nor bytes."
    )
    assert fit_dtype(np.array([1, 2]), "string", label="x", cast=True).tolist() == [b"1", b"2"]


def test_text_that_utf8_has_no_bytes_for_is_refused() -> None:
    assert refusal(np.array(["a", "\ud800"]), "string") == (
        "Input 'x': '\\ud800' at [1] cannot be written as UTF-8."
    )


def test_text_is_no_number_but_for_cast() -> None:
    assert refusal(np.array([["1.5"]]), "float32") == (
        "Input 'x' takes float32, not text: '1.5' at [0, 0]. "
        "Text is read as numbers with --cast (cast=True in Python)."
    )
    assert fit_dtype(np.array(["1.5"]), "int32", label="x", cast=True).tolist() == [1]
    assert refusal(np.array(["one"]), "float32", cast=True) == (
        "Input 'x' takes float32: 'one' at [0] is no number."
    )


def test_what_is_no_number_is_refused_even_with_cast() -> None:
    assert refusal(np.array(["2024-01-01"], "datetime64[D]"), "int64", cast=True) == (
        "Input 'x' takes int64, and there is no way from datetime64[D] to it. "
        "Convert it to numbers first."
    )


def test_resources_cannot_be_given() -> None:
    assert refusal(np.array([1]), "resource") == (
        "Input 'x' takes a resource, which no file or array holds."
    )


def test_a_change_in_a_late_block_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casting, "_BLOCK", 10)
    values = np.zeros((25, 3))
    values[21, 2] = 0.5
    assert "0.5 at [21, 2]" in refusal(values, "int8")
    assert "0.5 at [21, 2]" in refusal(np.asfortranarray(values), "int8")


@st.composite
def arrays_and_targets(draw: st.DrawFn) -> tuple[np.ndarray, str]:
    source = draw(st.sampled_from(["bool", *INTEGERS, *FLOATS]))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=4))
    elements = None
    largest = 15 if source == "float16" else 40
    exponents = st.integers(-40, largest)
    powers = st.builds(
        lambda sign, power, more: sign * 2.0**power + more,
        *[
            st.sampled_from([-1, 1]),
            exponents,
            st.sampled_from([-1, 0, 0.5, 1]),
        ],
    )
    if source in FLOATS and draw(st.booleans()):
        elements = powers.map(lambda value: float(np.dtype(source).type(value)))
    array = draw(hnp.arrays(source, shape, elements=elements))
    return array, draw(st.sampled_from(NUMBERS))


def survives(value: float | int | bool, after: complex, dtype: str) -> bool:
    """The rule in the words of the issue, one Python number at a time."""
    if isinstance(after, complex):
        after = after.real
    if isinstance(value, float) and dtype not in ("bool", *INTEGERS, *SMALL_INTEGERS):
        return math.isnan(value) == math.isnan(after) and math.isinf(value) == math.isinf(after)
    if not (math.isfinite(value) and math.isfinite(after)):
        return False
    return Fraction(value) == Fraction(after)


@given(arrays_and_targets())
def test_a_cast_happens_just_when_every_value_survives(case: tuple[np.ndarray, str]) -> None:
    array, dtype = case
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        via = array.astype(np.int8) if array.dtype == bool else array
        expected = via.astype(numpy_dtype(dtype))
        numbers = expected if expected.dtype.kind in "biufc" else expected.astype(np.float64)
    kept = [
        survives(before, after, dtype)
        for before, after in zip(array.ravel().tolist(), numbers.ravel().tolist(), strict=True)
    ]
    if all(kept):
        got = fit_dtype(array, dtype, label="x")
        assert got.dtype == expected.dtype
        assert got.shape == array.shape
        assert got.tobytes() == expected.tobytes()
    else:
        index = [int(i) for i in np.unravel_index(kept.index(False), array.shape)]
        place = f" at {index} would become" if index else " would become"
        assert place in refusal(array, dtype)
