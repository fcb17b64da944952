"""``tfexport check``: is a SavedModel whole, loadable, safe and right?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfexport.cli.completing import MODEL_DIRECTORY
from tfexport.cli.custom_ops import list_libraries
from tfexport.cli.option_groups import take_options
from tfexport.cli.progress import bytes_progress
from tfexport.cli.replaying import (
    ReplayOptions,
    read_tolerances,
    replay_options,
)
from tfexport.cli.settings import common_options, current_settings, json_option
from tfexport.errors import UsageError
from tfexport.suggestions import did_you_mean

if TYPE_CHECKING:
    from tfexport.checking.checker import CheckOptions
    from tfexport.checking.findings import CheckReport

SCHEMA = "tfexport.check/1"

_PARTS = ("whole", "loadable", "safe", "right")


def parse_parts(text: str) -> tuple[str, ...]:
    """Read ``PART,PART…``. Raises UsageError for a part that there is not."""
    parts = tuple(part.strip() for part in text.split(","))
    for part in parts:
        if part not in _PARTS:
            raise UsageError(
                f"--only {text}: there is no part '{part}'.{did_you_mean(part, _PARTS)} "
                f"The parts are: {', '.join(_PARTS)}."
            )
    return parts


@click.command()
@click.argument("directories", nargs=-1, required=True, metavar="DIR…", type=MODEL_DIRECTORY)
@click.option("--only", metavar="PART,…", help="Some of: whole, loadable, safe, right.")
@click.option("--quick", is_flag=True, help="Do not read the values, and do not load the model.")
@click.option(
    "--samples",
    metavar="FILE.npz",
    type=click.Path(path_type=Path),
    help="Inputs, and the outputs that they must give.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "medium", "low"]),
    default="medium",
    help="The mildest finding that makes the exit code 1 (default: medium).",
)
@click.option(
    "--sarif",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the findings for code-scanning pages.",
)
@replay_options
@json_option
@common_options
def check(directories: Sequence[str], as_json: bool, sarif: Path | None, **values: Any) -> None:
    """Check whether SavedModels are whole, loadable, safe and right.

    DIR is a SavedModel, or a folder of them.
    """
    options = _read_options(take_options(ReplayOptions, values), **values)
    from tfexport.checking.checker import check_models

    report = check_models(directories, options, bytes_progress)
    if sarif is not None:
        _write_sarif(sarif, report)
    _show(report, as_json)
    if report.failed:
        raise click.exceptions.Exit(1)


def _read_options(replay: ReplayOptions, *, only: str | None, **values: Any) -> CheckOptions:
    parts = None if only is None else parse_parts(only)
    if parts is not None and "right" not in parts and values["samples"] is not None:
        raise UsageError(f"--samples is for the part 'right', which --only {only} leaves out.")
    from tfexport.checking.checker import CheckOptions

    settings = current_settings()
    return CheckOptions(
        parts=parts,
        signature=replay.signature,
        tolerances=read_tolerances(replay),
        trust=replay.trust,
        libraries=list_libraries(replay.libraries, replay.packages),
        isolated=settings.own_process,
        debug=settings.debug,
        **values,
    )


def _write_sarif(path: Path, report: CheckReport) -> None:
    from tfexport.errors import DestinationError
    from tfexport.render.sarif import render_sarif

    staged = path.with_name(f".{path.name}.tfexport")
    try:
        staged.write_text(render_sarif(report), encoding="utf-8")
        staged.replace(path)
    except OSError as error:
        staged.unlink(missing_ok=True)
        raise DestinationError(f"Cannot write {path}: {error.strerror or error}.") from None


def _show(report: CheckReport, as_json: bool) -> None:
    if as_json:
        from tfexport.render.json import render_json

        click.echo(render_json(SCHEMA, report), nl=False)
        return
    from tfexport.render.check import show_check
    from tfexport.render.text import render_page

    terminal = current_settings().terminal()
    page = show_check(report, terminal)
    click.echo(render_page(page, terminal), nl=False, color=terminal.colour)
