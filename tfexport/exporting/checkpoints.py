"""Restores a module from a ``tf.train.Checkpoint``, wherever in it the module hangs.

Keys and the graph of objects are those of ``trackable_object_graph.proto``. A checkpoint without
such a graph is TensorFlow 1's, of values by the variables' names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial as bind
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from tfexport.errors import InputDataError
from tfexport.exporting.state import as_variable, find_mutable_tables
from tfexport.exporting.weights import (
    NamedVariable,
    assign,
    assign_by_name,
    check_complete,
    list_named_variables,
)

_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"
_DEEPEST = 2  # how far below the checkpoint's root the module is looked for


@dataclass(frozen=True)
class _Match:
    """The module taken for the node at ``path``: a key for each variable, and keys left over."""

    path: tuple[str, ...]
    keys: dict[int, str]
    unused: list[str]


def load_checkpoint(module: object, path: Path, partial: bool) -> None:
    """Give every variable its value of the checkpoint at a prefix, or a directory's latest.

    The module may have been the checkpoint's root or an attribute of it. Raises InputDataError
    where there is no checkpoint, it is damaged, shapes differ, or (unless ``partial``) a variable
    gets no value or a value below the module finds no variable.
    """
    prefix = _find_prefix(path)
    with _damage_reported(path):
        _load(module, path, prefix, partial)


def _load(module: object, path: Path, prefix: str, partial: bool) -> None:
    reader = tf.train.load_checkpoint(prefix)
    variables = list_named_variables(module)
    graph = _read_graph(reader)
    if graph is None:
        keys = reader.get_variable_to_shape_map()
        values = {key: bind(reader.get_tensor, key) for key in keys}
        assign_by_name(variables, values, str(path), partial)
        return
    match = _best_match(module, graph)
    unfilled = [named.path for named in variables if id(named.variable) not in match.keys]
    check_complete(unfilled, match.unused, str(path), partial, set(match.keys.values()))
    for named in variables:
        _assign(named, match, reader.get_tensor, path)
    if find_mutable_tables(module):
        _restore_tables(module, match, prefix)


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    """Within it, what TensorFlow cannot read of a checkpoint is an InputDataError."""
    try:
        yield
    # IndexError is what a data file that is too short comes as.
    except (tf.errors.OpError, IndexError, DecodeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputDataError(
            f"The checkpoint {path} is damaged or incomplete: {reason}.", detail=str(error)
        ) from error


def _find_prefix(path: Path) -> str:
    if path.is_dir():
        latest = tf.train.latest_checkpoint(str(path))
        inside = path / "variables" / "variables"  # a SavedModel's own checkpoint
        if latest is None and inside.with_name("variables.index").is_file():
            latest = str(inside)
        if latest is None:
            raise InputDataError(
                f"There is no checkpoint in {path}: no file 'checkpoint' names one."
            )
        return str(latest)
    prefix = str(path).removesuffix(".index")
    if not Path(f"{prefix}.index").is_file():
        raise InputDataError(
            f"There is no checkpoint '{path}'. Expected a directory, or a prefix such as "
            "'training/ckpt-1' beside 'training/ckpt-1.index'."
        )
    return prefix


def _read_graph(reader: Any) -> Any | None:
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    if not reader.has_tensor(_GRAPH_KEY):
        return None
    return TrackableObjectGraph.FromString(reader.get_tensor(_GRAPH_KEY))


def _best_match(module: object, graph: Any) -> _Match:
    """The module where most of its variables have values; nearest to the root among equals."""
    candidates = [_match(module, graph, node, path) for node, path in _starts(graph)]
    return max(candidates, key=lambda match: (len(match.keys), -len(match.path)))


def _starts(graph: Any) -> Iterator[tuple[int, tuple[str, ...]]]:
    level: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for _ in range(_DEEPEST + 1):
        yield from level
        level = [
            (child.node_id, (*path, child.local_name))
            for node, path in level
            for child in graph.nodes[node].children
        ]


def _match(module: Any, graph: Any, start: int, path: tuple[str, ...]) -> _Match:
    """Follow the same names from the module and from the node at once."""
    view = tf.train.TrackableView(module)
    keys: dict[int, str] = {}
    seen, pairs = {(id(module), start)}, [(module, start)]
    for trackable, node in pairs:
        variable, key = as_variable(trackable), _value_key(graph.nodes[node])
        if variable is not None and key is not None:
            keys[id(variable)] = key
        children = view.children(trackable)
        for child in graph.nodes[node].children:
            found = children.get(child.local_name)
            if found is not None and (id(found), child.node_id) not in seen:
                seen.add((id(found), child.node_id))
                pairs.append((found, child.node_id))
    taken = set(keys.values())
    unused = [key for key in _keys_below(graph, start) if key not in taken]
    return _Match(path, keys, unused)


def _value_key(node: Any) -> str | None:
    return next((a.checkpoint_key for a in node.attributes if a.name == _VALUE), None)


def _keys_below(graph: Any, start: int) -> Iterator[str]:
    """The keys of the values below a node, but for the counter that a Checkpoint itself keeps."""
    seen, nodes = {start}, [start]
    for node in nodes:
        key = _value_key(graph.nodes[node])
        if key is not None:
            yield key
        for child in graph.nodes[node].children:
            if child.node_id not in seen and child.local_name != "save_counter":
                seen.add(child.node_id)
                nodes.append(child.node_id)


def _assign(named: NamedVariable, match: _Match, read: Callable[[str], Any], path: Path) -> None:
    key = match.keys.get(id(named.variable))
    if key is not None:
        name = key.partition("/.ATTRIBUTES")[0]
        assign(named, read(key), f"'{name}' of {path}")


def _restore_tables(module: Any, match: _Match, prefix: str) -> None:
    """Tables have no value that could be assigned: TensorFlow itself restores them."""
    root = module
    for name in reversed(match.path):
        holder = tf.train.Checkpoint()
        setattr(holder, name, root)
        root = holder
    tf.train.Checkpoint(root=root).restore(prefix).expect_partial()
