"""What every command has in common: its options, and where and how it writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from tfexport.render.terminal import Terminal

_USUAL_WIDTH = 80

Command = TypeVar("Command", bound=Callable[..., Any])


class Settings:
    """The options that all commands share.

    ``own_process`` says that this process is the command's alone, and may be forked.
    """

    def __init__(self, own_process: bool = False) -> None:
        self.own_process = own_process
        self.debug = False
        self.quiet = False
        self.no_color = False

    def colour_of(self, stream: TextIO) -> bool:
        """Whether to colour what is written to ``stream``: https://no-color.org."""
        return not self.no_color and not os.environ.get("NO_COLOR") and stream.isatty()

    def terminal(self) -> Terminal:
        """What stdout can show: COLUMNS, else the terminal's width; a pipe has no width."""
        from tfexport.render.terminal import Terminal

        return Terminal(stdout_width(), self.colour_of(sys.stdout))


def stdout_width() -> int | None:
    """The columns that stdout has: COLUMNS, else the terminal's; None where it is none."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return int(columns)
    if not sys.stdout.isatty():
        return None
    return os.get_terminal_size(sys.stdout.fileno()).columns or _USUAL_WIDTH  # 0: nobody set it


def _store(name: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def store(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        setattr(ctx.ensure_object(Settings), name, value)

    return store


def _flag(*names: str, attribute: str, text: str) -> Callable[[Command], Command]:
    return click.option(
        *names, is_flag=True, expose_value=False, callback=_store(attribute), help=text
    )


def common_options(command: Command) -> Command:
    """Add ``--quiet``, ``--debug`` and ``--no-color``: the same on every command."""
    for option in (
        _flag("--no-color", attribute="no_color", text="No colours (also: NO_COLOR=1)."),
        _flag("--debug", attribute="debug", text="Show the whole traceback of an error."),
        _flag("-q", "--quiet", attribute="quiet", text="No progress on stderr."),
    ):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""``--json``, for a command whose result has a schema in docs/json.md."""


def current_settings() -> Settings:
    """The settings of the command that is running."""
    return click.get_current_context().ensure_object(Settings)
