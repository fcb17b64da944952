"""Warnings: what is missing, damaged or dangerous, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfexport.render.page import Block, Heading
from tfexport.render.sections.rest import say_more, write_words
from tfexport.savedmodel.description import ModelWarning

_MOST_WARNINGS = 20


def show_warnings(warnings: Sequence[ModelWarning]) -> Iterator[Block]:
    """A line a warning; nothing at all where there are none."""
    if not warnings:
        return
    yield Heading("Warnings")
    for warning in warnings[:_MOST_WARNINGS]:
        yield write_words(warning.message, "warning")
    if len(warnings) > _MOST_WARNINGS:
        yield say_more(f"and {len(warnings) - _MOST_WARNINGS:,} more: --json")
