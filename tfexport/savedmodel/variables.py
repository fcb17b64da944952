"""The variables, from what TensorFlow 2, TensorFlow 1 and the checkpoint each say about them.

TensorFlow 2 lists them in the object graph, TensorFlow 1 in a collection of VariableDefs; a model
that has neither has the graph's variable nodes. Where the values lie is in ``variables.index``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tfexport.dtypes import dtype_name, item_size
from tfexport.savedmodel import protos
from tfexport.savedmodel.checkpoint import BundleEntry, CheckpointIndex
from tfexport.savedmodel.checkpoint_objects import match_checkpoint_keys
from tfexport.savedmodel.description import Variable, count_elements
from tfexport.savedmodel.graph import GraphScan, node_name
from tfexport.savedmodel.objects import Paths, join_path
from tfexport.savedmodel.ordering import natural_key
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef
from tfexport.savedmodel.shapes import read_shape, read_sizes
from tfexport.spec import Shape

VALUE_KEY = ".ATTRIBUTES/VARIABLE_VALUE"  # of a variable, below its path in the object graph

_COLLECTIONS = ("variables", "trainable_variables", "model_variables")
_KERAS_COPIES = "_all_variables."  # where Keras 3 exports each variable a second time

Entries = Mapping[str, BundleEntry]


def read_variables(
    metagraph: MetaGraphDef, paths: Paths, scan: GraphScan, index: CheckpointIndex | None
) -> tuple[Variable, ...]:
    """All variables, the largest first, then by name."""
    entries = {} if index is None else index.entries
    if metagraph.object_graph_def.nodes:
        found = _mark_copies(list(_from_objects(metagraph, paths, index)), entries)
    else:
        found = list(_from_collections(metagraph, scan, entries))
        found = found or [_from_node(node, entries) for node in scan.variables]
    return tuple(sorted(found, key=_order))


def checkpoint_key(path: tuple[str, ...]) -> str:
    """The key of a variable's value, from its path in the object graph.

    As ``tensorflow/python/checkpoint/trackable_view.py`` writes it: a slash in a name is ``.S``.
    """
    names = [name.replace(".", "..").replace("/", ".S") for name in path]
    return "/".join([*names, VALUE_KEY])


def _order(variable: Variable) -> tuple[Any, ...]:
    path = variable.object_path or ""
    is_copy = variable.copy_of is not None
    return (is_copy, -(variable.bytes or 0), natural_key(path), natural_key(variable.name))


def _from_objects(
    metagraph: MetaGraphDef, paths: Paths, index: CheckpointIndex | None
) -> Iterator[Variable]:
    nodes = metagraph.object_graph_def.nodes
    variables = {i: node for i, node in enumerate(nodes) if node.WhichOneof("kind") == "variable"}
    entries = _entries_of_objects(metagraph, variables, paths, index)
    for i, node in variables.items():
        path = paths[i]
        proto = node.variable
        yield _variable(
            proto.name or (join_path(path) if path else "?"),
            dtype_name(proto.dtype),
            read_shape(proto.shape),
            entries.get(i),
            trainable=proto.trainable,
            object_path=None if path is None else join_path(path),
            device=proto.device or None,
        )


def _entries_of_objects(
    metagraph: MetaGraphDef,
    variables: Mapping[int, Any],
    paths: Paths,
    index: CheckpointIndex | None,
) -> dict[int, BundleEntry]:
    if index is None:
        return {}
    keys = {i: checkpoint_key(path) for i in variables if (path := paths[i]) is not None}
    found = {i: index.entries[key] for i, key in keys.items() if key in index.entries}
    if len(found) < len(variables):  # the checkpoint may know an object by another path
        for i, key in match_checkpoint_keys(metagraph, index).items():
            if i in variables and key in index.entries:
                found.setdefault(i, index.entries[key])
    return found


def _mark_copies(variables: list[Variable], entries: Entries) -> list[Variable]:
    originals: dict[Any, str] = {}
    for variable in variables:
        path = variable.object_path or ""
        if not path.startswith(_KERAS_COPIES):
            originals[_identity(variable, entries)] = path
    return [
        replace(variable, copy_of=originals.get(_identity(variable, entries)))
        if (variable.object_path or "").startswith(_KERAS_COPIES)
        else variable
        for variable in variables
    ]


def _identity(variable: Variable, entries: Entries) -> tuple[Any, ...]:
    entry = entries.get(variable.checkpoint_key or "")
    checksum = None if entry is None else (entry.crc32c, entry.size, len(entry.slices))
    return variable.name, variable.dtype, variable.shape, checksum


def _from_collections(
    metagraph: MetaGraphDef, scan: GraphScan, entries: Entries
) -> Iterator[Variable]:
    nodes = {node.name: node for node in scan.variables}
    trainable = {proto.variable_name for proto in _definitions(metagraph, "trainable_variables")}
    seen: set[str] = set()
    for collection in _COLLECTIONS:
        for proto in _definitions(metagraph, collection):
            # The pieces of a partitioned variable are saved, and shown, as the whole.
            name = proto.save_slice_info_def.full_name or proto.variable_name.removesuffix(":0")
            if name not in seen:
                seen.add(name)
                # VariableDef.trainable is no help: TensorFlow before 1.13 did not write it.
                is_trainable = proto.variable_name in trainable
                yield _from_definition(proto, name, nodes, entries.get(name), is_trainable)


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
    proto: Any, name: str, nodes: Mapping[str, NodeDef], entry: BundleEntry | None, trainable: bool
) -> Variable:
    node = nodes.get(node_name(proto.variable_name))
    dtype, shape = ("unknown", None) if node is None else _node_type(node)
    whole = proto.save_slice_info_def.full_shape
    if whole:
        shape = read_sizes(whole)
    if entry is not None:
        dtype, shape = entry.dtype, shape if shape is not None else entry.shape
    device = None if node is None else node.device or None
    return _variable(name, dtype, shape, entry, trainable=trainable, device=device)


def _from_node(node: NodeDef, entries: Entries) -> Variable:
    attributes = node.attr
    shared = attributes["shared_name"].s if "shared_name" in attributes else b""
    name = shared.decode("utf-8", errors="replace") or node.name
    dtype, shape = _node_type(node)
    entry = entries.get(name) or entries.get(node.name)
    return _variable(name, dtype, shape, entry, device=node.device or None)


def _node_type(node: NodeDef) -> tuple[str, Shape | None]:
    attributes = node.attr
    dtype = dtype_name(attributes["dtype"].type) if "dtype" in attributes else "unknown"
    return dtype, read_shape(attributes["shape"].shape) if "shape" in attributes else None


def _variable(
    name: str,
    dtype: str,
    shape: Shape | None,
    entry: BundleEntry | None,
    *,
    trainable: bool | None = None,
    object_path: str | None = None,
    device: str | None = None,
) -> Variable:
    return Variable(
        name=name,
        dtype=dtype,
        shape=shape,
        trainable=trainable,
        object_path=object_path,
        device=device,
        checkpoint_key=None if entry is None else entry.key,
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
