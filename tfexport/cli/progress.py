"""A progress bar on stderr, where somebody is there to see it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from tfexport.cli.settings import current_settings


@contextmanager
def rows_progress(rows: int | None) -> Iterator[Callable[[int], None]]:
    """Draw how many of ``rows`` are done, how fast, and how long it will take.

    Gives the function to call with the number of rows that were done. Nothing is drawn with
    ``--quiet`` or where stderr is no terminal.
    """
    settings = current_settings()
    if settings.quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    start, total = time.monotonic(), 0

    def describe_rate(item: object) -> str:
        return f"{total / max(time.monotonic() - start, 1e-9):,.0f} rows/s"

    with click.progressbar(
        length=rows or 0,
        file=sys.stderr,
        show_pos=True,
        show_eta=rows is not None,
        show_percent=rows is not None,
        item_show_func=describe_rate,
        color=settings.colour_of(sys.stderr),
    ) as bar:

        def advance(done: int) -> None:
            nonlocal total
            total += done
            bar.update(done)

        yield advance


@contextmanager
def steps_progress(steps: int) -> Iterator[Callable[[int], None]]:
    """Draw how many of ``steps`` are done, under the same conditions as ``rows_progress``."""
    settings = current_settings()
    if settings.quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    colour = settings.colour_of(sys.stderr)
    with click.progressbar(length=steps, file=sys.stderr, show_pos=True, color=colour) as bar:
        yield lambda done: bar.update(done)
