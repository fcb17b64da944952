"""In colour and without, a page is the same text; rich is there for colours alone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.test_columns import BLOCKS
from tfexport.render.description import describe_everything, describe_model
from tfexport.render.page import STYLES, Block, Cell, Line, Page
from tfexport.render.styled import write_styled
from tfexport.render.terminal import Terminal
from tfexport.render.text import render_page
from tfexport.savedmodel.reader import read_description

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [40, 80, 1000])
def test_colours_change_nothing_else(zoo_model: Callable[[str], Path], width: int) -> None:
    for name in ("functions", "sharded", "hostile"):
        model = read_description(zoo_model(name))
        for page in (describe_model(model), describe_everything(model)):
            coloured = render_page(page, Terminal(width, colour=True))
            assert COLOUR.search(coloured)
            assert COLOUR.sub("", coloured) == render_page(page, Terminal(width))


@given(st.lists(BLOCKS, max_size=5))
def test_colours_change_nothing_whatever_the_text(blocks: list[Block]) -> None:
    page = Page(tuple(blocks))
    coloured = render_page(page, Terminal(60, colour=True))
    assert COLOUR.sub("", coloured) == render_page(page, Terminal(60))


def test_every_style_can_be_written() -> None:
    text = write_styled([[Cell("x", style) for style in STYLES]])
    assert COLOUR.sub("", text) == "x" * len(STYLES) + "\n"


def test_markup_in_a_name_is_text() -> None:
    page = Page((Line((Cell("[red]x[/red]", "name"),)),))
    assert "[red]x[/red]" in COLOUR.sub("", render_page(page, Terminal(80, colour=True)))


def test_without_colours_rich_is_not_imported() -> None:
    code = """
import sys
from tfexport.render.page import Heading, Page
from tfexport.render.terminal import Terminal
from tfexport.render.text import render_page
render_page(Page((Heading("x"),)), Terminal(80))
print("rich" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
