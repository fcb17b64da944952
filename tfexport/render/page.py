"""A page of text as plain data: headings, lines and tables, with the names of their styles.

What is shown is decided where a page is made, how it looks where it is written: ``text.py``.
Texts stand here as they are in the model; the writers make them printable.
"""

from __future__ import annotations

from tfexport.records import dataclass

STYLES = ("", "title", "heading", "name", "type", "number", "dim", "bar", "good", "warning", "bad")


@dataclass(frozen=True)
class Cell:
    """A piece of text and the name of its style, one of STYLES."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Line:
    """Pieces that follow each other, with ``separator`` between; none at all are a blank line.

    Where there is no room for all of them they continue below, a little further in, or, with
    ``wraps`` false, are cut.
    """

    cells: tuple[Cell, ...]
    indent: int = 0
    separator: str = " "
    wraps: bool = True


@dataclass(frozen=True)
class Table:
    """Rows of cells in aligned columns; those whose index is in ``right`` are right-aligned.

    A Line among the rows stands between them as it is, by its own indent.
    """

    rows: tuple[tuple[Cell, ...] | Line, ...]
    indent: int = 2
    right: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Heading:
    """The title of a section, and what is to be said beside it. A blank line comes before."""

    text: str
    note: str = ""


Block = Line | Table | Heading


@dataclass(frozen=True)
class Page:
    """Blocks, from the top to the bottom."""

    blocks: tuple[Block, ...]
