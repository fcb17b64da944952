"""The variables, from what TensorFlow 2, TensorFlow 1 and the checkpoint each say about them.

TensorFlow 2 lists them in the object graph, TensorFlow 1 in a collection of VariableDefs; a model
that has neither has the graph's variable nodes. Where the values lie is in ``variables.index``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfexport.dtypes import dtype_name, item_size
from tfexport.savedmodel import protos
from tfexport.savedmodel.checkpoint import OBJECT_GRAPH_KEY, BundleEntry, CheckpointIndex
from tfexport.savedmodel.description import Variable, count_elements
from tfexport.savedmodel.graph import GraphScan, node_name
from tfexport.savedmodel.objects import Paths, join_path, variable_objects
from tfexport.savedmodel.ordering import natural_key
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef
from tfexport.savedmodel.shapes import read_shape
from tfexport.spec import Shape

_VALUE_KEY = ".ATTRIBUTES/VARIABLE_VALUE"  # of a variable, below its path in the object graph
_COLLECTIONS = ("variables", "trainable_variables", "model_variables", "local_variables")


def read_variables(
    metagraph: MetaGraphDef, paths: Paths, scan: GraphScan, index: CheckpointIndex | None
) -> tuple[Variable, ...]:
    """All variables, the largest first, then by name."""
    entries = {} if index is None else index.entries
    if metagraph.object_graph_def.nodes:
        found = list(_from_objects(metagraph, paths, entries))
    else:
        found = list(_from_collections(metagraph, scan, entries))
        found = found or [_from_node(node, entries) for node in scan.variables]
    return tuple(sorted(found, key=_order))


def _order(variable: Variable) -> tuple[int, Any, Any]:
    path = variable.object_path or ""
    return (-(variable.bytes or 0), natural_key(variable.name), natural_key(path))


def checkpoint_key(path: tuple[str, ...]) -> str:
    """The key of a variable's value, from its path in the object graph.

    As ``tensorflow/python/checkpoint/trackable_view.py`` writes it: a slash in a name is ``.S``.
    """
    names = [name.replace(".", "..").replace("/", ".S") for name in path]
    return "/".join([*names, _VALUE_KEY])


def _from_objects(
    metagraph: MetaGraphDef, paths: Paths, entries: dict[str, BundleEntry]
) -> Iterator[Variable]:
    for path, proto in variable_objects(metagraph, paths):
        shape = read_shape(proto.shape)
        key = None if path is None else checkpoint_key(path)
        yield _variable(
            proto.name or (join_path(path) if path else "?"),
            dtype_name(proto.dtype),
            shape,
            entries.get(key or ""),
            trainable=proto.trainable,
            object_path=None if path is None else join_path(path),
            device=proto.device or None,
        )


def _from_collections(
    metagraph: MetaGraphDef, scan: GraphScan, entries: dict[str, BundleEntry]
) -> Iterator[Variable]:
    nodes = {node.name: node for node in scan.variables}
    seen: set[str] = set()
    trainable = {proto.variable_name for proto in _definitions(metagraph, "trainable_variables")}
    for collection in _COLLECTIONS:
        for proto in _definitions(metagraph, collection):
            if proto.variable_name in seen:
                continue
            seen.add(proto.variable_name)
            is_trainable = proto.trainable and proto.variable_name in trainable
            yield _from_definition(proto, nodes, entries, is_trainable)


def _definitions(metagraph: MetaGraphDef, collection: str) -> Iterator[Any]:
    from google.protobuf.message import DecodeError

    if collection not in metagraph.collection_def:
        return
    for content in metagraph.collection_def[collection].bytes_list.value:
        try:
            yield protos.variable_pb2.VariableDef.FromString(content)
        except DecodeError:
            continue


def _from_definition(
    proto: Any, nodes: dict[str, NodeDef], entries: dict[str, BundleEntry], trainable: bool
) -> Variable:
    name = proto.variable_name.removesuffix(":0")
    piece = proto.save_slice_info_def
    key = piece.full_name or name
    entry = entries.get(key)
    node = nodes.get(node_name(name))
    dtype, shape = _node_type(node) if node is not None else _entry_type(entry)
    if shape is None and entry is not None and not piece.full_name:
        shape = entry.shape
    if piece.full_name:  # one piece of a partitioned variable: its own part of the whole
        entry = None
        shape = tuple(piece.var_shape) or shape
    return _variable(name, dtype, shape, entry, trainable=trainable, key=key)


def _from_node(node: NodeDef, entries: dict[str, BundleEntry]) -> Variable:
    attributes = node.attr
    shared = attributes["shared_name"].s if "shared_name" in attributes else b""
    name = shared.decode("utf-8", errors="replace") or node.name
    dtype, shape = _node_type(node)
    entry = entries.get(name) or entries.get(node.name)
    return _variable(name, dtype, shape, entry, device=node.device or None)


def is_value(entry: BundleEntry) -> bool:
    """Whether an entry is a tensor of the model: no object graph, no slice of a partitioned one."""
    return entry.key != OBJECT_GRAPH_KEY and not entry.key.startswith("\0")


def _node_type(node: NodeDef) -> tuple[str, Shape | None]:
    attributes = node.attr
    dtype = dtype_name(attributes["dtype"].type) if "dtype" in attributes else "unknown"
    return dtype, read_shape(attributes["shape"].shape) if "shape" in attributes else None


def _entry_type(entry: BundleEntry | None) -> tuple[str, Shape | None]:
    return ("unknown", None) if entry is None else (entry.dtype, entry.shape)


def _variable(
    name: str,
    dtype: str,
    shape: Shape | None,
    entry: BundleEntry | None,
    *,
    trainable: bool | None = None,
    object_path: str | None = None,
    device: str | None = None,
    key: str | None = None,
) -> Variable:
    return Variable(
        name=name,
        dtype=dtype,
        shape=shape,
        trainable=trainable,
        object_path=object_path,
        device=device,
        checkpoint_key=key if entry is None else entry.key,
        shard=None if entry is None or entry.slices else entry.shard,
        slices=0 if entry is None else len(entry.slices),
        parameters=count_elements(shape),
        bytes=_count_bytes(dtype, shape, entry),
    )


def _count_bytes(dtype: str, shape: Shape | None, entry: BundleEntry | None) -> int | None:
    if entry is not None and entry.size > 0:
        return entry.size
    size, count = item_size(dtype), count_elements(shape)
    return None if size is None or count is None else size * count
