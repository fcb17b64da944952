"""Sentences in tables continue below themselves, and no word of them is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tfexport.render.columns import cell_width
from tfexport.render.page import Cell, Page
from tfexport.render.terminal import Terminal
from tfexport.render.text import render_page
from tfexport.render.wrapping import wrap_table, wrap_text


def test_words_stay_whole_where_they_fit() -> None:
    assert wrap_text("the quick brown fox", 9) == ["the quick", "brown fox"]
    assert wrap_text("", 9) == []


def test_a_word_that_is_too_wide_is_cut() -> None:
    assert wrap_text("a 123456789 b", 4) == ["a", "1234", "5678", "9 b"]


def test_wide_characters_take_two_columns() -> None:
    assert wrap_text("日本語", 4) == ["日本", "語"]
    assert wrap_text("日本語", 1) == ["日", "本", "語"]


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z", "M"])), st.integers(2, 40)
)
def test_nothing_is_lost_and_nothing_is_wider(text: str, width: int) -> None:
    lines = wrap_text(text, width)
    assert "".join(lines) == text
    assert all(cell_width(line) <= width for line in lines)


def test_a_table_with_a_sentence() -> None:
    rows = [
        (Cell("critical"), Cell("one two three four five six seven")),
        (Cell("low"), Cell("short")),
    ]
    page = Page((wrap_table(rows, 32),))
    assert render_page(page, Terminal(32)) == (
        "  critical  one two three four\n            five six seven\n  low       short\n"
    )
    whole = Page((wrap_table(rows, None),))
    assert render_page(whole, Terminal()) == (
        "  critical  one two three four five six seven\n  low       short\n"
    )


def test_no_rows_no_table() -> None:
    assert render_page(Page((wrap_table([], 80),)), Terminal(80)) == ""


def test_other_columns_are_shortened_in_their_middle() -> None:
    page = Page((wrap_table([(Cell("a" * 50), Cell("text"))], 60, widest=11),))
    assert render_page(page, Terminal(60)) == "  aaaaa…aaaaa  text\n"
