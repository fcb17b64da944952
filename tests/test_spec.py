"""The one value for names, dtypes and shapes: what it reads, what it prints, what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfexport.dtypes import item_size, numpy_dtype, parse_dtype
from tfexport.errors import SpecError
from tfexport.spec import TensorSpec, format_shape, parse_spec

DTYPES = ["float32", "int64", "string", "bool", "bfloat16", "complex128", "uint8", "float8_e5m2"]


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("None,5", TensorSpec(None, "float32", (None, 5))),
        ("x=?,5", TensorSpec("x", "float32", (None, 5))),
        ("x=-1,5:int64", TensorSpec("x", "int64", (None, 5))),
        ("x=[None, 5]", TensorSpec("x", "float32", (None, 5))),
        ("3", TensorSpec(None, "float32", (3,))),
        ("3,", TensorSpec(None, "float32", (3,))),
        ("scalar", TensorSpec(None, "float32", ())),
        ("step=scalar:int", TensorSpec("step", "int32", ())),
        ("()", TensorSpec(None, "float32", ())),
        ("x=unknown:string", TensorSpec("x", "string", None)),
        ("batch.image=None,28,28,1", TensorSpec("batch.image", "float32", (None, 28, 28, 1))),
        ("None,128:HALF", TensorSpec(None, "float16", (None, 128))),
        ("0,2", TensorSpec(None, "float32", (0, 2))),
    ],
)
def test_a_spec_is_read(text: str, spec: TensorSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "None,five",
            "Spec 'None,five': 'five' is no dimension. Expected [NAME=]DIM,DIM…[:DTYPE], as in "
            "'x=None,5:float32'; 'scalar' for rank 0.",
        ),
        (
            "",
            "Spec '': '' is no dimension. Expected [NAME=]DIM,DIM…[:DTYPE], as in "
            "'x=None,5:float32'; 'scalar' for rank 0.",
        ),
        (
            "-2,5",
            "Spec '-2,5': '-2' is no dimension. Expected [NAME=]DIM,DIM…[:DTYPE], as in "
            "'x=None,5:float32'; 'scalar' for rank 0.",
        ),
        (
            "2x=None,5",
            "Spec '2x=None,5': '2x' is no argument name. Expected [NAME=]DIM,DIM…[:DTYPE], as in "
            "'x=None,5:float32'.",
        ),
    ],
)
def test_what_is_no_spec_says_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(SpecError) as raised:
        parse_spec(text)
    assert str(raised.value) == message


def test_an_unknown_dtype_lists_the_known_ones() -> None:
    with pytest.raises(SpecError) as raised:
        parse_spec("x=5:flot32")
    message = str(raised.value)
    assert message.startswith("Spec 'x=5:flot32': 'flot32' is no dtype. TensorFlow's are: float32,")
    assert "\n" not in message


@given(
    st.none() | st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
    st.sampled_from(DTYPES),
    st.none() | st.lists(st.none() | st.integers(0, 2**40), max_size=6).map(tuple),
)
def test_what_a_spec_prints_reads_as_the_same_spec(
    name: str | None, dtype: str, shape: tuple[int | None, ...] | None
) -> None:
    spec = TensorSpec(name, dtype, shape)
    assert parse_spec(str(spec)) == spec


@given(st.text(max_size=30))
def test_any_text_is_a_spec_or_a_line_that_says_why_not(text: str) -> None:
    try:
        assert parse_spec(text).dtype
    except SpecError as error:
        assert text in str(error)


def test_shapes_are_shown_with_question_marks() -> None:
    assert format_shape((None, 5)) == "[?, 5]"
    assert format_shape(()) == "[]"
    assert format_shape(None) == "[...]"


@pytest.mark.parametrize("name", DTYPES)
def test_a_numpy_dtype_is_as_large_as_tensorflow_says(name: str) -> None:
    if name == "string":
        assert numpy_dtype(name).kind == "O"
    else:
        assert numpy_dtype(parse_dtype(name)).itemsize == item_size(name)
