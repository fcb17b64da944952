"""Requests that TensorFlow Serving makes to a model before it serves: ``--warmup``.

A TFRecord file of ``PredictionLog``, written field by field because the messages are not in the
``tensorflow`` package: PredictionLog.predict_log = 6, PredictLog.request = 1,
PredictRequest.model_spec = 1 and .inputs = 2, ModelSpec.name = 1 and .signature_name = 3
(``tensorflow_serving/apis/prediction_log.proto``, ``predict.proto``, ``model.proto``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from tfexport.exporting.calling import Call
from tfexport.exporting.generating import Array
from tfexport.exporting.writing import disk_failures_reported

FILE_NAME = "tf_serving_warmup_requests"

_LENGTH_DELIMITED = 2  # wire type of strings and messages


def write_warmup_requests(directory: Path, model: str, calls: Sequence[Call]) -> None:
    """Write a request for each call into ``directory``, to a model of that name.

    Raises DestinationError where the disk does not take it.
    """
    directory.mkdir(exist_ok=True)
    file = os.fspath(directory / FILE_NAME)
    with disk_failures_reported(), tf.io.TFRecordWriter(file) as writer:
        for call in calls:
            writer.write(encode_prediction_log(model, call.signature, call.inputs))


def encode_prediction_log(model: str, signature: str, inputs: Mapping[str, Array]) -> bytes:
    """The bytes of a ``PredictionLog`` of one ``PredictRequest``."""
    spec = _field(1, model.encode()) + _field(3, signature.encode())
    request = _field(1, spec)
    for name, array in inputs.items():
        tensor = tf.make_tensor_proto(array).SerializeToString()
        request += _field(2, _field(1, name.encode()) + _field(2, tensor))
    return _field(6, _field(1, request))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
