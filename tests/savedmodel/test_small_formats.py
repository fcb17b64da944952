"""Names in order, numbers on the wire, the keys of slices, values of Python as text."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf
from tensorflow.python.saved_model import nested_structure_coder

from tfexport.savedmodel.ordering import natural_key
from tfexport.savedmodel.slices import slice_key
from tfexport.savedmodel.structured import format_inputs, format_value
from tfexport.savedmodel.wire import read_fields


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["x", "output_10", "output_2", "output_02", "y2", "y", "9", "10", "a/10/b", "a/9/b"]
    assert sorted(names, key=natural_key) == [
        *("9", "10", "a/9/b", "a/10/b", "output_02", "output_2", "output_10", "x", "y", "y2")
    ]


def test_a_long_number_in_a_name_costs_nothing() -> None:
    assert natural_key("9" * 100_000)


@pytest.mark.parametrize(
    ("name", "extents", "key"),
    [
        ("w", (), b"\x00w\x00\x01\x00"),
        ("w", ((0, 43), (0, 4)), b"\x00w\x00\x01\x01\x02\x80\xab\x80\x84"),
        ("w", ((43, 213), (0, 4)), b"\x00w\x00\x01\x01\x02\xab\xc0\xd5\x80\x84"),
        ("w", ((0, None),), b"\x00w\x00\x01\x01\x01\x80\x7f"),
        ("w", ((63, 64),), b"\x00w\x00\x01\x01\x01\xbf\xc0\x40"),
        ("w", ((8191, 8192),), b"\x00w\x00\x01\x01\x01\xdf\xff\xe0\x20\x00"),
        ("a\x00b", (), b"\x00a\x00\xffb\x00\x01\x00"),
    ],
)
def test_keys_of_slices_are_tensorflows(name: str, extents: Any, key: bytes) -> None:
    assert slice_key(name, extents) == key.decode("utf-8", "surrogateescape")


def encode(value: Any) -> Any:
    return nested_structure_coder.encode_structure(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (0.5, "0.5"),
        ("a'b", '"a\'b"'),
        ([1, "x"], "[1, 'x']"),
        ((), "()"),
        ((1,), "(1,)"),
        ({"b": 1, "a": None}, "{a: None, b: 1}"),
        (tf.TensorShape([None, 3]), "[?, 3]"),
        (tf.float32, "float32"),
        (tf.TensorSpec([None, 3], tf.int64), "int64 [?, 3]"),
        (tf.RaggedTensorSpec([None, None], tf.int32), "RaggedTensorSpec([?, ?], int32, 1, int64)"),
        (tf.SparseTensorSpec([2, 2], tf.float32), "SparseTensorSpec([2, 2], float32)"),
        (list(range(200)), f"[{', '.join(map(str, range(100)))}, …]"),
    ],
)
def test_values_are_written_as_python_would(value: Any, text: str) -> None:
    assert format_value(encode(value)) == text


def test_arguments_are_written_with_their_names() -> None:
    spec = tf.TensorSpec([2], tf.float32, "x")
    assert format_inputs(encode(((spec, 5), {"mode": "fast"}))) == (
        "(x: float32 [2], 5, mode: 'fast')"
    )


def test_nesting_is_cut_off_before_it_becomes_long() -> None:
    value: Any = 1
    for _ in range(30):
        value = [value]
    assert format_value(encode(value)) == "[" * 21 + "…" + "]" * 21


def test_fields_of_a_message_are_read_without_its_class() -> None:
    message = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x19" + bytes(8) + b"\x25" + bytes(4)
    assert list(read_fields(message)) == [(1, 150), (2, b"abc"), (3, bytes(8)), (4, bytes(4))]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\x12\x05abc", "a field reaches out of its message"),
        (b"\x08\x80", "a number is cut off"),
        (b"\x08" + b"\xff" * 20, "a number is cut off"),
        (b"\x0b", "wire type 3 is not in use"),
    ],
)
def test_bytes_that_are_no_message_are_refused(message: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(read_fields(message))
