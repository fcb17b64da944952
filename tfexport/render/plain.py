"""Lines of pieces as text without colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfexport.render.page import Cell


def write_plain(lines: Iterable[Sequence[Cell]]) -> str:
    """The lines as text, each one ended by a newline, without trailing spaces."""
    return "".join("".join(piece.text for piece in line).rstrip() + "\n" for line in lines)
