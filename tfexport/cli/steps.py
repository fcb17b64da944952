"""Tells on stderr of the steps of a long command, each with the time that it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tfexport.cli.settings import current_settings
from tfexport.render.escaping import printable

_WIDTH = 8


@contextmanager
def told_step(name: str, subject: str) -> Iterator[None]:
    """Show a step while it runs, and how long it took when it is done; nothing with --quiet.

    On a terminal the line stands there from the beginning, elsewhere it is written at the end.
    """
    settings = current_settings()
    if settings.quiet:
        yield
        return
    colour = settings.colour_of(sys.stderr)
    line = f"{click.style(name.ljust(_WIDTH), fg='cyan')}{printable(subject)}"
    waiting = sys.stderr.isatty()
    start = time.monotonic()
    if waiting:
        click.echo(line, err=True, nl=False, color=colour)
    try:
        yield
    except BaseException:
        if waiting:
            click.echo(err=True)
        raise
    taken = f" ({time.monotonic() - start:.1f} s)"
    click.echo(taken if waiting else line + taken, err=True, color=colour)
