"""keras_metadata.pb: which Python its layers hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tfexport.savedmodel import protos
from tfexport.savedmodel.keras_metadata import (
    KerasMetadataError,
    KerasObject,
    LambdaLayer,
    find_lambda_layers,
    read_early_objects,
    read_keras_objects,
)

CODE = {
    "class_name": "Lambda",
    "config": {
        "name": "twice",
        "function": {"class_name": "__tuple__", "items": ["4wEAAAAAAAA=", None, None]},
        "function_type": "lambda",
    },
}
NAMED = {
    "class_name": "Lambda",
    "config": {"name": "named", "function": "my_function", "function_type": "function"},
}


def write_metadata(directory: Path, *objects: tuple[int, str, Any]) -> Path:
    """Write keras_metadata.pb as Keras 2 does, from (node id, path, metadata)."""
    content = b""
    for node_id, path, metadata in objects:
        text = json.dumps(metadata).encode()
        node = b"\x10" + varint(node_id) + b"\x1a" + varint(len(path)) + path.encode()
        node += b"\x2a" + varint(len(text)) + text
        content += b"\x0a" + varint(len(node)) + node
    (directory / "keras_metadata.pb").write_bytes(content)
    return directory


def varint(number: int) -> bytes:
    encoded = bytearray()
    number &= (1 << 64) - 1
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def test_objects_have_their_number_path_and_config(tmp_path: Path) -> None:
    write_metadata(
        tmp_path, (0, "root", {"class_name": "Sequential"}), (300, "root.layer-0", NAMED)
    )
    assert read_keras_objects(tmp_path) == [
        KerasObject(0, "root", {"class_name": "Sequential"}),
        KerasObject(300, "root.layer-0", NAMED),
    ]


def test_a_negative_number_stays_one(tmp_path: Path) -> None:
    write_metadata(tmp_path, (-1, "root", {}))
    assert read_keras_objects(tmp_path)[0].node_id == -1


def test_no_file_no_objects(tmp_path: Path) -> None:
    assert read_keras_objects(tmp_path) == []


@pytest.mark.parametrize(
    "content", [b"\x0a\xff", b"\x0a\x05\x2a\x03{{{", b"\x0a\x04\x2a\x02\xff\xff"]
)
def test_a_damaged_file_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keras_metadata.pb").write_bytes(content)
    with pytest.raises(KerasMetadataError, match="does not parse"):
        read_keras_objects(tmp_path)


def test_deep_nesting_does_not_end_the_process(tmp_path: Path) -> None:
    text = b"[" * 100_000
    node = b"\x2a" + varint(len(text)) + text
    (tmp_path / "keras_metadata.pb").write_bytes(b"\x0a" + varint(len(node)) + node)
    with pytest.raises(KerasMetadataError):
        read_keras_objects(tmp_path)


def test_lambda_layers_are_told_by_whether_they_hold_code() -> None:
    objects = [KerasObject(1, "root.layer-0", CODE), KerasObject(2, "root.layer-1", NAMED)]
    assert list(find_lambda_layers(objects)) == [
        LambdaLayer("twice", True, ""),
        LambdaLayer("named", False, "my_function"),
    ]


def test_a_lambda_inside_of_other_layers_is_found_once() -> None:
    wrapped = {"class_name": "TimeDistributed", "config": {"layer": [{"inner": CODE}]}}
    objects = [KerasObject(0, "root", {"config": {"layers": [CODE, wrapped]}})]
    assert list(find_lambda_layers(objects)) == [LambdaLayer("twice", True, "")]


def test_a_lambda_that_hides_its_kind_is_taken_for_code() -> None:
    objects = [KerasObject(3, "root.layer-9", {"class_name": "Lambda", "config": None})]
    assert list(find_lambda_layers(objects)) == [LambdaLayer("root.layer-9", True, "")]


def test_early_models_have_it_in_the_object_graph() -> None:
    metagraph = protos.meta_graph_pb2.MetaGraphDef()
    nodes = metagraph.object_graph_def.nodes
    nodes.add().user_object.metadata = json.dumps(CODE)
    nodes.add().user_object.metadata = "no JSON"
    nodes.add().user_object.metadata = "[1]"
    (found,) = read_early_objects(metagraph)
    assert [layer.name for layer in find_lambda_layers([found])] == ["twice"]
