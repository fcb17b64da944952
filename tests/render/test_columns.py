"""Lines fit the width they are given, columns stay aligned, and nothing in a name breaks them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfexport.render.columns import cell_width, fit, lay_out
from tfexport.render.page import Block, Cell, Heading, Line, Page, Table
from tfexport.render.plain import write_plain
from tfexport.render.terminal import Terminal
from tfexport.render.text import render_page


def text_of(*blocks: Block, width: int | None = None) -> str:
    return render_page(Page(blocks), Terminal(width))


def row(*texts: str) -> tuple[Cell, ...]:
    return tuple(map(Cell, texts))


def test_columns_are_aligned() -> None:
    table = Table((row("a", "1", "x"), row("long", "10", "")), right=frozenset({1}))
    assert text_of(table) == "  a      1  x\n  long  10\n"


def test_a_line_among_the_rows_keeps_to_itself() -> None:
    title = Line((Cell("a title that is longer than any of the cells"),))
    assert text_of(Table((title, row("a", "b")))) == (
        "a title that is longer than any of the cells\n  a  b\n"
    )


def test_a_heading_has_a_blank_line_above_unless_it_is_the_first() -> None:
    assert text_of(Heading("One", "note"), Heading("Two")) == "One  note\n\nTwo\n"


def test_an_empty_line_is_blank() -> None:
    assert text_of(Line((Cell("a"),)), Line(()), Line((Cell("b"),))) == "a\n\nb\n"


def test_lines_continue_a_little_further_in() -> None:
    words = Line(row("one", "two", "three", "four"), indent=2)
    assert text_of(words, width=12) == "  one two\n    three\n    four\n"
    assert text_of(words) == "  one two three four\n"


def test_a_line_that_does_not_wrap_is_cut() -> None:
    line = Line(row("├─ ", "name", "a long label"), separator="", wraps=False)
    assert text_of(line, width=14) == "├─ namea l…bel\n"


def test_the_widest_column_gives_way_first() -> None:
    table = Table((row("n" * 50, "float32", "[?, 5]"),))
    assert text_of(table, width=40) == "  nnnnnnnnnn…nnnnnnnnnn  float32  [?, 5]\n"


def test_without_a_width_a_long_name_pushes_its_own_row_only() -> None:
    table = Table((row("n" * 500, "b"), row("a", "b")))
    assert text_of(table) == f"  {'n' * 500}  b\n  a{' ' * 59}  b\n"


def test_wide_characters_take_two_columns() -> None:
    assert text_of(Table((row("路径", "x"), row("abcd", "x")))) == "  路径  x\n  abcd  x\n"
    assert cell_width("e\u0301") == 1


def test_control_codes_are_written_out() -> None:
    hostile = "\x1b[31m[red]\n\u202e\x9b"
    shown = r"\x1b[31m[red]\n\u202e\x9b"
    blocks = (Heading(hostile, hostile), Line(row(hostile)), Table((row(hostile),)))
    assert text_of(*blocks) == f"{shown}  {shown}\n{shown}\n  {shown}\n"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "ab…ef"),
        ("abcdef", 3, "a…f"),
        ("abcdef", 2, "…"),
        ("abcdef", 0, ""),
        ("路径路径", 5, "路…径"),
    ],
)
def test_texts_are_shortened_in_their_middle(text: str, width: int, expected: str) -> None:
    assert fit(text, width) == expected


CELLS = st.builds(Cell, st.text(max_size=80))
ROWS = st.lists(CELLS, max_size=5).map(tuple)
BLOCKS = st.one_of(
    st.builds(Heading, st.text(max_size=40), st.text(max_size=40)),
    st.builds(Line, ROWS, st.integers(0, 4), st.sampled_from(["", " ", " · "]), st.booleans()),
    st.builds(
        Table,
        st.lists(ROWS, max_size=5).map(tuple),
        st.integers(0, 4),
        st.frozensets(st.integers(0, 4)),
    ),
)


@given(st.lists(BLOCKS, max_size=5), st.integers(30, 120))
def test_nothing_is_wider_than_the_terminal(blocks: list[Block], width: int) -> None:
    for line in lay_out(Page(tuple(blocks)), width):
        assert cell_width("".join(piece.text for piece in line).rstrip()) <= width


@given(st.lists(BLOCKS, max_size=5), st.sampled_from([None, 40]))
def test_nothing_reaches_the_terminal_that_it_would_obey(
    blocks: list[Block], width: int | None
) -> None:
    text = write_plain(lay_out(Page(tuple(blocks)), width))
    categories = {unicodedata.category(character) for character in text.replace("\n", "")}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_bars_that_do_not_fit_get_shorter_alike() -> None:
    bars = [(Cell(name), Cell("█" * length, "bar")) for name, length in (("a", 8), ("b", 4))]
    assert text_of(Table(tuple(bars)), width=9) == "  a  ████\n  b  ██\n"
