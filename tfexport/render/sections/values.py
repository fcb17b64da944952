"""A tensor's values: figures, and a histogram drawn in block characters."""

from __future__ import annotations

from collections.abc import Iterator

from tfexport.render.page import Block, Cell, Heading, Line, Table
from tfexport.render.quantities import format_bytes, format_count
from tfexport.render.sections.rest import write_words
from tfexport.savedmodel.value_summary import Histogram, NumberSummary, TextSummary, ValueSummary
from tfexport.spec import format_shape

_ROWS = 6  # lines of the histogram
_COLUMNS = 48  # what it is widened to where it has few bins
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def show_values(summary: ValueSummary) -> Iterator[Block]:
    """The figures of one tensor, then its histogram or its first strings."""
    size = f"{format_count(summary.elements, 'value')}, {format_bytes(summary.bytes)}"
    yield Heading(summary.name, f"{summary.dtype} {format_shape(summary.shape)}, {size}")
    if summary.numbers is not None:
        yield from _show_numbers(summary.numbers, summary.elements)
    if summary.text is not None:
        yield from _show_text(summary.text, summary.elements)


def _show_numbers(numbers: NumberSummary, elements: int) -> Iterator[Block]:
    low, high = _format(numbers.minimum), _format(numbers.maximum)
    rows = (
        ("min", low, "zeros", _share(numbers.zeros, elements)),
        ("max", high, "NaN", _share(numbers.nan, elements)),
        ("mean", _format(numbers.mean), "Inf", _share(numbers.infinite, elements)),
        ("std", _format(numbers.std), "", ""),
    )
    yield Table(tuple(_figures(*row) for row in rows))
    if numbers.measure != "value":
        yield write_words(f"of the {numbers.measure}s of complex numbers", "dim")
    if numbers.histogram is not None and numbers.minimum != numbers.maximum:
        yield from _draw(numbers.histogram, low, high)


def _figures(name: str, value: str, other: str, count: str) -> tuple[Cell, ...]:
    return Cell(name, "dim"), Cell(value, "number"), Cell(other, "dim"), Cell(count, "number")


def _format(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _share(count: int, elements: int) -> str:
    if not count or not elements:
        return f"{count:,}"
    return f"{count:,} ({100 * count / elements:.3g} %)"


def _draw(histogram: Histogram, low: str, high: str) -> Iterator[Block]:
    heights = [_height(count, max(histogram.counts)) for count in _widen(histogram.counts)]
    yield Line(())
    for row in reversed(range(_ROWS)):
        blocks = (_EIGHTHS[min(max(height - 8 * row, 0), 8)] for height in heights)
        yield Line((Cell("".join(blocks), "bar"),), indent=2)
    gap = " " * max(len(heights) - len(low) - len(high), 1)
    yield Line((Cell(f"{low}{gap}{high}", "dim"),), indent=2)
    if histogram.stride > 1:
        yield write_words(f"drawn from every {histogram.stride}th value", "dim")


def _widen(counts: tuple[int, ...]) -> list[int]:
    times = max(_COLUMNS // len(counts), 1)
    return [count for count in counts for _ in range(times)]


def _height(count: int, most: int) -> int:
    """In eighths of a line; at least one where there is something."""
    return max(round(8 * _ROWS * count / most), 1 if count else 0)


def _show_text(text: TextSummary, elements: int) -> Iterator[Block]:
    rows = (
        ("shortest", _bytes(text.shortest)),
        ("longest", _bytes(text.longest)),
        ("mean length", "none" if text.mean_length is None else f"{text.mean_length:.4g} bytes"),
        ("empty", _share(text.empty, elements)),
    )
    yield Table(tuple((Cell(name, "dim"), Cell(value, "number")) for name, value in rows))
    if text.first:
        yield Line(())
        shown = [*map(repr, text.first), *(["…"] if elements > len(text.first) else [])]
        yield Line(tuple(Cell(value) for value in shown), indent=2)


def _bytes(length: int | None) -> str:
    return "none" if length is None else f"{length:,} bytes"
