from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.feeds import strings
from tfexport.data.json_values import build_array, describe_index, list_values, parse_json
from tfexport.errors import InputDataError


def refusal(text: str, dtype: str) -> str:
    with pytest.raises(InputDataError) as caught:
        build_array(parse_json(text, "d.json"), dtype, "d.json", describe_index("x"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "dtype", "kind", "values"),
    [
        ("[[1, 2], [3, 4]]", "float32", "float64", [[1.0, 2.0], [3.0, 4.0]]),
        ("7", "int32", "int64", 7),
        ("[]", "int32", "float64", []),
        ("[true, false]", "bool", "bool", [True, False]),
        ("[9007199254740993]", "int64", "int64", [2**53 + 1]),
        ("[9007199254740993, 1.0]", "int64", "int64", [2**53 + 1, 1]),
        ("[9223372036854775807, -9223372036854775808]", "int64", "int64", [2**63 - 1, -(2**63)]),
        ("[18446744073709551615, 1]", "uint64", "uint64", [2**64 - 1, 1]),
        ("[16777217]", "float32", "float64", [16777217.0]),
        ("[10000000000000000000000]", "float32", "float64", [1e22]),
        ("[1.5]", "int32", "float64", [1.5]),
        ("[NaN, -Infinity]", "float32", "float64", [float("nan"), float("-inf")]),
        ('["1+2j", 3]', "complex64", "complex128", [1 + 2j, 3 + 0j]),
        ('["a", "\\u00fc"]', "string", "object", [b"a", "ü".encode()]),
        ('[{"b64": "AP8="}]', "string", "object", [b"\0\xff"]),
        ('"a"', "string", "object", b"a"),
    ],
)
def test_json_becomes_an_array(text: str, dtype: str, kind: str, values: Any) -> None:
    array = build_array(parse_json(text, "d.json"), dtype, "d.json", describe_index("x"))
    assert array.dtype == kind
    assert repr(array.tolist()) == repr(values)


@pytest.mark.parametrize(
    ("text", "dtype", "message"),
    [
        ("[[1, 2], [3]]", "float32", "x[1] has 1 element, and x[0] has 2 elements."),
        ("[[1, 2], 3]", "float32", "x[1] is 3, and x[0] has 2 elements."),
        ("[1, [2]]", "int32", "x[1] has 1 element, and x[0] is 1."),
        (
            "[[[1], [2]], [[3, 4], [5, 6]]]",
            "int32",
            "x[1][0] has 2 elements, and x[0][0] has 1 element.",
        ),
        ('["a", ["b"]]', "string", 'x[1] has 1 element, and x[0] is "a".'),
        ('[1, "2"]', "float32", 'x[1] is "2", where a number is expected.'),
        ("[[1], [null]]", "int32", "x[1][0] is null, where a number is expected."),
        ("[{}]", "int32", "x[0] is {}, where a number is expected."),
        (
            "[18446744073709551616]",
            "uint64",
            "x[0] is 18446744073709551616, which is beyond any integer dtype.",
        ),
        (
            "[18446744073709551615, -1]",
            "int64",
            "x[0] is 18446744073709551615, which is beyond any integer dtype.",
        ),
        (
            '["a", 5]',
            "string",
            'x[1] is 5, where text is expected ("…", or {"b64": "…"}).',
        ),
        ('[{"b64": "?"}]', "string", 'x[0] is {"b64": "?"}, which is no base64.'),
        ('["\\ud800"]', "string", 'x[0] is "\\ud800", which UTF-8 cannot write.'),
        ('["i"]', "complex64", 'x[0] is "i", where a complex number is expected ("1+2j").'),
    ],
)
def test_what_makes_no_array_is_named_with_its_place(text: str, dtype: str, message: str) -> None:
    assert refusal(text, dtype) == f"d.json: {message}"


def test_an_integer_beyond_every_float_is_named() -> None:
    message = refusal(f"[0.5, 1{'0' * 400}]", "float32")
    assert message.startswith("d.json: x[1] is 1000000000")
    assert message.endswith("…, which is beyond any float.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2", "d.json is no JSON: Expecting ',' delimiter: line 1 column 6 (char 5)."),
        ("", "d.json is no JSON: Expecting value: line 1 column 1 (char 0)."),
        ("[" * 100_000, "d.json is no JSON for an array: it is too deep."),
    ],
)
def test_what_is_no_json_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputDataError) as caught:
        parse_json(text, "d.json")
    assert str(caught.value) == message


def test_bytes_that_are_no_utf8_are_no_json() -> None:
    with pytest.raises(InputDataError) as caught:
        parse_json(b'"\xff"', "d.json")
    assert str(caught.value) == "d.json is no JSON: it is not UTF-8."


def test_a_huge_integer_is_refused() -> None:
    with pytest.raises(InputDataError) as caught:
        parse_json("9" * 10_000, "d.json")
    assert "\n" not in str(caught.value)


def test_values_are_listed_as_a_reader_would_write_them() -> None:
    assert json.dumps(list_values(np.array([[0.1, 1e30], [-0.0, 3]], np.float32))) == (
        "[[0.1, 1e+30], [-0.0, 3.0]]"
    )
    assert list_values(np.array(True)) is True
    assert list_values(strings(b"a", b"\xff")) == ["a", {"b64": "/w=="}]
    assert list_values(np.array([1 + 2j, -1j])) == ["1+2j", "-0-1j"]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_every_int64_is_exact(values: list[int]) -> None:
    array = build_array(json.loads(json.dumps(values)), "int64", "", describe_index("x"))
    assert array.dtype == np.int64
    assert array.tolist() == values
