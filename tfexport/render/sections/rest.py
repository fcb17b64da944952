"""The line that stands for what a section leaves out."""

from __future__ import annotations

from tfexport.render.page import Cell, Line


def say_more(text: str) -> Line:
    """``and 14 more: 1,234 parameters``, which may continue on the next line."""
    return write_words(text, "dim")


def write_words(text: str, style: str = "") -> Line:
    """A sentence as a line that is broken between its words."""
    return Line(tuple(Cell(word, style) for word in text.split(" ")), indent=2)
