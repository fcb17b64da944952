"""The object graph: which objects the model is made of, how they are reached, which can be called.

Proto: ``tensorflow/core/protobuf/saved_object_graph.proto``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from tfexport.dtypes import dtype_name
from tfexport.savedmodel.description import ConcreteFunction, Function, ObjectChild, SavedObject
from tfexport.savedmodel.entries import concrete_functions
from tfexport.savedmodel.protos import MetaGraphDef
from tfexport.savedmodel.shapes import read_shape
from tfexport.savedmodel.structured import format_inputs, format_parameters, format_value
from tfexport.spec import format_shape

SIGNATURES = "signatures"  # the root's attribute that holds the signatures as functions

# A hostile model nests objects without end, and a path per object would then fill the memory.
_MAX_DEPTH = 100
_MAX_CHARACTERS = 1 << 26  # of all paths together
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

Path = tuple[str, ...]
Paths = list["Path | None"]


def read_objects(metagraph: MetaGraphDef, paths: Paths) -> tuple[SavedObject, ...]:
    """Every object, in the proto's order. ``paths`` are find_paths' of the same metagraph."""
    nodes = metagraph.object_graph_def.nodes
    assets = [asset.filename for asset in metagraph.asset_file_def]
    return tuple(
        SavedObject(
            node.WhichOneof("kind") or "unknown",
            _label(node, assets),
            None if path is None else join_path(path),
            tuple(ObjectChild(child.local_name, child.node_id) for child in node.children),
        )
        for node, path in zip(nodes, paths, strict=True)
    )


def find_paths(metagraph: MetaGraphDef) -> Paths:
    """The attribute names that lead from the root to each object by the shortest way.

    None for an object that nothing leads to, or only a way that is too long to be read. Edges to
    objects that do not exist are passed over.
    """
    nodes = metagraph.object_graph_def.nodes
    paths: Paths = [None] * len(nodes)
    seen = [False] * len(nodes)
    budget = _MAX_CHARACTERS
    waiting: deque[int] = deque()
    if nodes:
        paths[0], seen[0] = (), True
        waiting.append(0)
    while waiting:
        parent = waiting.popleft()
        for child in nodes[parent].children:
            index = child.node_id
            if 0 <= index < len(paths) and not seen[index]:
                seen[index] = True
                path = _extend(paths[parent], child.local_name)
                budget -= sum(map(len, path or ()))
                paths[index] = path if budget >= 0 else None
                waiting.append(index)
    return paths


def _extend(path: Path | None, name: str) -> Path | None:
    if path is None or len(path) >= _MAX_DEPTH:
        return None
    return (*path, name)


def join_path(path: Sequence[str]) -> str:
    """A path as attributes are written: ``layers.0.kernel``; empty for the root."""
    return ".".join(path)


def read_functions(metagraph: MetaGraphDef, paths: Paths) -> tuple[Function, ...]:
    """The functions that can be called on the loaded object, those nearest to the root first."""
    graph = metagraph.object_graph_def
    found = [
        (path, node)
        for path, node in zip(paths, graph.nodes, strict=True)
        if path and _is_callable(path, node)
    ]
    found.sort(key=lambda pair: (len(pair[0]), pair[0]))
    return tuple(_read_function(join_path(path), node, graph) for path, node in found)


def functions_at(metagraph: MetaGraphDef, path: Sequence[str]) -> tuple[str, ...]:
    """The concrete functions that the attributes ``path`` lead to from the root; often none.

    Where several edges have one name the loader keeps the last: here all of them count.
    """
    nodes = metagraph.object_graph_def.nodes
    found = {0: None} if nodes else {}
    for part in path:
        found = dict.fromkeys(
            child.node_id
            for index in found
            for child in nodes[index].children
            if 0 <= child.node_id < len(nodes) and _leads(child.local_name, part)
        )
    names = (name for index in found for name in concrete_functions(nodes[index]))
    return tuple(dict.fromkeys(names))


def is_index(part: str) -> bool:
    """Whether a part of a path is the number of a list's element."""
    return _INDEX.fullmatch(part) is not None


def _leads(edge: str, part: str) -> bool:
    if edge == part or not is_index(part):
        return edge == part
    # The loader puts an element where int() of the edge's name says: "01", "1_0" and "-1" too.
    try:
        number = int(edge)
    except ValueError:
        return False
    return number < 0 or number == int(part)


def _is_callable(path: Path, node: Any) -> bool:
    kind = node.WhichOneof("kind")
    if path[0] == SIGNATURES or kind not in ("function", "bare_concrete_function"):
        return False
    name = path[-1]
    is_dunder = name.startswith("__") and name.endswith("__")
    # trace_0: how a function keeps its concrete functions; _initialize: how a table is filled.
    return is_dunder or not name.startswith(("_", "trace_"))


def _read_function(path: str, node: Any, graph: Any) -> Function:
    if node.WhichOneof("kind") == "function":
        names, spec = list(node.function.concrete_functions), node.function.function_spec
    else:
        bare = node.bare_concrete_function
        names, spec = [bare.concrete_function_name], bare.function_spec
    known = graph.concrete_functions
    concrete = (_read_concrete(name, known[name]) for name in names if name in known)
    return Function(path, format_parameters(spec), tuple(concrete))


def _read_concrete(name: str, proto: Any) -> ConcreteFunction:
    inputs = format_inputs(proto.canonicalized_input_signature)
    return ConcreteFunction(name, inputs, format_value(proto.output_signature))


def _label(node: Any, assets: list[str]) -> str:
    kind = node.WhichOneof("kind")
    if kind == "asset":
        index = node.asset.asset_file_def_index
        return assets[index] if 0 <= index < len(assets) else ""
    return _LABELS[kind](getattr(node, kind)) if kind in _LABELS else ""


_LABELS: dict[str, Callable[[Any], str]] = {
    "user_object": lambda proto: str(proto.identifier),
    "variable": lambda proto: f"{dtype_name(proto.dtype)} {format_shape(read_shape(proto.shape))}",
    "function": lambda proto: format_parameters(proto.function_spec) or "",
    "bare_concrete_function": lambda proto: str(proto.concrete_function_name),
    "constant": lambda proto: str(proto.operation),
    "captured_tensor": lambda proto: str(proto.name),
    "resource": lambda proto: str(proto.device),
}
