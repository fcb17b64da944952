"""A DiffReport as a page: a section for each kind of change, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tfexport.comparing.arrays import ArrayDifference, round_up
from tfexport.comparing.models import DiffReport, ValuesDifference
from tfexport.comparing.outputs import CallDifference
from tfexport.comparing.values import ValueChange
from tfexport.render.page import Block, Cell, Heading, Line, Page, Table
from tfexport.render.quantities import format_count
from tfexport.render.terminal import Terminal
from tfexport.render.wrapping import wrap_table, wrap_text
from tfexport.savedmodel.difference import Change, OpChange, SignatureChange
from tfexport.savedmodel.graph_difference import MOST_NODES, NodeChange

_MOST_ROWS = 40
_MOST_NODES = 12
_MARKS = {"added": Cell("+", "good"), "removed": Cell("-", "bad"), "changed": Cell("~", "warning")}


def show_diff(report: DiffReport, terminal: Terminal) -> Page:
    """What changed from A to B; sections without changes are left out."""
    return Page(
        (
            Line((Cell("A", "dim"), Cell(report.first, "title"))),
            Line((Cell("B", "dim"), Cell(report.second, "title"))),
            *_signatures(report.signatures, terminal),
            *_changes("Variables", report.variables, terminal),
            *_values(report.values, terminal),
            *_ops(report.ops),
            *_changes("Functions", report.functions, terminal),
            *_nodes(report.nodes, terminal),
            *_changes("Assets", report.assets, terminal),
            *_changes("Versions", report.versions, terminal),
            *_changes("Provenance", report.provenance, terminal),
            *_outputs(report.outputs, terminal),
            Line(()),
            *_verdict(report, terminal),
        )
    )


def _signatures(changes: Sequence[SignatureChange], terminal: Terminal) -> Iterator[Block]:
    if not changes:
        return
    yield Heading("Signatures")
    for change in changes:
        breaking = (Cell("breaking", "bad"),) if change.breaking else ()
        yield Line((_MARKS[change.kind], Cell(change.name, "name"), *breaking), indent=2)
        rows = [
            *(_tensor_row("in", found) for found in change.inputs),
            *(_tensor_row("out", found) for found in change.outputs),
        ]
        if change.method is not None:
            rows.append(_tensor_row("", change.method))
        yield wrap_table(rows, terminal.width, indent=4)


def _tensor_row(direction: str, change: Change) -> tuple[Cell, ...]:
    why = f" (breaking: {change.why})" if change.why else ""
    return (
        _MARKS[change.kind],
        Cell(direction, "dim"),
        Cell(change.name),
        Cell(f"{_from_to(change.before, change.after)}{why}"),
    )


def _from_to(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return str(after if before is None else before)
    return f"{before} → {after}"


def _changes(title: str, changes: Sequence[Change], terminal: Terminal) -> Iterator[Block]:
    if not changes:
        return
    yield Heading(title)
    rows = [
        (
            _MARKS[change.kind],
            Cell(change.name, "name"),
            Cell(_from_to(change.before, change.after)),
        )
        for change in changes[:_MOST_ROWS]
    ]
    yield wrap_table(rows, terminal.width)
    yield from _rest(len(changes))


def _rest(count: int, shown: int = _MOST_ROWS) -> Iterator[Block]:
    if count > shown:
        text = f"and {count - shown:,} more; all of them: --json"
        yield Line((Cell(text, "dim"),), indent=2)


def _values(values: ValuesDifference, terminal: Terminal) -> Iterator[Block]:
    if values.problem is not None:
        yield Heading("Values")
        yield wrap_table([(Cell("unreadable", "bad"), Cell(values.problem))], terminal.width)
    if not values.changed:
        return
    count = format_count(values.compared, "variable")
    yield Heading("Values", f"{len(values.changed):,} of {count} changed, most changed first")
    shown = values.changed[:_MOST_ROWS]
    numbers = [change for change in shown if change.problem is None]
    if numbers:
        titles = ("", "changed", "largest", "relative", "of the norm")
        header = tuple(Cell(title, "dim") for title in titles)
        rows = (header, *map(_value_row, numbers))
        yield Table(rows, right=frozenset({1, 2, 3, 4}))
    others = [(Cell(c.name, "name"), Cell(str(c.problem))) for c in shown if c.problem is not None]
    yield wrap_table(others, terminal.width)
    yield from _rest(len(values.changed))


def _value_row(change: ValueChange) -> tuple[Cell, ...]:
    share = change.differing / change.elements if change.elements else 0.0
    return (
        Cell(change.name, "name"),
        Cell(_percent(share), "number"),
        Cell(_number(change.absolute), "number"),
        Cell(_number(change.relative), "number"),
        Cell("" if change.norm is None else _percent(change.change), "number"),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _percent(share: float) -> str:
    if math.isinf(share):
        return "from 0"
    if 0 < share < 0.0001:
        return f"{share * 100:.1e}%"
    return f"{share * 100:.3g}%"


def _ops(changes: Sequence[OpChange]) -> Iterator[Block]:
    if not changes:
        return
    yield Heading("Ops")
    rows = tuple(
        (
            _MARKS["added" if not c.before else "removed" if not c.after else "changed"],
            Cell(c.op, "name"),
            Cell(f"{c.before:,}", "number"),
            Cell("→", "dim"),
            Cell(f"{c.after:,}", "number"),
        )
        for c in changes[:_MOST_ROWS]
    )
    yield Table(rows, right=frozenset({2, 4}))
    yield from _rest(len(changes))


def _nodes(changes: Sequence[NodeChange], terminal: Terminal) -> Iterator[Block]:
    if not changes:
        return
    count = format_count(len(changes), "change")
    more = " or more" if len(changes) >= MOST_NODES else ""
    yield Heading("Graph", f"{count}{more}, node by node")
    rows = [
        (
            _MARKS[change.kind],
            Cell(change.function or "main graph", "name"),
            Cell(change.node),
            Cell(_from_to(change.before, change.after)),
        )
        for change in changes[:_MOST_NODES]
    ]
    yield wrap_table(rows, terminal.width)
    yield from _rest(len(changes), _MOST_NODES)


def _outputs(calls: Sequence[CallDifference] | None, terminal: Terminal) -> Iterator[Block]:
    for call in calls or ():
        yield Heading(f"Outputs of {call.signature}", call.inputs)
        if call.problem is not None:
            word = Cell("not called", "dim") if call.skipped else Cell("failed", "bad")
            yield wrap_table([(word, Cell(call.problem))], terminal.width)
        if call.random:
            text = "A gives other values each time: only dtypes and shapes can be compared."
            yield wrap_table([(Cell("random", "warning"), Cell(text))], terminal.width)
        for output in call.outputs:
            yield from _output(output, call.random, terminal)


def _output(found: ArrayDifference, random: bool, terminal: Terminal) -> Iterator[Block]:
    different = found.problem is not None or (found.is_too_large and not random)
    style = "bad" if different else "good"
    if found.problem is not None:
        word = "different"
    elif not found.differing:
        word = "equal"
    else:
        word = "too far" if found.is_too_large else "close"
    yield Line((Cell(found.name, "name"), Cell(word, style)), indent=2)
    if found.problem is not None:
        yield wrap_table([(Cell(found.problem),)], terminal.width, indent=4)
    elif found.differing:
        yield wrap_table(list(_figures(found)), terminal.width, indent=4)


def _figures(found: ArrayDifference) -> Iterator[tuple[Cell, ...]]:
    def row(name: str, text: str) -> tuple[Cell, ...]:
        return Cell(name, "dim"), Cell(text)

    yield row("differ", f"{found.differing:,} of {format_count(found.elements, 'element')}")
    if found.absolute is not None:
        yield row("absolute", _three(found.absolute, found.mean_absolute, found.p99_absolute))
    if found.relative is not None:
        yield row("relative", _three(found.relative, found.mean_relative, found.p99_relative))
    if found.cosine is not None:
        yield row("cosine", f"{found.cosine:.9g}")
    if found.same_argmax is not None:
        yield row("argmax", f"{_percent(found.same_argmax)} the same")
    at = f" at {list(found.index)}" if found.index else ""
    yield row("worst", f"{found.expected} → {found.actual}{at}")
    if found.needed is not None:
        enough = round_up(found.needed)
        yield row("passes with", f"--atol {enough} --rtol {enough}")


def _three(largest: float, mean: float | None, p99: float | None) -> str:
    return f"max {_number(largest)}, mean {_number(mean)}, p99 {_number(p99)}"


def _verdict(report: DiffReport, terminal: Terminal) -> Iterator[Block]:
    text, style = "Equal.", "good"
    if not report.equal:
        text, style = f"Different: {', '.join(_parts(report))}.", "warning"
    if report.breaking:
        text, style = f"{text} A client of A would fail on B.", "bad"
    elif not report.equal and not report.signatures:
        text = f"{text} The signatures are the same."
    elif not report.equal:
        text = f"{text} Nothing that a client of A uses is gone."
    lines = [text] if terminal.width is None else wrap_text(text, terminal.width)
    for line in lines:
        yield Line((Cell(line, style),))


def _parts(report: DiffReport) -> Iterator[str]:
    counts = {
        "signature": len(report.signatures),
        "variable": len(report.variables),
        "value": len(report.values.changed),
        "op": len(report.ops),
        "function": len(report.functions),
        "node": len(report.nodes),
        "asset": len(report.assets),
        "version": len(report.versions),
        "call": sum(call.is_different for call in report.outputs or ()),
    }
    yield from (format_count(count, noun) for noun, count in counts.items() if count)
    if report.values.problem is not None:
        yield "values that cannot be read"
