"""What the place that a text is rendered for can show."""

from __future__ import annotations

from tfexport.records import dataclass


@dataclass(frozen=True)
class Terminal:
    """The width in columns, and whether colours are shown.

    A width of None is a pipe or a file: nothing is wrapped or cut off there.
    """

    width: int | None = None
    colour: bool = False
