"""Ops: how often each one stands in the graph and its functions, and the largest constants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfexport.render.bars import draw_bar
from tfexport.render.page import Block, Cell, Heading, Table
from tfexport.render.quantities import format_bytes, format_count
from tfexport.render.sections.rest import say_more
from tfexport.savedmodel.description import Constant, Graph, OpCount
from tfexport.spec import format_shape

_BAR = 30  # columns of the longest bar
_SMALLEST_CONSTANT = 1000  # bytes; below that they are hardly worth a line


def show_ops(graph: Graph) -> Iterator[Block]:
    """A histogram of the ops, TensorFlow's own saving and restoring told apart."""
    yield Heading("Ops", _describe_graph(graph))
    own = [count for count in graph.ops if count.own]
    if own:
        longest = own[0].own
        titles = tuple(Cell(title, "dim") for title in ("op", "graph", "functions", ""))
        rows = (_row(count, longest) for count in own)
        yield Table((titles, *rows), right=frozenset({1, 2}))
    machinery = [count for count in graph.ops if count.machinery]
    if machinery:
        yield say_more(_describe_machinery(machinery))
    yield from _show_constants(graph.constants)


def _describe_graph(graph: Graph) -> str:
    nodes = format_count(graph.nodes, "node")
    if not graph.functions:
        return nodes
    functions = format_count(graph.functions, "function")
    return f"{nodes} in the graph, {graph.function_nodes:,} in {functions}"


def _row(count: OpCount, longest: int) -> tuple[Cell, ...]:
    return (
        Cell(count.op, "name"),
        Cell(f"{count.graph:,}" if count.graph else "", "number"),
        Cell(f"{count.functions:,}" if count.functions else "", "number"),
        Cell(draw_bar(count.own, longest, _BAR), "bar"),
    )


def _describe_machinery(counts: Sequence[OpCount]) -> str:
    total = format_count(sum(count.machinery for count in counts), "node")
    ranked = sorted(counts, key=lambda count: (-count.machinery, count.op))
    ops = ", ".join(f"{count.op} {count.machinery:,}" for count in ranked)
    return f"and {total} of TensorFlow's own saving and restoring: {ops}"


def _show_constants(constants: Sequence[Constant]) -> Iterator[Block]:
    large = [constant for constant in constants if constant.bytes >= _SMALLEST_CONSTANT]
    if large:
        yield Heading("Largest constants")
        yield Table(tuple(map(_constant_row, large)), right=frozenset({3}))


def _constant_row(constant: Constant) -> tuple[Cell, ...]:
    return (
        Cell(constant.name, "name"),
        Cell(constant.dtype, "type"),
        Cell(format_shape(constant.shape), "type"),
        Cell(format_bytes(constant.bytes), "number"),
        Cell(f"in {constant.function}" if constant.function else "", "dim"),
    )
