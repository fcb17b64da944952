"""The command line as a whole: finds the command, runs it, reports how it ended."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

import tfexport
from tfexport.cli.settings import Settings, stdout_width
from tfexport.errors import TfexportError
from tfexport.render.escaping import printable

# The short help stands here so that `--help` imports no command: a test compares it with theirs.
COMMANDS = {
    "save": "Save TARGET, a tf.Module in Python, as a SavedModel.",
    "inspect": "Show what a SavedModel holds.",
    "run": "Call a signature of a SavedModel and print its outputs.",
    "bench": "Measure how fast a signature of a SavedModel is.",
    "check": "Check whether SavedModels are whole, loadable, safe and right.",
    "diff": "Show what changed between two SavedModels, A and B.",
    "completion": "Print the script that completes commands, options and names in a shell.",
}

_WIDEST_HELP = 100  # columns
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class CommandLine(click.Group):
    """A group whose commands are imported when they are asked for: start-up stays short."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"tfexport.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        # click itself would write an empty line for the one, and exit with 1 for the other.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _InterruptedRun from None
        except BrokenPipeError:
            raise _ReaderGone from None


class _InterruptedRun(Exception):  # noqa: N818
    """Ctrl-C, or SIGTERM."""


class _ReaderGone(Exception):  # noqa: N818
    """Nobody reads stdout any more (``| head``)."""


@click.command(
    cls=CommandLine,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(
    tfexport.__version__, "--version", "-V", prog_name="tfexport", message="%(prog)s %(version)s"
)
def command_line() -> None:
    """Save, inspect, run and measure TensorFlow SavedModels."""


def run_command_line(arguments: Sequence[str] | None = None, *, own_process: bool = False) -> int:
    """Run one command line (``sys.argv`` by default) and return its exit code.

    ``own_process`` lets a command run in a child process that may crash: only for a process that
    ends with this call.
    Errors that a user can cause are written to stderr; a bug propagates with its traceback.
    """
    settings = Settings(own_process=own_process)
    try:
        code = command_line.main(
            arguments,
            prog_name="tfexport",
            standalone_mode=False,
            obj=settings,
            # click would import shutil to ask for it: a tenth of the time that --help takes.
            terminal_width=min(stdout_width() or 80, _WIDEST_HELP),
        )
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _report(_usage_line(error), error.exit_code, settings)
    except TfexportError as error:
        return _report(str(error), error.exit_code, settings, error)
    except (_InterruptedRun, click.Abort, KeyboardInterrupt):
        return _report("Interrupted.", _INTERRUPTED, settings)
    except (_ReaderGone, BrokenPipeError):
        return _abandon_stdout()
    return code if isinstance(code, int) else 0


def _usage_line(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    return f"{message} See '{context.command_path} --help'."


def _report(message: str, code: int, settings: Settings, error: TfexportError | None = None) -> int:
    if settings.debug and error is not None:
        import traceback

        traceback.print_exception(error)
        if error.detail:
            click.echo(printable(error.detail, keep="\n\t"), err=True)
    label = click.style("Error:", fg="red", bold=True)
    click.echo(
        f"{label} {printable(message, keep=chr(10))}",
        err=True,
        color=settings.colour_of(sys.stderr),
    )
    return code


def _abandon_stdout() -> int:
    # Without this Python complains again when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
