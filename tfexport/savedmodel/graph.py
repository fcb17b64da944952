"""The metagraph's graph in one pass: ops, constants, and the nodes that others ask for.

A graph may have 100,000 nodes and more, so that each is looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from tfexport.dtypes import dtype_name
from tfexport.savedmodel.description import Constant, Graph, OpCount
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef
from tfexport.savedmodel.shapes import read_shape

LARGEST_CONSTANTS = 10

VARIABLE_OPS = frozenset({"Variable", "VariableV2", "VarHandleOp"})


@dataclass
class GraphScan:
    """What one pass over all nodes found.

    ``nodes`` are those of the main graph whose names were asked for, ``variables`` its variable
    nodes in the graph's order.
    """

    graph_ops: Counter[str] = field(default_factory=Counter)
    function_ops: Counter[str] = field(default_factory=Counter)
    machinery_ops: Counter[str] = field(default_factory=Counter)
    nodes: dict[str, NodeDef] = field(default_factory=dict)
    variables: list[NodeDef] = field(default_factory=list)
    functions: int = 0
    _constants: list[tuple[int, str, str | None, NodeDef]] = field(default_factory=list)

    def describe(self) -> Graph:
        """The scan as plain data, the most frequent ops first."""
        return Graph(
            self.graph_ops.total(),
            self.functions,
            self.function_ops.total(),
            tuple(self._count_ops()),
            tuple(self._describe_constants()),
        )

    def _count_ops(self) -> list[OpCount]:
        counts = [
            OpCount(op, self.graph_ops[op], self.function_ops[op], self.machinery_ops[op])
            for op in self.graph_ops.keys() | self.function_ops.keys()
        ]
        return sorted(counts, key=lambda count: (-count.total, count.op))

    def _describe_constants(self) -> Iterator[Constant]:
        largest = nlargest(
            LARGEST_CONSTANTS, self._constants, key=lambda found: (found[0], found[1])
        )
        for size, name, function, node in largest:
            tensor = node.attr["value"].tensor
            shape = read_shape(tensor.tensor_shape)
            yield Constant(name, function, dtype_name(tensor.dtype), shape, size)


def scan_graph(metagraph: MetaGraphDef, names: Iterable[str]) -> GraphScan:
    """Look at every node of the graph and its functions; keep the main graph's ``names``."""
    scan = GraphScan()
    _scan_main_graph(scan, metagraph, frozenset(names))
    library = metagraph.graph_def.library.function
    saving = _saving_functions(metagraph)
    scan.functions = len(library)
    for function in library:
        _scan_function(scan, function, saving)
    return scan


def _scan_main_graph(scan: GraphScan, metagraph: MetaGraphDef, wanted: frozenset[str]) -> None:
    is_machinery = _machinery_test(metagraph)
    ops = []
    for node in metagraph.graph_def.node:
        name, op = node.name, node.op
        ops.append(op)
        if name in wanted:
            scan.nodes[name] = node
        if is_machinery(name):
            scan.machinery_ops[op] += 1
        if op == "Const":
            scan._constants.append((node.attr["value"].tensor.ByteSize(), name, None, node))
        elif op in VARIABLE_OPS:
            scan.variables.append(node)
    scan.graph_ops.update(ops)


def _scan_function(scan: GraphScan, function: Any, saving: frozenset[str]) -> None:
    name = function.signature.name
    ops = [node.op for node in function.node_def]
    scan.function_ops.update(ops)
    if name in saving:
        scan.machinery_ops.update(ops)
        return
    for node in function.node_def:
        if node.op == "Const":
            size = node.attr["value"].tensor.ByteSize()
            scan._constants.append((size, node.name, name, node))


def node_name(tensor_name: str) -> str:
    """The node that makes a tensor: ``x`` for ``x:0``, ``^x`` or ``x``."""
    return tensor_name.removeprefix("^").partition(":")[0]


def _saver_nodes(metagraph: MetaGraphDef) -> frozenset[str]:
    saver = metagraph.saver_def
    names = (saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name)
    return frozenset(node_name(name) for name in names if name)


def _machinery_test(metagraph: MetaGraphDef) -> Any:
    # TensorFlow 1 builds its saver under a scope of its own (save/Const, save/restore_all);
    # TensorFlow 2 has three nodes, two of which call a function of the library.
    nodes = _saver_nodes(metagraph)
    scope = metagraph.saver_def.filename_tensor_name.rpartition("/")[0]
    if not scope:
        return nodes.__contains__
    prefix = f"{scope}/"
    return lambda name: name.startswith(prefix)


def _saving_functions(metagraph: MetaGraphDef) -> frozenset[str]:
    nodes = _saver_nodes(metagraph)
    if not nodes or not metagraph.graph_def.library.function:
        return frozenset()
    return frozenset(
        node.attr["f"].func.name
        for node in metagraph.graph_def.node
        if node.name in nodes and "f" in node.attr
    )
