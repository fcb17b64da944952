"""Where the value of a tensor comes from: a constant, an asset's path, the saver's file name.

Followed backwards through ops that pass a value on, variables, calls, branches and loops. Whatever
cannot be followed is unknown, so that nothing is taken for harmless that may be otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from tfexport.records import dataclass
from tfexport.savedmodel.calls import Call, CallGraph
from tfexport.savedmodel.entries import asset_tensors, full_name, savers
from tfexport.savedmodel.graph import node_name
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef

_BUDGET = 200_000  # steps, for all questions about a model together
_MOST_STEPS = 1_000  # for one question
_MOST_CONSTANTS = 8
_TEXT = 7  # DT_STRING
_ANY = "?"  # no name of a variable: TensorFlow allows no such character in one

# Which inputs such an op's value comes from; None: all of them.
_PASSED_ON: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(
        """BroadcastTo Enter EnsureShape Exit ExpandDims Gather GatherV2 GuaranteeConst Identity
        NextIteration PlaceholderWithDefault PreventGradient RefEnter RefExit RefIdentity
        RefNextIteration RefSwitch Reshape ShardedFilename Slice Snapshot Squeeze StopGradient
        StridedSlice Switch Tile""".split(),  # noqa: SIM905 — 27 lines otherwise
        (0,),
    ),
    **dict.fromkeys(("Select", "SelectV2"), (1, 2)),
    **dict.fromkeys(("ConcatV2", "Merge", "Pack", "RefMerge"), None),
}
_INDEXED = frozenset({"IdentityN", "RefSelect"})  # output i is input i

# Where the arguments of the called function begin among the node's inputs.
_ARGUMENTS_FROM = {
    **dict.fromkeys(("PartitionedCall", "StatefulPartitionedCall", "BatchFunction", "MapDefun"), 0),
    **dict.fromkeys(("While", "StatelessWhile", "_While"), 0),
    **dict.fromkeys(("If", "StatelessIf", "_If", "Case", "StatelessCase", "RemoteCall"), 1),
}
_LOOPS = frozenset({"While", "StatelessWhile", "_While"})
_CALLS = frozenset(_ARGUMENTS_FROM)
_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})
_ASSIGNMENTS = frozenset({"Assign", "AssignVariableOp"})


@dataclass(frozen=True)
class Origins:
    """Everything that a tensor's value can come from.

    ``constants`` are texts, or their beginnings where more is appended to them. ``assets`` says
    whether it can be an asset's path, ``saver`` the file name that a saver is given; ``stored``
    are nodes whose constant TensorFlow replaces by an asset's path, but only while it loads the
    model. ``unknown``: it can be anything else as well.
    """

    constants: tuple[bytes, ...] = ()
    assets: bool = False
    saver: bool = False
    stored: bool = False
    unknown: bool = False


def merge_origins(several: Iterable[Origins]) -> Origins:
    """The origins of several tensors together; unknown where there are none."""
    found = list(several)
    return Origins(
        tuple(dict.fromkeys(text for origins in found for text in origins.constants)),
        any(origins.assets for origins in found),
        any(origins.saver for origins in found),
        any(origins.stored for origins in found),
        not found or any(origins.unknown for origins in found),
    )


Place = tuple["str | None", str]  # a function, None for the main graph, and a tensor's name in it


class OriginFinder:
    """Answers where the tensors of one metagraph come from."""

    def __init__(
        self, metagraph: MetaGraphDef, calls: CallGraph, nodes: dict[str, NodeDef]
    ) -> None:
        self._metagraph = metagraph
        self._calls = calls
        self._main = nodes
        self._assets = frozenset(asset_tensors(metagraph))
        self._savers = frozenset(full_name(s.filename_tensor_name) for s in savers(metagraph))
        self._nodes: dict[str, dict[str, NodeDef]] = {}
        self._arguments: dict[str, dict[str, int]] = {}
        self._callers: dict[str, list[tuple[str | None, NodeDef, Call]]] | None = None
        self._assigned: dict[str, list[Place]] | None = None
        self._known: dict[Place, Origins] = {}
        self._budget = _BUDGET

    def origins(self, function: str | None, tensor: str) -> Origins:
        """Where ``tensor``, as a node's input names it, comes from."""
        place = (function, tensor)
        if place not in self._known:
            self._known[place] = _Search(self, place).run()
        return self._known[place]

    def spend(self) -> bool:
        """Take one step of the budget; False when it is used up."""
        self._budget -= 1
        return self._budget >= 0

    def node(self, function: str | None, name: str) -> NodeDef | None:
        """The node of that name in a function, None for the main graph."""
        if function is None:
            return self._main.get(name)
        if function not in self._nodes:
            self._nodes[function] = {node.name: node for node in self._calls.nodes(function)}
        return self._nodes[function].get(name)

    def is_asset(self, tensor: str) -> bool:
        """Whether TensorFlow feeds this tensor of the main graph with an asset's path."""
        return full_name(tensor) in self._assets

    def is_saver_file(self, tensor: str) -> bool:
        """Whether this tensor of the main graph is the file name that a saver is given."""
        return full_name(tensor) in self._savers

    def body(self, function: str) -> Any:
        """The definition of a function that TensorFlow uses: the last one of that name."""
        return self._calls.bodies(function)[-1]

    def callers(self, function: str) -> list[tuple[str | None, NodeDef, Call]]:
        """The nodes that call a function, with the function that each stands in."""
        if self._callers is None:
            self._callers = {}
            for caller, node in self._all_nodes():
                for call in self._calls.calls_of(node):
                    self._callers.setdefault(call.function, []).append((caller, node, call))
        return self._callers.get(function, [])

    def calls_of(self, node: NodeDef) -> Iterator[Call]:
        """The functions that a node calls."""
        return self._calls.calls_of(node)

    def arguments(self, function: str) -> dict[str, int]:
        """The names of a function's arguments, and which one each is."""
        if function not in self._arguments:
            names = (argument.name for argument in self.body(function).signature.input_arg)
            self._arguments[function] = {name: index for index, name in enumerate(names)}
        return self._arguments[function]

    def bound_object(self, function: str, from_end: int) -> str | None:
        """The kind of object that ``tf.saved_model.load`` passes as an argument of a function.

        ``from_end`` counts the arguments from the last one, 1, on. None where it does not call the
        function, ``?`` where the caller gives that argument.
        """
        graph = self._metagraph.object_graph_def
        if function not in graph.concrete_functions:
            return None
        bound = graph.concrete_functions[function].bound_inputs
        index = bound[-from_end] if from_end <= len(bound) else -1
        return (
            graph.nodes[index].WhichOneof("kind") or "?" if 0 <= index < len(graph.nodes) else "?"
        )

    def assigned(self, variable: NodeDef) -> tuple[list[Place], list[Place]]:
        """Every value that is assigned to a variable, and to one that is not known."""
        if self._assigned is None:
            self._assigned = {}
            for caller, node in self._all_nodes():
                if node.op in _ASSIGNMENTS and len(node.input) > 1 and _assigns_text(node):
                    for key in _Search(self, (caller, node.input[0])).variables():
                        self._assigned.setdefault(key, []).append((caller, node.input[1]))
        found = self._assigned
        return found.get(variable_key(variable), []), found.get(_ANY, [])

    def _all_nodes(self) -> Iterator[tuple[str | None, NodeDef]]:
        for node in self._main.values():
            yield None, node
        for function in self._calls.functions:
            for node in self._calls.nodes(function):
                yield function, node


