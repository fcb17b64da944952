"""Lines of pieces as text in colour, by rich: slow to import, and only a terminal needs it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

from tfexport.render.page import Cell

# The terminal's own colours, so that they suit its background.
_STYLES = {
    "title": "bold",
    "heading": "bold",
    "name": "cyan",
    "type": "",
    "number": "",
    "dim": "dim",
    "bar": "blue",
    "good": "green",
    "warning": "yellow",
    "bad": "red",
}
_THEME = Theme({f"page.{name}": style for name, style in _STYLES.items() if style})


def write_styled(lines: Iterable[Sequence[Cell]]) -> str:
    """The lines as text with ANSI colours; but for these the same text as write_plain's."""
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        width=1 << 20,  # the lines have been fitted: rich must not wrap them again
        theme=_THEME,
        highlight=False,
        legacy_windows=False,
    )
    for line in lines:
        text = Text(no_wrap=True)
        for piece in line:
            text.append(piece.text, f"page.{piece.style}" if _STYLES.get(piece.style) else "")
        text.rstrip()
        console.print(text, soft_wrap=True)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()
