"""A page as text for the place it goes to: in colour for a terminal, plain elsewhere."""

from __future__ import annotations

from tfexport.render.columns import lay_out
from tfexport.render.page import Page
from tfexport.render.plain import write_plain
from tfexport.render.terminal import Terminal


def render_page(page: Page, terminal: Terminal) -> str:
    """The page as text that ends in a newline.

    rich is imported only for colours: it costs half as much as all else that ``inspect`` does.
    """
    lines = lay_out(page, terminal.width)
    if not terminal.colour:
        return write_plain(lines)
    from tfexport.render.styled import write_styled

    return write_styled(lines)