class _Search:
    """One walk backwards from a tensor."""

    def __init__(self, finder: OriginFinder, start: Place) -> None:
        self._finder = finder
        self._waiting = [start]
        self._seen = {start}
        self._constants: dict[bytes, None] = {}
        self._variables: list[str] = []
        self._assets = self._saver = self._stored = self._unknown = False

    def run(self) -> Origins:
        """Walk on through the values of variables too."""
        self._walk(through_variables=True)
        constants = tuple(self._constants)
        if len(constants) > _MOST_CONSTANTS:
            constants, self._unknown = constants[:_MOST_CONSTANTS], True
        return Origins(constants, self._assets, self._saver, self._stored, self._unknown)

    def variables(self) -> list[str]:
        """The keys of the variables that a handle can be; _ANY where it can be any."""
        self._walk(through_variables=False)
        return [*self._variables, *([_ANY] if self._unknown else [])]

    def _walk(self, through_variables: bool) -> None:
        while self._waiting:
            if len(self._seen) > _MOST_STEPS or not self._finder.spend():
                self._unknown = True
                return
            function, tensor = self._waiting.pop()
            self._look(function, tensor.removeprefix("^"), through_variables)

    def _go(self, function: str | None, tensors: Iterable[str]) -> None:
        for tensor in tensors:
            place = (function, tensor)
            if tensor.startswith("^"):
                continue
            if place not in self._seen:
                self._seen.add(place)
                self._waiting.append(place)

    def _look(self, function: str | None, tensor: str, through_variables: bool) -> None:
        name = node_name(tensor)
        node = self._finder.node(function, name)
        if function is None and self._look_at_fed(tensor, node):
            return
        if node is not None:
            self._look_at_node(function, node, _output_index(tensor), through_variables)
        elif function is not None:
            self._look_at_argument(function, name)
        else:
            self._unknown = True

    def _look_at_fed(self, tensor: str, node: NodeDef | None) -> bool:
        if self._finder.is_saver_file(tensor):
            self._saver = True
            return True
        if not self._finder.is_asset(tensor):
            return False
        if node is not None and node.op != "Placeholder":
            self._stored = True
        self._assets = True
        return True

    def _look_at_node(
        self, function: str | None, node: NodeDef, output: int, through_variables: bool
    ) -> None:
        op, inputs = node.op, node.input
        if op == "Const":
            self._add_constant(node)
        elif op in _PASSED_ON:
            indices = _PASSED_ON[op]
            self._go(function, inputs if indices is None else _pick(inputs, indices))
        elif op in _INDEXED:
            self._go(function, _pick(inputs, (output,)))
        elif op == "StringJoin":
            self._look_at_join(function, inputs)
        elif op == "ReadVariableOp" and through_variables and inputs:
            self._go(function, inputs[:1])
        elif op in _VARIABLES:
            self._look_at_variable(node, through_variables)
        elif op in _CALLS:
            self._look_at_call(function, node, output)
        else:
            self._unknown = True

    def _look_at_variable(self, node: NodeDef, through_variables: bool) -> None:
        if not through_variables:
            self._variables.append(variable_key(node))
            return
        assigned = self._finder.assigned(node)
        self._unknown = self._unknown or not any(assigned)
        for function, tensor in chain.from_iterable(assigned):
            if not self._finder.spend():
                self._unknown = True
                return
            self._go(function, (tensor,))

    def _look_at_join(self, function: str | None, inputs: Any) -> None:
        # As in the saver's "<file name>_temp/part": the rest must not lead back out.
        tensors = [name for name in inputs if not name.startswith("^")]
        rest = [constant for name in tensors[1:] for constant in self._constants_of(function, name)]
        if not tensors or any(text is None or b".." in text for text in rest):
            self._unknown = True
        self._go(function, tensors[:1])

    def _constants_of(self, function: str | None, tensor: str) -> Iterator[bytes | None]:
        waiting, seen = [tensor], {tensor}
        while waiting:
            node = self._finder.node(function, node_name(waiting.pop()))
            if node is None or len(seen) > _MOST_CONSTANTS or not self._finder.spend():
                yield None
            elif node.op == "Const":
                yield from _texts_of(node) or (None,)
            elif node.op in ("Identity", "Select", "SelectV2"):
                indices = (0,) if node.op == "Identity" else (1, 2)
                new = [name for name in _pick(node.input, indices) if name not in seen]
                seen.update(new)
                waiting += new
            else:
                yield None

    def _add_constant(self, node: NodeDef) -> None:
        texts = _texts_of(node)
        if texts is None:
            self._unknown = True
        else:
            self._constants.update(dict.fromkeys(texts))

    def _look_at_call(self, function: str | None, node: NodeDef, output: int) -> None:
        if node.op in _LOOPS:
            self._go(function, _pick(node.input, (output,)))
        for call in self._finder.calls_of(node):
            if call.role.endswith(".cond"):
                continue
            body = self._finder.body(call.function)
            if output >= len(body.signature.output_arg):
                self._unknown = True
                continue
            name = body.signature.output_arg[output].name
            if name in body.ret:
                self._go(call.function, (body.ret[name],))
            else:
                self._unknown = True

    def _look_at_argument(self, function: str, name: str) -> None:
        arguments = self._finder.arguments(function)
        if name not in arguments:
            self._unknown = True
            return
        index = arguments[name]
        callers = self._finder.callers(function)
        bound = self._finder.bound_object(function, len(arguments) - index)
        self._assets = self._assets or bound == "asset"
        if (bound or "asset") != "asset" or not (bound or callers):
            self._unknown = True
        for caller, node, call in callers:
            if not self._finder.spend():
                self._unknown = True
                return
            self._look_at_passed(caller, node, call, index, len(arguments))

    def _look_at_passed(
        self, caller: str | None, node: NodeDef, call: Call, index: int, count: int
    ) -> None:
        position = _input_index(node, call, index, count)
        tensors = [] if position is None else _pick(node.input, (position,))
        if not tensors:
            self._unknown = True
        self._go(caller, tensors)
        if node.op in _LOOPS:
            self._look_at_next_round(node, index)

    def _look_at_next_round(self, node: NodeDef, index: int) -> None:
        for call in self._finder.calls_of(node):
            if call.role.endswith(".body"):
                body = self._finder.body(call.function)
                outputs = body.signature.output_arg
                name = outputs[index].name if index < len(outputs) else ""
                if name in body.ret:
                    self._go(call.function, (body.ret[name],))
                else:
                    self._unknown = True


