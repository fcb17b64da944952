"""What runs when a model is loaded or called: nodes of the main graph, functions, and the way.

In the main graph TensorFlow runs what the fetched tensors need; of a function that is called, all
nodes count, because it keeps the stateful ones whether they are needed or not
(``PruneFunctionGraph`` of ``tensorflow/core/common_runtime/function.cc``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from tfexport.records import dataclass
from tfexport.savedmodel.calls import Call, CallGraph, GraphDef
from tfexport.savedmodel.entries import Entry
from tfexport.savedmodel.graph import node_name, parse_tensor_name
from tfexport.savedmodel.protos import NodeDef

_MOST_STEPS = 16  # of a way that is told; a hostile model can make it 100,000 long
# Of different feeds that are told apart; the rest is taken to run as if nothing were fed, so that
# 100,000 nodes are not walked for each of 1,000 signatures.
_MOST_FEEDS = 16
_SOURCES = frozenset({"Const", "Placeholder", "PlaceholderV2"})  # nothing runs for their sake


@dataclass(frozen=True)
class Way:
    """How something is reached: where execution begins, and the calls from there on.

    Of a very long way the calls in the middle are left out; ``length`` is how many there are.
    """

    entry: Entry
    calls: tuple[Call, ...]
    length: int


class MainGraph:
    """The nodes of the main graph by name."""

    def __init__(self, graph: GraphDef) -> None:
        self.nodes: dict[str, NodeDef] = {node.name: node for node in graph.node}

    def effective_feeds(self, entry: Entry) -> frozenset[str]:
        """Those of an entry's feeds that keep something from running, as nodes name them."""
        return frozenset(chain.from_iterable(filter(None, map(self._names_of_fed, entry.feeds))))

    def _names_of_fed(self, tensor: str) -> tuple[str, ...]:
        parsed = parse_tensor_name(tensor)
        node = None if parsed is None else self.nodes.get(parsed[0])
        if node is None or (node.op in _SOURCES and not node.input):
            return ()
        return tensor, tensor.removesuffix(":0")

    def run_by(
        self, entry: Entry, feeds: frozenset[str], seen: set[str]
    ) -> Iterator[tuple[str, NodeDef]]:
        """The nodes that an entry runs and that are not in ``seen`` yet, which they are put in."""
        nodes = self.nodes
        # Also those that are fed: as a target, which an init op is, the node runs all the same.
        waiting = [node_name(fetch) for fetch in entry.fetches]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in nodes:
                continue
            seen.add(name)
            node = nodes[name]
            yield name, node
            for source in node.input:
                if source not in feeds:
                    waiting.append(source if source in nodes else node_name(source))


@dataclass(frozen=True)
class _Step:
    entry: Entry
    call: Call
    caller: str | None  # None: a node of the main graph, or nobody: the entry itself
    depth: int


class Reach:
    """What a number of entries run, the first that runs something being named for it."""

    def __init__(self, main: MainGraph, calls: CallGraph, entries: Iterable[Entry]) -> None:
        self._calls = calls
        self.nodes: dict[str, Entry] = {}
        self._functions: dict[str, _Step] = {}
        self._interfaces: set[bytes] = set()
        self._waiting: deque[str] = deque()
        # What feeds cut off for one entry, another one runs without them.
        seen: dict[frozenset[str], set[str]] = {frozenset(): set()}
        for entry in entries:
            feeds = main.effective_feeds(entry)
            if feeds not in seen and len(seen) > _MOST_FEEDS:
                feeds = frozenset()
            self._add(entry, main.run_by(entry, feeds, seen.setdefault(feeds, set())))
            for function in entry.functions:
                self._visit(_Step(entry, Call(function, "", ""), None, 0))
        self._follow_calls()

    def _add(self, entry: Entry, nodes: Iterable[tuple[str, NodeDef]]) -> None:
        for name, node in nodes:
            if name not in self.nodes:
                self.nodes[name] = entry
                for call in self._calls.calls_of(node):
                    self._visit(_Step(entry, call, None, 1))

    @property
    def functions(self) -> Iterable[str]:
        """The names of the functions that run."""
        return self._functions

    def way_to_node(self, node: str) -> Way | None:
        """How a node of the main graph is reached, or None if it is not."""
        entry = self.nodes.get(node)
        return None if entry is None else Way(entry, (), 0)

    def way_to(self, function: str) -> Way | None:
        """The shortest way to a function, or None where nothing leads to it."""
        last = self._functions.get(function)
        if last is None:
            return None
        calls: list[Call] = []
        step: _Step | None = last
        while step is not None and step.depth and len(calls) < _MOST_STEPS:
            calls.append(step.call)
            step = None if step.caller is None else self._functions[step.caller]
        return Way(last.entry, tuple(reversed(calls)), last.depth)

    def _follow_calls(self) -> None:
        while self._waiting:
            caller = self._waiting.popleft()
            step = self._functions[caller]
            for call in self._calls.calls_in(caller):
                self._visit(_Step(step.entry, call, caller, step.depth + 1))
            self._visit_stand_ins(caller, step)

    def _visit_stand_ins(self, function: str, step: _Step) -> None:
        found = self._calls.stand_ins(function)
        if found is None or found[0] in self._interfaces:
            return
        interface, names = found
        self._interfaces.add(interface)
        for name in names:
            call = Call(name, "stand-in", "")
            self._visit(_Step(step.entry, call, function, step.depth + 1))

    def _visit(self, step: _Step) -> None:
        function = step.call.function
        if function not in self._functions and self._calls.bodies(function):
            self._functions[function] = step
            self._waiting.append(function)
