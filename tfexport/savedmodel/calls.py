"""Which function calls which: every way in which a node can name a function of the library.

Proto: ``tensorflow/core/framework/function.proto``. A node calls a function by an attribute that
holds one (``PartitionedCall.f``, ``If.then_branch``, ``Case.branches``), or by being called as it
is. A function has stand-ins, which TensorFlow may run in its place: its gradient, and the others
that implement the same interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfexport.records import dataclass
from tfexport.savedmodel.protos import NodeDef

GraphDef = Any
FunctionDef = Any
AttrValue = Any

# How often these stand in a graph, looking at their attributes would take most of the time. They
# have none that holds a function: TensorFlow refuses an attribute that an op does not declare.
_PLAIN_OPS = frozenset(
    """Add AddV2 BiasAdd Cast ConcatV2 Const ExpandDims Fill Identity MatMul Mul NoOp Pack
    Placeholder ReadVariableOp Relu Reshape Rsqrt Shape StridedSlice Sub VarHandleOp
    VarIsInitializedOp AssignVariableOp""".split()  # noqa: SIM905 — 24 lines otherwise
)

_INTERFACE = "api_implements"  # tensorflow/core/grappler/optimizers/implementation_selector.cc


@dataclass(frozen=True)
class Call:
    """A node calls ``function``: ``role`` is how (``PartitionedCall``, ``If.then_branch``)."""

    function: str
    role: str
    node: str


class CallGraph:
    """The functions of a GraphDef's library and what they call, each looked at once when asked."""

    def __init__(self, graph: GraphDef) -> None:
        self._bodies: dict[str, list[FunctionDef]] = {}
        for function in graph.library.function:
            self._bodies.setdefault(function.signature.name, []).append(function)
        self._names = {name.encode() for name in self._bodies}
        self._gradients: dict[str, list[str]] = {}
        for gradient in graph.library.gradient:
            self._gradients.setdefault(gradient.function_name, []).append(gradient.gradient_func)
        self._calls: dict[str, tuple[Call, ...]] = {}
        self._interfaces: dict[bytes, list[str]] | None = None

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of all functions, in the library's order."""
        return tuple(self._bodies)

    def bodies(self, function: str) -> list[FunctionDef]:
        """The definitions of that name; more than one where the library repeats itself."""
        return self._bodies.get(function, [])

    def nodes(self, function: str) -> Iterator[NodeDef]:
        """The nodes of a function's body."""
        for body in self.bodies(function):
            yield from body.node_def

    def calls_in(self, function: str) -> tuple[Call, ...]:
        """What the nodes of a function call, and its gradients."""
        if function not in self._calls:
            self._calls[function] = tuple(self._find_calls(function))
        return self._calls[function]

    def calls_of(self, node: NodeDef) -> Iterator[Call]:
        """The functions that a node names; only those that the library has."""
        op = node.op
        if op in _PLAIN_OPS:
            return
        if op in self._bodies:
            yield Call(op, op, node.name)
        for attribute, value in node.attr.items():
            for name in self._names_in(value):
                role = op if attribute == "f" else f"{op}.{attribute}"
                yield Call(name, role, node.name)

    def stand_ins(self, function: str) -> tuple[bytes, list[str]] | None:
        """The interface that a function implements, and all functions that do; or None."""
        for body in self.bodies(function):
            interface = body.attr[_INTERFACE].s if _INTERFACE in body.attr else b""
            if interface:
                return interface, self._implementations().get(interface, [])
        return None

    def _find_calls(self, function: str) -> Iterator[Call]:
        for body in self.bodies(function):
            for node in body.node_def:
                yield from self.calls_of(node)
            # The forward and backward functions of an implementation are named as text.
            for attribute, value in body.attr.items():
                yield from (Call(name, attribute, "") for name in self._names_in(value))
        for name in self._gradients.get(function, ()):
            if name in self._bodies:
                yield Call(name, "gradient", "")

    def _names_in(self, value: AttrValue) -> Iterator[str]:
        kind = value.WhichOneof("value")
        if kind == "s":
            if value.s in self._names:
                yield value.s.decode()
        elif kind == "func":
            yield from self._names_in_function(value.func)
        elif kind == "list":
            for function in value.list.func:
                yield from self._names_in_function(function)
            yield from (text.decode() for text in value.list.s if text in self._names)

    def _names_in_function(self, function: Any) -> Iterator[str]:
        # A function value has attributes of its own, which may hold functions again.
        waiting = [function]
        while waiting:
            found = waiting.pop()
            if found.name in self._bodies:
                yield found.name
            for value in found.attr.values():
                if value.HasField("func"):
                    waiting.append(value.func)
                waiting.extend(value.list.func)

    def _implementations(self) -> dict[bytes, list[str]]:
        if self._interfaces is None:
            self._interfaces = {}
            for name, bodies in self._bodies.items():
                for body in bodies:
                    if _INTERFACE in body.attr:
                        self._interfaces.setdefault(body.attr[_INTERFACE].s, []).append(name)
        return self._interfaces
