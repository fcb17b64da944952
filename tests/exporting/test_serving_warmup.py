"""Warm-up requests, read back field by field as TensorFlow Serving's messages have them."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.encoder import Encoder
from models.text_classifier import TextClassifier
from tfexport.errors import DestinationError
from tfexport.exporting.calling import Call
from tfexport.exporting.saving import save_module
from tfexport.exporting.serving_warmup import write_warmup_requests
from tfexport.exporting.starting import start_tensorflow
from tfexport.savedmodel.wire import read_fields

tf = start_tensorflow()


def read_message(content: bytes) -> dict[int, list[Any]]:
    fields: dict[int, list[Any]] = {}
    for number, value in read_fields(content):
        fields.setdefault(number, []).append(value)
    return fields


def read_requests(directory: Path) -> list[tuple[bytes, bytes, dict[str, Any]]]:
    """Model, signature and inputs of each request."""
    from tensorflow.core.framework.tensor_pb2 import TensorProto

    requests = []
    file = directory / "assets.extra" / "tf_serving_warmup_requests"
    for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
        (predict_log,) = read_message(record)[6]
        (request,) = read_message(predict_log)[1]
        fields = read_message(request)
        spec = read_message(fields[1][0])
        entries = [read_message(entry) for entry in fields[2]]
        inputs = {
            e[1][0].decode(): tf.make_ndarray(TensorProto.FromString(e[2][0])) for e in entries
        }
        requests.append((spec[1][0], spec[3][0], inputs))
    return requests


def test_each_verified_call_becomes_a_request(tmp_path: Path) -> None:
    save_module(Encoder(), tmp_path / "encoder", next_version=True, warmup=True)
    requests = read_requests(tmp_path / "encoder" / "1")
    assert [(model, signature) for model, signature, _ in requests] == [
        (b"encoder", b"decode"),
        (b"encoder", b"decode"),
        (b"encoder", b"encode"),
        (b"encoder", b"encode"),
    ]
    assert [inputs["features"].shape for _, _, inputs in requests[2:]] == [(2, 4), (3, 4)]


def test_requests_hold_the_users_samples_without_verification_too(tmp_path: Path) -> None:
    texts = np.array([b"good \xff", b""], object)
    module = TextClassifier()
    save_module(module, tmp_path / "m", warmup=True, verify=False, samples={"texts": texts})
    requests = read_requests(tmp_path / "m")
    assert [inputs["texts"].tolist() for _, _, inputs in requests] == [texts.tolist(), [texts[0]]]


def test_a_disk_that_does_not_take_the_requests_is_one_line(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    call = Call("serving_default", {"x": np.zeros(1000, np.float32)}, {})
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(DestinationError) as caught:
            write_warmup_requests(tmp_path / "extra", "m", [call])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == (
        "Cannot write the SavedModel: File too large. Nothing was changed."
    )
