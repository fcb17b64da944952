"""SavedModels written as bare messages, for what TensorFlow itself would not save."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfexport.savedmodel import protos


def new_model(*tags: str) -> tuple[Any, Any]:
    """A SavedModel message with one metagraph, and that metagraph."""
    saved_model = protos.saved_model_pb2.SavedModel(saved_model_schema_version=1)
    return saved_model, add_metagraph(saved_model, *tags)


def add_metagraph(saved_model: Any, *tags: str) -> Any:
    """One more metagraph, tagged ``serve`` where no tags are given."""
    metagraph = saved_model.meta_graphs.add()
    metagraph.meta_info_def.tags.extend(tags or ["serve"])
    metagraph.meta_info_def.tensorflow_version = "2.21.0"
    metagraph.graph_def.versions.producer = 2000
    return metagraph


def add_node(metagraph: Any, name: str, op: str, **types: int) -> Any:
    """A node of the main graph, with attributes that are dtypes."""
    node = metagraph.graph_def.node.add(name=name, op=op)
    for attribute, number in types.items():
        node.attr[attribute].type = number
    return node


def set_shape(proto: Any, *sizes: int) -> None:
    """Fill in a TensorShapeProto."""
    for size in sizes:
        proto.dim.add(size=size)


def write_model(saved_model: Any, directory: Path) -> Path:
    """Write ``saved_model.pb`` into a directory, made if need be; gives the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return directory
