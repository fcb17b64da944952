"""Builds serialized tf.Example messages from JSON, for ``--example``.

A number with a point is a float feature, one without an integer feature, true and false are 1 and
0, text is a bytes feature, and so is ``{"b64": "…"}``. A list is several values of one kind.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfexport.data.json_values import parse_json
from tfexport.data.matching import find_input
from tfexport.data.sources import ArraySource, MemoryArray
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec


def make_example_source(
    texts: Sequence[str], inputs: Sequence[TensorSpec], name: str | None = None
) -> ArraySource:
    """One serialized tf.Example for each JSON object in ``texts``, for the input that takes them.

    Raises InputDataError for JSON that is no object of features, and for an input of numbers.
    """
    spec = _find_string_input(inputs, name)
    values = np.empty(len(texts), object)
    values[:] = [serialize_example(text) for text in texts]
    array = values.reshape(() if spec.shape == () and len(texts) == 1 else (len(texts),))
    return ArraySource("--example", {str(spec.name): MemoryArray(array)})


def _find_string_input(inputs: Sequence[TensorSpec], name: str | None) -> TensorSpec:
    texts = [spec for spec in inputs if spec.dtype == "string"]
    if name is None and len(texts) == 1:
        return texts[0]
    spec = find_input(inputs, name, "--example")
    if spec.dtype != "string":
        raise InputDataError(
            f"--example makes serialized tf.Example messages, and input '{spec.name}' takes "
            f"{spec.display()}. Give its values with --input."
        )
    return spec


def serialize_example(text: str) -> bytes:
    """The serialized tf.Example of a JSON object ``{FEATURE: value}``.

    Raises InputDataError for what no feature holds: null, nested lists, text among numbers.
    """
    from tfexport.savedmodel import protos

    shown = text if len(text) <= 40 else f"{text[:40]}…"
    features = parse_json(text, f"--example '{shown}'")
    if not isinstance(features, dict):
        raise InputDataError(
            f"--example '{shown}' is no object. Expected features by name, as in '{{\"x\": 1.0}}'."
        )
    example = protos.example_pb2.Example()
    for name, value in features.items():
        values = value if isinstance(value, list) else [value]
        try:
            _fill(example.features.feature[name], values)
        except ValueError as error:
            raise InputDataError(f"--example '{shown}': feature '{name}' {error}.") from None
    serialized: bytes = example.SerializeToString(deterministic=True)
    return serialized


def _fill(feature: Any, values: Sequence[Any]) -> None:
    if not values:
        return
    if all(_is_text(value) for value in values):
        feature.bytes_list.value.extend(map(_encode, values))
    elif all(isinstance(value, int) for value in values):
        if not all(-(2**63) <= value < 2**63 for value in values):
            raise ValueError("has an integer that is no int64")
        feature.int64_list.value.extend(map(int, values))
    elif all(isinstance(value, (int, float)) for value in values):
        feature.float_list.value.extend(map(float, values))
    else:
        raise ValueError("must be a number, text, or a list of one of them")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and value.keys() == {"b64"})


def _encode(value: str | dict[str, str]) -> bytes:
    try:
        return (
            value.encode()
            if isinstance(value, str)
            else base64.b64decode(value["b64"], validate=True)
        )
    except (UnicodeEncodeError, binascii.Error, TypeError):
        raise ValueError("has text that cannot be turned into bytes") from None
