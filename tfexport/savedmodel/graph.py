"""The metagraph's graph: which ops it consists of, its largest constants, the nodes others ask for.

A graph may have 100,000 nodes and more, so that the time of ``inspect`` is spent here: nodes are
looked at once, in list comprehensions, and their attributes only where they are needed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import nlargest
from itertools import compress, count

from tfexport.dtypes import dtype_name, item_size
from tfexport.savedmodel.description import Constant, Graph, OpCount, count_elements
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef, TensorProto
from tfexport.savedmodel.shapes import read_shape

LARGEST_CONSTANTS = 10
VARIABLE_OPS = frozenset({"Variable", "VariableV2", "VarHandleOp"})

_TENSOR_NAME = re.compile(r"[^\0:^]+(?::[0-9]{1,9})?")

Found = tuple[int, str, "str | None", NodeDef]


class GraphScan:
    """What one pass over all nodes found.

    ``nodes`` are the main graph's nodes whose names were asked for, ``variables`` its variable
    nodes in the graph's order.
    """

    def __init__(self, metagraph: MetaGraphDef, names: Iterable[str] = ()) -> None:
        self._metagraph = metagraph
        saver = _saver_nodes(metagraph)
        wanted = frozenset(names) | saver
        nodes = metagraph.graph_def.node
        ops = [node.op for node in nodes]
        names = [node.name for node in nodes]
        self.graph_ops = Counter(ops)
        self.nodes = {names[i]: nodes[i] for i in _positions(names, wanted)}
        self.variables = [nodes[i] for i in _positions(ops, VARIABLE_OPS)]
        saver_nodes = {name: self.nodes[name] for name in sorted(saver & self.nodes.keys())}
        self._saving_functions = frozenset(_called(saver_nodes.values()))
        machinery = _machinery_names(metagraph, names, saver_nodes)
        found = [(names[i], ops[i]) for i in _positions(names, machinery)]
        self._machinery = frozenset(name for name, op in found if op not in VARIABLE_OPS)
        self.graph_machinery = Counter(op for _, op in found if op not in VARIABLE_OPS)
        self.function_ops: Counter[str] = Counter()
        self.function_machinery: Counter[str] = Counter()
        self._count_functions()

    def _count_functions(self) -> None:
        for function in self._metagraph.graph_def.library.function:
            ops = [node.op for node in function.node_def]
            self.function_ops.update(ops)
            if function.signature.name in self._saving_functions:
                self.function_machinery.update(ops)

    def describe(self, constants: bool = True) -> Graph:
        """The scan as plain data, the most frequent ops first; the largest constants if asked."""
        return Graph(
            sum(self.graph_ops.values()),
            len(self._metagraph.graph_def.library.function),
            sum(self.function_ops.values()),
            tuple(self._count_ops()),
            tuple(self._largest_constants()) if constants else (),
        )

    def _count_ops(self) -> list[OpCount]:
        graph, functions = self.graph_ops - self.graph_machinery, self.function_ops
        machinery = self.graph_machinery + self.function_machinery
        found = [
            OpCount(op, graph[op], functions[op] - self.function_machinery[op], machinery[op])
            for op in self.graph_ops.keys() | functions.keys()
        ]
        return sorted(found, key=_frequency)

    def _largest_constants(self) -> Iterator[Constant]:
        # The names break ties, so that the order is the same each time.
        largest = nlargest(
            LARGEST_CONSTANTS, self._constants(), key=lambda found: (found[0], found[1])
        )
        for size, name, function, node in largest:
            tensor = node.attr["value"].tensor
            yield Constant(
                name, function, dtype_name(tensor.dtype), read_shape(tensor.tensor_shape), size
            )

    def _constants(self) -> Iterator[Found]:
        graph = self._metagraph.graph_def
        for node in graph.node:
            if node.op == "Const" and node.name not in self._machinery:
                yield _stored_bytes(node.attr["value"].tensor), node.name, None, node
        for function in graph.library.function:
            name = function.signature.name
            if name not in self._saving_functions:
                for node in function.node_def:
                    if node.op == "Const":
                        yield _stored_bytes(node.attr["value"].tensor), node.name, name, node


def _frequency(count: OpCount) -> tuple[int, int, str]:
    return -count.own, 0 if count.own else -count.machinery, count.op


def node_name(tensor_name: str) -> str:
    """The node that makes a tensor: ``x`` for ``x:0``, ``^x`` or ``x``."""
    return tensor_name.removeprefix("^").partition(":")[0]


def parse_tensor_name(name: str) -> tuple[str, int | None] | None:
    """The node that makes a tensor of the main graph, and which output: ``("x", 1)`` for ``x:1``.

    The output is None where the name has no number. None for what TensorFlow could not find: the
    C library cuts a name off at a null character, and a session would then run another node than
    the one that was looked at.
    """
    if not _TENSOR_NAME.fullmatch(name):
        return None
    node, colon, digits = name.partition(":")
    return node, int(digits) if colon else None


def _positions(texts: list[str], wanted: frozenset[str]) -> Iterator[int]:
    return compress(count(), map(wanted.__contains__, texts))


def _stored_bytes(tensor: TensorProto) -> int:
    # Not ByteSize(): it writes the whole message out to measure it.
    if tensor.tensor_content:
        return len(tensor.tensor_content)
    if tensor.string_val:
        return sum(map(len, tensor.string_val))
    size = item_size(dtype_name(tensor.dtype)) or 0
    return size * (count_elements(read_shape(tensor.tensor_shape)) or 0)


def _saver_nodes(metagraph: MetaGraphDef) -> frozenset[str]:
    saver = metagraph.saver_def
    names = (saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name)
    return frozenset(node_name(name) for name in names if name)


def _machinery_names(
    metagraph: MetaGraphDef, names: list[str], saver: dict[str, NodeDef]
) -> frozenset[str]:
    # TensorFlow 1 builds its saver under a scope of its own (save/Const, save/restore_all).
    # TensorFlow 2 has three nodes; two of them call functions, on values read for that only.
    scope = metagraph.saver_def.filename_tensor_name.rpartition("/")[0]
    if scope:
        prefix = f"{scope}/"
        return frozenset([name for name in names if name.startswith(prefix)])
    inputs = (node_name(name) for node in saver.values() for name in node.input)
    return frozenset([*saver, *inputs])


def _called(nodes: Iterable[NodeDef]) -> Iterator[str]:
    for node in nodes:
        if "f" in node.attr:
            yield node.attr["f"].func.name
