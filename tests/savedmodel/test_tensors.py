"""The first values of a TensorProto as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfexport.savedmodel import protos
from tfexport.savedmodel.tensors import format_tensor_values


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (0.1, "float32", "0.1"),
        (2.0, "float32", "2.0"),
        (-1e30, "float32", "-1e+30"),
        (0.1, "float64", "0.1"),
        (1.5, "float16", "1.5"),
        (1.5, "bfloat16", "1.5"),
        (float("nan"), "float32", "nan"),
        (7, "int32", "7"),
        (-7, "int8", "-7"),
        (2**40, "int64", "1099511627776"),
        (2**63, "uint64", "9223372036854775808"),
        (True, "bool", "True"),
        ("über", "string", "'über'"),
        (b"\xff\n", "string", r"'\\xff\n'"),
        ("x" * 100, "string", f"'{'x' * 60}'…"),
        ([], "float32", "[]"),
        ([1, 2], "int16", "[1, 2]"),
        ([[1.0, 2.0], [3.0, 4.0]], "float32", "[1.0, 2.0, 3.0, 4.0]"),
        (np.zeros(1000), "float64", "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, … (1,000 values)]"),
        ([1 + 2j], "complex64", "…"),
    ],
)
def test_values_are_written_as_python_would(value: Any, dtype: str, text: str) -> None:
    assert format_tensor_values(tf.make_tensor_proto(value, dtype)) == text


def test_the_last_value_of_a_list_repeats() -> None:
    proto = protos.tensor_pb2.TensorProto(dtype=1, float_val=[1.0, 2.0])
    proto.tensor_shape.dim.add(size=4)
    assert format_tensor_values(proto) == "[1.0, 2.0, 2.0, 2.0]"


def test_a_declared_size_does_not_matter() -> None:
    proto = protos.tensor_pb2.TensorProto(dtype=1, float_val=[1.0])
    for _ in range(5):
        proto.tensor_shape.dim.add(size=2**62)
    assert format_tensor_values(proto) == "[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]"


def test_content_that_is_too_short_is_not_made_up() -> None:
    proto = protos.tensor_pb2.TensorProto(dtype=1, tensor_content=b"\x00\x00\x80\x3f\x00")
    proto.tensor_shape.dim.add(size=2)
    assert format_tensor_values(proto) == "[1.0, … (2 values)]"
