"""Bars end where their numbers do."""

from __future__ import annotations

import pytest

from tfexport.render.bars import draw_bar, draw_columns


@pytest.mark.parametrize(
    ("value", "bar"),
    [(8, "████"), (4, "██"), (3, "█▌"), (0.001, "▏"), (0, ""), (7.99, "████")],
)
def test_a_bar_is_as_long_as_its_share(value: float, bar: str) -> None:
    assert draw_bar(value, 8, 4) == bar


def test_nothing_is_drawn_of_nothing() -> None:
    assert (draw_bar(0, 0, 4), draw_columns([]), draw_columns([0, 0])) == ("", "", "  ")


def test_one_call_among_many_is_seen() -> None:
    assert draw_columns([1000, 500, 1, 0]) == "█▄▁ "
