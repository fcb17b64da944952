"""A page as lines of styled pieces: columns aligned, and fitted to the width where there is one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from tfexport.render.bars import shrink_bar
from tfexport.render.escaping import printable
from tfexport.render.page import Cell, Heading, Line, Page, Table

_GAP = 2  # columns of space between the columns of a table
_WIDEST_ALIGNED = 60  # without a width: a longer cell pushes its own row only
_NARROWEST = 3
_HANGING = 2  # how much further in a line continues

Pieces = list[Cell]


def lay_out(page: Page, width: int | None) -> Iterator[Pieces]:
    """The page's lines, each as the pieces it consists of, with all spaces in place.

    With a width, no line is wider: lines continue below, cells are shortened in their middle.
    """
    for number, block in enumerate(page.blocks):
        if isinstance(block, Heading):
            if number:
                yield []
            yield _lay_out_heading(block, width)
        elif isinstance(block, Line):
            yield from _lay_out_line(block, width)
        else:
            yield from _lay_out_table(block, width)


def cell_width(text: str) -> int:
    """How many columns a printable text takes: a wide character two, a combining one none."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def fit(text: str, width: int) -> str:
    """A printable text shortened in its middle, with ``…``, to at most ``width`` columns."""
    if cell_width(text) <= width:
        return text
    if width < _NARROWEST:
        return "…"[:width]
    head = _take(text, width // 2)
    tail = _take(text[::-1], width - cell_width(head) - 1)[::-1]
    return f"{head}…{tail}"


def _take(text: str, width: int) -> str:
    taken = []
    for character in text:
        width -= _character_width(character)
        if width < 0:
            break
        taken.append(character)
    return "".join(taken)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _escape(cells: Sequence[Cell]) -> Pieces:
    return [Cell(printable(cell.text), cell.style) for cell in cells]


def _lay_out_heading(heading: Heading, width: int | None) -> Pieces:
    pieces = [Cell(printable(heading.text), "heading")]
    if heading.note:
        pieces += [Cell("  "), Cell(printable(heading.note), "dim")]
    return pieces if width is None else _cut(pieces, width)


def _cut(pieces: Pieces, width: int) -> Pieces:
    shown = []
    for piece in pieces:
        shown.append(Cell(fit(piece.text, width), piece.style))
        width -= cell_width(shown[-1].text)
    return shown


def _lay_out_line(line: Line, width: int | None) -> Iterator[Pieces]:
    cells = _escape(line.cells)
    indent = Cell(" " * line.indent)
    if width is None or not cells:
        yield [indent, *_separate(cells, line.separator)] if cells else []
    elif not line.wraps:
        yield _cut([indent, *_separate(cells, line.separator)], width)
    else:
        yield from _wrap(cells, line, width)


def _separate(cells: Pieces, separator: str) -> Pieces:
    pieces = [piece for cell in cells for piece in (Cell(separator, "dim"), cell)]
    return pieces[1:]


def _wrap(cells: Pieces, line: Line, width: int) -> Iterator[Pieces]:
    indent, pieces, used = line.indent, Pieces(), 0
    for cell in cells:
        gap = cell_width(line.separator) if pieces else 0
        if pieces and indent + used + gap + cell_width(cell.text) > width:
            yield [Cell(" " * indent), *_separate(pieces, line.separator)]
            indent, pieces, used, gap = line.indent + _HANGING, [], 0, 0
        room = max(width - indent - used - gap, _NARROWEST)
        pieces.append(Cell(fit(cell.text, room), cell.style))
        used += gap + cell_width(pieces[-1].text)
    yield [Cell(" " * indent), *_separate(pieces, line.separator)]


def _lay_out_table(table: Table, width: int | None) -> Iterator[Pieces]:
    rows = [row if isinstance(row, Line) else _escape(row) for row in table.rows]
    aligned = [row for row in rows if not isinstance(row, Line)]
    widest = _widest_cells(aligned)
    limits = _limit(widest, None if width is None else width - table.indent)
    for row in rows:
        if isinstance(row, Line):
            yield from _lay_out_line(row, width)
            continue
        if width is not None:
            row = [_fit_cell(cell, widest[i], limits[i]) for i, cell in enumerate(row)]
        yield [Cell(" " * table.indent), *_align(row, limits, table.right)]


def _fit_cell(cell: Cell, widest: int, limit: int) -> Cell:
    if cell.style == "bar" and limit < widest:  # all of its column get shorter alike
        return Cell(shrink_bar(cell.text, widest, limit), "bar")
    return Cell(fit(cell.text, limit), cell.style)


def _widest_cells(rows: list[Pieces]) -> list[int]:
    count = max(map(len, rows), default=0)
    return [
        max((cell_width(row[i].text) for row in rows if i < len(row)), default=0)
        for i in range(count)
    ]


def _limit(widths: list[int], room: int | None) -> list[int]:
    if room is None:
        return [min(width, _WIDEST_ALIGNED) for width in widths]
    return _share_out(widths, max(room - _GAP * (len(widths) - 1), 0))


def _share_out(widths: list[int], room: int) -> list[int]:
    # The widest columns give way first, down to one common width: numbers stay whole.
    remaining, shares = room, dict.fromkeys(range(len(widths)), 0)
    for rank, column in enumerate(sorted(shares, key=lambda index: widths[index])):
        share = min(widths[column], remaining // (len(widths) - rank))
        shares[column] = share
        remaining -= share
    return list(shares.values())


def _align(row: Pieces, widths: list[int], right: frozenset[int]) -> Iterator[Cell]:
    last = max((i for i, cell in enumerate(row) if cell.text), default=-1)
    for i, cell in enumerate(row[: last + 1]):
        padding = " " * max(widths[i] - cell_width(cell.text), 0)
        if padding and i in right:
            yield Cell(padding)
        yield cell
        if i < last:
            yield Cell(("" if i in right else padding) + " " * _GAP)
