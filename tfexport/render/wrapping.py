"""Tables whose last column is a sentence: it continues below itself, and is never cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tfexport.render.columns import cell_width, fit
from tfexport.render.escaping import printable
from tfexport.render.page import Cell, Table

_GAP = 2
_NARROWEST_TEXT = 20


def wrap_table(
    rows: Sequence[tuple[Cell, ...]], width: int | None, *, indent: int = 2, widest: int = 32
) -> Table:
    """Rows of as many cells each, the last of which wraps where there is a width.

    The other columns are shortened in their middle to ``widest``.
    """
    if width is None or not rows:
        return Table(tuple(rows), indent)
    sizes = [
        min(max(cell_width(printable(row[i].text)) for row in rows), widest)
        for i in range(len(rows[0]) - 1)
    ]
    room = max(width - indent - sum(sizes) - _GAP * len(sizes), _NARROWEST_TEXT)
    return Table(tuple(_wrap_rows(rows, widest, room)), indent)


def _wrap_rows(
    rows: Iterable[tuple[Cell, ...]], widest: int, room: int
) -> Iterator[tuple[Cell, ...]]:
    for *cells, last in rows:
        first = tuple(Cell(fit(printable(cell.text), widest), cell.style) for cell in cells)
        for line in wrap_text(printable(last.text), room) or [""]:
            yield (*first, Cell(line, last.style))
            first = tuple(Cell("") for _ in cells)


def wrap_text(text: str, width: int) -> list[str]:
    """The lines of a text of one line, none wider than ``width`` columns; words stay whole.

    A word that is wider than that by itself is cut into pieces.
    """
    lines: list[str] = []
    line = ""
    for word in _split(text, width):
        joined = f"{line} {word}" if line else word
        if line and cell_width(joined) > width:
            lines.append(line)
            line = word
        else:
            line = joined
    return [*lines, line] if line else lines


def _split(text: str, width: int) -> Iterator[str]:
    for word in text.split(" "):
        while cell_width(word) > width:
            size = _count_fitting(word, width)
            yield word[:size]
            word = word[size:]
        yield word


def _count_fitting(word: str, width: int) -> int:
    used = 0
    for index, character in enumerate(word):
        used += cell_width(character)
        if used > width:
            return max(index, 1)
    return len(word)
