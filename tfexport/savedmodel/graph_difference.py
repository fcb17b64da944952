"""Two graphs node by node, past the numbers that tracing puts into names.

Every function that TensorFlow traces has a number at the end of its name, another one each time
(``__inference_f_12``). Two graphs are the same where all else is: the nodes of the main graph, and
those of each function. TensorFlow's own saving and restoring is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tfexport.records import dataclass
from tfexport.savedmodel.calls import CallGraph
from tfexport.savedmodel.canonical import canonical_bytes
from tfexport.savedmodel.difference import ADDED, CHANGED, REMOVED
from tfexport.savedmodel.entries import LOADING, loading_entries, saving_entries
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef
from tfexport.savedmodel.reaching import MainGraph, Reach
from tfexport.savedmodel.tensors import format_tensor_values

_NUMBER = re.compile(r"_[0-9]+\Z")
_TRACED = re.compile(r"__(?:inference|forward|backward)_")
# What shares a table or an interface is named by an address, a UUID, or the number of an object.
_NUMBERED = re.compile(
    rb"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]+"
)
# tensorflow/python/ops/lookup_ops.py: initializers of tables, numbered like functions.
_INITIALIZER = re.compile(r"(key_value_init|text_file_init)[0-9]+")

# Attributes that differ from one tracing, process or machine to the next.
_PASSING = frozenset(
    {"config_proto", "_gradient_op_type", "_collective_manager_ids", "_output_shapes"}
)
_SHARED_NAMES = frozenset({"shared_name", "container", "api_implements", "_class"})

MOST_NODES = 1000


@dataclass(frozen=True)
class NodeChange:
    """A node that was added, removed, or is another one.

    ``function`` is the function that it stands in, without its number; None in the main graph.
    ``before`` and ``after`` tell what is different about it.
    """

    kind: str
    function: str | None
    node: str
    before: str | None
    after: str | None


def compare_graphs(first: MetaGraphDef, second: MetaGraphDef) -> tuple[NodeChange, ...]:
    """The nodes in which two metagraphs differ, at most MOST_NODES of them."""
    changes = []
    for change in _compare(_Side(first), _Side(second)):
        changes.append(change)
        if len(changes) == MOST_NODES:
            break
    return tuple(changes)


def _normal_name(name: str) -> str:
    return _INITIALIZER.sub(r"\1", name)


def base_name(function: str) -> str:
    """A function's name without what tracing puts around it.

    >>> base_name("__inference_call_12")
    'call'
    """
    return _NUMBER.sub("", _TRACED.sub("", function))


class _Side:
    """One metagraph: its own nodes and functions, as bytes that tell whether they are equal."""

    def __init__(self, metagraph: MetaGraphDef) -> None:
        graph = metagraph.graph_def
        calls, main = CallGraph(graph), MainGraph(graph)
        machinery = _machinery(metagraph, calls, main)
        self._names = set(calls.functions)
        self.nodes = {
            _normal_name(name): node
            for name, node in main.nodes.items()
            if name not in machinery.nodes
        }
        left_out = set(machinery.functions)
        self.functions: dict[str, list[Any]] = {}
        for function in graph.library.function:
            if function.signature.name not in left_out:
                base = base_name(function.signature.name)
                self.functions.setdefault(base, []).append(function)

    def normal_node(self, node: NodeDef, function: str | None = None) -> bytes:
        """A node as bytes, without what differs from one tracing to the next."""
        copy = type(node)()
        copy.CopyFrom(node)
        copy.ClearField("experimental_debug_info")
        copy.name = _normal_name(copy.name)
        if copy.op in self._names:
            copy.op = base_name(copy.op)
        copy.input[:] = [self._normal_input(name, function) for name in copy.input]
        self._normalize_attributes(copy.attr)
        return canonical_bytes(copy)

    def normal_function(self, function: Any) -> bytes:
        """A function as bytes."""
        name = function.signature.name
        nodes = [self.normal_node(node, name) for node in function.node_def]
        arguments = [
            f"{self._normal_input(argument.name, name)}:{argument.type}"
            for argument in (*function.signature.input_arg, *function.signature.output_arg)
        ]
        results = [
            f"{_normal_name(key)}={self._normal_input(value, name)}"
            for mapping in (function.ret, function.control_ret)
            for key, value in sorted(mapping.items())
        ]
        return b"\0".join([*sorted(nodes), "\0".join([*arguments, *results]).encode()])

    def _normal_input(self, name: str, function: str | None) -> str:
        # A function's own name, with its number, is in the names of some of its arguments.
        for own in () if function is None else (function, function.lower()):
            name = name.replace(own, base_name(own))
        return _normal_name(name)

    def _normalize_attributes(self, attributes: Any) -> None:
        for name in list(attributes):
            if name in _PASSING:
                del attributes[name]
                continue
            value = attributes[name]
            kind = value.WhichOneof("value")
            if kind == "func":
                self._normalize_function(value.func)
            elif kind == "list":
                for function in value.list.func:
                    self._normalize_function(function)
            elif kind == "s" and name in _SHARED_NAMES:
                value.s = _NUMBERED.sub(b"?", value.s)

    def _normalize_function(self, function: Any) -> None:
        function.name = base_name(function.name)
        self._normalize_attributes(function.attr)


def _machinery(metagraph: MetaGraphDef, calls: CallGraph, main: MainGraph) -> Reach:
    restoring = [entry for entry in loading_entries(metagraph) if entry.name == "restore op"]
    assert all(entry.kind == LOADING for entry in restoring)
    return Reach(main, calls, [*restoring, *saving_entries(metagraph)])


def _compare(first: _Side, second: _Side) -> Iterator[NodeChange]:
    yield from _compare_nodes(None, first, first.nodes, second, second.nodes)
    for name in sorted({**first.functions, **second.functions}):
        yield from _compare_functions(
            name, first, first.functions.get(name, []), second, second.functions.get(name, [])
        )


def _compare_functions(
    name: str, first: _Side, before: list[Any], second: _Side, after: list[Any]
) -> Iterator[NodeChange]:
    # Several functions may have one name but for their numbers: the equal ones go first.
    old = {index: first.normal_function(function) for index, function in enumerate(before)}
    new = {index: second.normal_function(function) for index, function in enumerate(after)}
    places: dict[bytes, list[int]] = {}
    for index, content in new.items():
        places.setdefault(content, []).append(index)
    for index, content in list(old.items()):
        if places.get(content):
            del new[places[content].pop(0)]
            del old[index]
    pairs = list(zip(old, new, strict=False))
    for i, j in pairs:
        nodes = ({_normal_name(n.name): n for n in f.node_def} for f in (before[i], after[j]))
        names = before[i].signature.name, after[j].signature.name
        yield from _compare_nodes(name, first, next(nodes), second, next(nodes), names)
    yield from _describe_functions(REMOVED, name, [before[i] for i in list(old)[len(pairs) :]])
    yield from _describe_functions(ADDED, name, [after[j] for j in list(new)[len(pairs) :]])


def _describe_functions(kind: str, name: str, functions: Iterable[Any]) -> Iterator[NodeChange]:
    for function in functions:
        text = f"a function of {len(function.node_def):,} nodes"
        before, after = (text, None) if kind == REMOVED else (None, text)
        yield NodeChange(kind, name, "", before, after)


def _compare_nodes(
    function: str | None,
    first: _Side,
    before: dict[str, NodeDef],
    second: _Side,
    after: dict[str, NodeDef],
    names: tuple[str, str] | tuple[None, None] = (None, None),
) -> Iterator[NodeChange]:
    changed = False
    for name, node in before.items():
        other = after.get(name)
        if other is None:
            changed = True
            yield NodeChange(REMOVED, function, name, node.op, None)
        elif first.normal_node(node, names[0]) != second.normal_node(other, names[1]):
            changed = True
            yield NodeChange(CHANGED, function, name, *_describe_nodes(node, other))
    for name, node in after.items():
        if name not in before:
            changed = True
            yield NodeChange(ADDED, function, name, None, node.op)
    if not changed and names != (None, None):
        yield NodeChange(CHANGED, function, "", "its arguments or results", "others")


def _describe_nodes(old: NodeDef, new: NodeDef) -> tuple[str, str]:
    if old.op != new.op:
        return old.op, new.op
    if list(old.input) != list(new.input):
        return _describe_inputs(old), _describe_inputs(new)
    for name in sorted({*old.attr, *new.attr} - _PASSING - _SHARED_NAMES):
        # Asking a map of messages for what it does not have would put it there.
        same = name in old.attr and name in new.attr and old.attr[name] == new.attr[name]
        if not same:
            return _describe_attribute(old, name), _describe_attribute(new, name)
    if old.device != new.device:
        before, after = (node.device or "any device" for node in (old, new))
        return f"{old.op} on {before}", f"{new.op} on {after}"
    return old.op, f"another {new.op}"


def _describe_inputs(node: NodeDef) -> str:
    return f"{node.op} of {', '.join(node.input) or 'nothing'}"


def _describe_attribute(node: NodeDef, name: str) -> str:
    value = node.attr.get(name)  # attr[name] would add what is not there
    if value is None or value.WhichOneof("value") is None:
        return f"{node.op} without {name}"
    if value.WhichOneof("value") == "tensor":
        return f"{node.op} {format_tensor_values(value.tensor)}"
    text = " ".join(str(value).split())
    return f"{node.op} {name}={text if len(text) <= 60 else text[:59] + '…'}"