def variable_key(node: NodeDef) -> str:
    """What a variable is shared by: two nodes with the same key are one variable."""
    attributes = node.attr
    shared = attributes["shared_name"].s if "shared_name" in attributes else b""
    return shared.decode("utf-8", errors="replace") or str(node.name)


def _assigns_text(node: NodeDef) -> bool:
    for name in ("dtype", "T"):
        if name in node.attr:
            return bool(node.attr[name].type == _TEXT)
    return True


def _texts_of(node: NodeDef) -> list[bytes] | None:
    tensor = node.attr["value"].tensor if "value" in node.attr else None
    if tensor is None or tensor.dtype != _TEXT:
        return None
    return list(tensor.string_val[: _MOST_CONSTANTS + 1]) or [b""]


def _pick(inputs: Any, indices: Iterable[int]) -> list[str]:
    # Control inputs come after all others.
    return [inputs[index] for index in indices if index < len(inputs)]


def _output_index(tensor: str) -> int:
    digits = tensor.rpartition(":")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else 0


def _input_index(node: NodeDef, call: Call, index: int, count: int) -> int | None:
    """Which input of a node becomes argument ``index`` of ``count`` of the function it calls."""
    if node.op == call.function:
        return index
    if node.op in _ARGUMENTS_FROM:
        return _ARGUMENTS_FROM[node.op] + index
    if "Targuments" not in node.attr:
        return None
    # A dataset's function: elements first, then what it captured. The node's inputs: the dataset,
    # the state that it starts from, the captured tensors, and settings.
    captured = index - (count - len(node.attr["Targuments"].list.type))
    state = len(node.attr["Tstate"].list.type) if "Tstate" in node.attr else 0
    return None if captured < 0 else 1 + state + captured
