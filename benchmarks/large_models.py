"""Writes the SavedModels that ``inspect`` is measured on, in a process of its own.

``python -m benchmarks.large_models KIND DIRECTORY BYTES``: the messages are put together by hand,
because TensorFlow takes minutes to build a graph of 100,000 nodes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tfexport.savedmodel import protos

_NODES = 100_000
_CONSTANTS = 10
_FLOAT, _UNKNOWN = 1, -1


def write_constants(directory: Path, size: int) -> None:
    """A graph of ten constants that take ``size`` bytes together."""
    saved_model, metagraph = _new_model()
    for number in range(_CONSTANTS):
        _add_constant(metagraph, f"constant_{number}", size // _CONSTANTS)
    _write(saved_model, directory, "x:0")


def write_nodes(directory: Path, size: int) -> None:
    """A chain of 100,000 nodes, every second one a constant, ``size`` bytes in all."""
    saved_model, metagraph = _new_model()
    before = "x"
    for number in range(_NODES // 2):
        constant = f"model/layer_{number}/kernel"
        _add_constant(metagraph, constant, max(4, size // (_NODES // 2) - 190))
        name = f"model/layer_{number}/Add"
        node = metagraph.graph_def.node.add(name=name, op="AddV2", input=[before, constant])
        node.attr["T"].type = _FLOAT
        node.attr["_output_shapes"].list.shape.add().dim.add(size=_UNKNOWN)
        before = name
    _write(saved_model, directory, f"{before}:0")


def write_variable(directory: Path, size: int) -> None:
    """One float32 variable of ``size`` bytes, saved by TensorFlow."""
    import tensorflow as tf

    module = tf.Module()
    module.weights = tf.Variable(tf.random.normal([size // 4096, 1024]))
    tf.saved_model.save(module, str(directory))


def _new_model() -> tuple[Any, Any]:
    saved_model = protos.saved_model_pb2.SavedModel(saved_model_schema_version=1)
    metagraph = saved_model.meta_graphs.add()
    metagraph.meta_info_def.tags.append("serve")
    metagraph.meta_info_def.tensorflow_version = "2.21.0"
    metagraph.graph_def.versions.producer = 2000
    node = metagraph.graph_def.node.add(name="x", op="Placeholder")
    node.attr["dtype"].type = _FLOAT
    node.attr["shape"].shape.dim.add(size=_UNKNOWN)
    return saved_model, metagraph


def _add_constant(metagraph: Any, name: str, size: int) -> None:
    tensor = metagraph.graph_def.node.add(name=name, op="Const").attr["value"].tensor
    tensor.dtype = _FLOAT
    tensor.tensor_shape.dim.add(size=size // 4)
    tensor.tensor_content = os.urandom(size // 4 * 4)


def _write(saved_model: Any, directory: Path, output: str) -> None:
    signature = saved_model.meta_graphs[0].signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    for tensors, key, name in ((signature.inputs, "x", "x:0"), (signature.outputs, "y", output)):
        tensors[key].name = name
        tensors[key].dtype = _FLOAT
        tensors[key].tensor_shape.dim.add(size=_UNKNOWN)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString())


_KINDS = {"constants": write_constants, "nodes": write_nodes, "variable": write_variable}

if __name__ == "__main__":
    _KINDS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
