"""A progress bar on stderr, where somebody is there to see it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import click

from tfexport.cli.settings import current_settings
from tfexport.render.quantities import format_bytes

_WORTH_SHOWING = 64_000_000  # bytes: fewer are read before a bar could be seen


def rows_progress(rows: int | None) -> AbstractContextManager[Callable[[int], None]]:
    """Draw how many of ``rows`` are done, how fast, and how long it will take.

    Gives the function to call with the number of rows that were done. Nothing is drawn with
    ``--quiet`` or where stderr is no terminal.
    """
    return _progress(rows, lambda rate: f"{rate:,.0f} rows/s", show_pos=True)


def bytes_progress(size: int) -> AbstractContextManager[Callable[[int], None]]:
    """Draw how much of ``size`` bytes is read, as rows_progress does; of little, nothing."""
    if size < _WORTH_SHOWING:
        return nullcontext(lambda done: None)
    return _progress(size, lambda rate: f"{format_bytes(round(rate))}/s", show_pos=False)


@contextmanager
def _progress(
    length: int | None, describe_rate: Callable[[float], str], *, show_pos: bool
) -> Iterator[Callable[[int], None]]:
    settings = current_settings()
    if settings.quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    start, total = time.monotonic(), 0

    def describe(item: object) -> str:
        return describe_rate(total / max(time.monotonic() - start, 1e-9))

    with click.progressbar(
        length=length or 0,
        file=sys.stderr,
        show_pos=show_pos,
        show_eta=length is not None,
        show_percent=length is not None,
        item_show_func=describe,
        color=settings.colour_of(sys.stderr),
    ) as bar:

        def advance(done: int) -> None:
            nonlocal total
            total += done
            bar.update(done)

        yield advance


def erase_bar() -> None:
    """Erase what a process that is gone has drawn, and show the cursor that click's bar hides."""
    if not current_settings().quiet and sys.stderr.isatty():
        sys.stderr.write("\r\033[K\033[?25h")
        sys.stderr.flush()


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
