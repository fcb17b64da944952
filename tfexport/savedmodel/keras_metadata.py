"""What Keras 2 wrote about its objects: ``keras_metadata.pb``, or, before it, the object graph.

Proto: ``tensorflow/python/keras/protobuf/saved_metadata.proto``, whose generated module lies
behind ``tensorflow.python``: SavedMetadata has nodes = 1, each of them node_id = 2, node_path = 3,
identifier = 4 and metadata = 5, which is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfexport.records import dataclass
from tfexport.savedmodel.layout import KERAS_METADATA
from tfexport.savedmodel.protos import MetaGraphDef
from tfexport.savedmodel.wire import read_fields


class KerasMetadataError(Exception):
    """A ``keras_metadata.pb`` that cannot be read. The message is one line, no full stop."""


@dataclass(frozen=True)
class KerasObject:
    """An object of the object graph as Keras describes it; ``config`` is its metadata."""

    node_id: int
    path: str
    config: dict[str, Any]


@dataclass(frozen=True)
class LambdaLayer:
    """A Keras layer that is a Python function.

    ``is_code`` says whether its bytecode is in the model, which Keras 2 runs; otherwise
    ``function`` is the name that it looks up.
    """

    name: str
    is_code: bool
    function: str


def read_keras_objects(directory: Path) -> list[KerasObject]:
    """The objects of ``keras_metadata.pb``; none where the model has no such file.

    Raises KerasMetadataError where it is damaged.
    """
    try:
        return list(_parse((directory / KERAS_METADATA).read_bytes()))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KerasMetadataError(f"cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise KerasMetadataError("does not parse") from error


def read_early_objects(metagraph: MetaGraphDef) -> Iterator[KerasObject]:
    """What Keras wrote into the object graph itself, up to TensorFlow 2.4."""
    for index, node in enumerate(metagraph.object_graph_def.nodes):
        if node.WhichOneof("kind") == "user_object" and node.user_object.metadata:
            try:
                config = json.loads(node.user_object.metadata)
            except (ValueError, RecursionError):
                continue
            if isinstance(config, dict):
                yield KerasObject(index, f"object {index}", config)


def find_lambda_layers(objects: list[KerasObject]) -> Iterator[LambdaLayer]:
    """The Lambda layers among some objects, and among the layers that these wrap; each once."""
    seen = set()
    for item in objects:
        for found in _dicts_of(item.config):
            if found.get("class_name") != "Lambda":
                continue
            layer = _describe(found, item)
            if layer not in seen:
                seen.add(layer)
                yield layer


def _parse(content: bytes) -> Iterator[KerasObject]:
    for number, node in read_fields(content):
        if number == 1 and isinstance(node, bytes):
            fields = dict(read_fields(node))
            config = json.loads(_text(fields.get(5)) or "null")
            node_id = fields.get(2, 0)
            yield KerasObject(
                _signed(node_id) if isinstance(node_id, int) else -1,
                _text(fields.get(3)),
                config if isinstance(config, dict) else {},
            )


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _text(value: int | bytes | None) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else ""


def _dicts_of(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def _describe(found: dict[str, Any], item: KerasObject) -> LambdaLayer:
    config = found.get("config")
    config = config if isinstance(config, dict) else {}
    kind, function = config.get("function_type"), config.get("function")
    name = config.get("name") or found.get("name") or item.path
    # A lambda is (marshalled code, defaults, closure); a named function is its name.
    is_code = kind == "lambda" or not isinstance(function, str)
    return LambdaLayer(str(name), is_code, "" if is_code else str(function))
