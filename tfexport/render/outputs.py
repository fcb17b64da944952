"""The outputs of a run as a page, and as what ``--json`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfexport.data.arrays import Array
from tfexport.data.json_values import list_values
from tfexport.data.preview import WHOLE, OutputPreview, Statistics
from tfexport.render.escaping import printable
from tfexport.render.page import Block, Cell, Heading, Line, Page, Table
from tfexport.render.quantities import format_count
from tfexport.render.terminal import Terminal
from tfexport.spec import Shape, format_shape

_UNWRAPPED = 1 << 30


@dataclass(frozen=True)
class RunReport:
    """What a run came to. ``written`` is where the outputs went, None where they are shown."""

    directory: str
    signature: str
    engine: str
    outputs: tuple[OutputPreview, ...]
    written: str | None


def show_run(report: RunReport, terminal: Terminal) -> Page:
    """Each output: name, dtype, shape and values; in short where it was written to a file."""
    if report.written is None:
        blocks = [b for output in report.outputs for b in _show_output(output, terminal)]
        return Page(tuple(blocks))
    rows = tuple(_summarize(output) for output in report.outputs)
    return Page((Heading(report.written), Table(rows)))


def _summarize(output: OutputPreview) -> tuple[Cell, ...]:
    statistics = "" if output.statistics is None else _describe_statistics(output.statistics)
    return (
        Cell(output.name, "name"),
        Cell(output.dtype, "type"),
        Cell(format_shape(output.shape), "type"),
        Cell(statistics, "dim"),
    )


def _show_output(output: OutputPreview, terminal: Terminal) -> Iterator[Block]:
    yield Heading(output.name, f"{output.dtype} {format_shape(output.shape)}")
    if output.values is not None:
        for array in output.values:
            yield from _show_array(array, terminal)
        return
    if output.statistics is not None:
        yield Line((Cell(_describe_statistics(output.statistics), "dim"),), indent=2)
    yield from _show_array(output.head, terminal)
    if output.hidden:
        yield Line((Cell(f"… {format_count(output.hidden, 'row')} …", "dim"),), indent=2)
    if output.tail is not None:
        yield from _show_array(output.tail, terminal)


def _describe_statistics(statistics: Statistics) -> str:
    parts = []
    if statistics.minimum is not None:
        parts.append(f"min {statistics.minimum:.6g}")
        parts.append(f"max {statistics.maximum:.6g}")
        parts.append(f"mean {statistics.mean:.6g}")
    if statistics.not_finite:
        parts.append(f"{statistics.not_finite:,} not finite")
    return "  ".join(parts)


def _show_array(array: Any, terminal: Terminal) -> Iterator[Line]:
    width = _UNWRAPPED if terminal.width is None else max(terminal.width - 2, 20)
    text = np.array2string(
        array, max_line_width=width, threshold=WHOLE, formatter={"object": format_string}
    )
    for line in text.splitlines():
        # numpy has laid the line out: it is one piece, and its spaces are its columns.
        yield Line((Cell(line),), indent=2)


def format_string(value: object) -> str:
    """A string of the model as text in quotes when it is UTF-8, else as Python's bytes.

    >>> format_string(b"caf\\xc3\\xa9"), format_string(b"\\xff")
    ("'café'", "b'\\\\xff'")
    """
    if not isinstance(value, bytes):
        return printable(repr(value))
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return repr(value)
    return "'" + printable(text.replace("\\", "\\\\").replace("'", "\\'")) + "'"


@dataclass(frozen=True)
class PlainOutput:
    """An output as JSON holds it: ``values`` are nested lists, None where they were written."""

    name: str
    dtype: str
    shape: Shape | None
    values: Any


@dataclass(frozen=True)
class PlainReport:
    """A RunReport as JSON holds it."""

    directory: str
    signature: str
    engine: str
    outputs: tuple[PlainOutput, ...]
    written: str | None


def report_to_plain(report: RunReport) -> PlainReport:
    """The report for ``--json``."""
    outputs = tuple(
        PlainOutput(
            output.name,
            output.dtype,
            output.shape,
            None if report.written or output.values is None else _list_rows(output.values),
        )
        for output in report.outputs
    )
    return PlainReport(report.directory, report.signature, report.engine, outputs, report.written)


def _list_rows(arrays: Sequence[Array]) -> Any:
    if len(arrays) == 1:
        return list_values(arrays[0])
    return [row for array in arrays for row in list_values(array)]
