from __future__ import annotations

import numpy as np
import pytest

from tfexport.data.fitting import check_shape
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec, parse_spec


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        ("None,5", (0, 5)),
        ("None,5", (7, 5)),
        ("2,3", (2, 3)),
        ("scalar", ()),
        ("unknown", ()),
        ("unknown", (1, 2, 3)),
    ],
)
def test_a_shape_that_fits_passes(spec: str, shape: tuple[int, ...]) -> None:
    check_shape(np.zeros(shape), parse_spec(spec), label="x")


@pytest.mark.parametrize(
    ("spec", "shape", "help_text"),
    [
        ("None,5", (5,), "Add a leading dimension: [1, 5] fits."),
        ("1,5", (5,), "Add a leading dimension: [1, 5] fits."),
        ("None", (), "Add a leading dimension: [1] fits."),
        ("scalar", (1,), "Drop the leading dimension: [] fits."),
        ("5", (1, 5), "Drop the leading dimension: [5] fits."),
        ("None,5", (2, 3, 4), "It needs 2 dimensions, not 3."),
        ("None", (2, 3), "It needs 1 dimension, not 2."),
        ("scalar", (3,), "It needs 0 dimensions, not 1."),
        ("2,5", (9, 5), "Its batch is fixed: run it with --batch-size 2."),
        ("None,5", (5, 7), "Its transpose [7, 5] fits."),
        ("None,5", (7, 4), "Dimension 1 must be 5."),
        ("None,8,8,3", (1, 3, 8, 8), "Dimension 1 must be 8."),
    ],
)
def test_a_shape_that_does_not_fit_is_told_with_what_would(
    spec: str, shape: tuple[int, ...], help_text: str
) -> None:
    parsed = parse_spec(spec)
    with pytest.raises(InputDataError) as caught:
        check_shape(np.zeros(shape), parsed, label="Input 'x' (x.npy)")
    assert str(caught.value) == (
        f"Input 'x' (x.npy) expects {parsed.display()}, got float64 {list(shape)}. {help_text}"
    )


def test_text_is_shown_as_tensorflow_calls_it() -> None:
    with pytest.raises(InputDataError) as caught:
        check_shape(np.array("a"), TensorSpec("x", "string", (None,)), label="Input 'x'")
    assert str(caught.value) == (
        "Input 'x' expects string [?], got string []. Add a leading dimension: [1] fits."
    )


def test_a_streamed_input_may_have_any_number_of_rows() -> None:
    check_shape(np.zeros((9, 5)), parse_spec("2,5"), label="x", any_batch=True)
    with pytest.raises(InputDataError):
        check_shape(np.zeros((9, 4)), parse_spec("2,5"), label="x", any_batch=True)
