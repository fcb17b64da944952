"""``tfexport diff``: what changed between two SavedModels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tfexport.cli.completing import MODEL_DIRECTORY, complete_input, complete_tags
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

if TYPE_CHECKING:
    from tfexport.comparing.models import DiffReport
    from tfexport.comparing.outputs import OutputOptions

SCHEMA = "tfexport.diff/1"


@click.command()
@click.argument("first", metavar="A", type=MODEL_DIRECTORY)
@click.argument("second", metavar="B", type=MODEL_DIRECTORY)
@click.option("--outputs", is_flag=True, help="Call both with the same inputs, and compare.")
@click.option(
    "--input",
    "-i",
    "inputs",
    multiple=True,
    metavar="[NAME=]WHERE",
    shell_complete=complete_input,
    help="An input for --outputs, as for run; repeatable. Default: the calls kept with A.",
)
@click.option(
    "--seed", type=int, default=0, metavar="N", help="For random inputs, where none are kept."
)
@click.option(
    "--batch", type=click.IntRange(min=1), default=2, metavar="N", help="Rows of random inputs."
)
@click.option(
    "--shape", "shapes", multiple=True, metavar="NAME=DIM,DIM…", help="Shape of a random input."
)
@click.option("--breaking-only", is_flag=True, help="Exit with 1 only where a client would fail.")
@click.option("--quick", is_flag=True, help="Compare the checksums of values, not the values.")
@click.option(
    "--tags",
    metavar="A,B",
    shell_complete=complete_tags,
    help="Which metagraph, where there are several.",
)
@replay_options
@json_option
@common_options
def diff(
    first: str,
    second: str,
    outputs: bool,
    breaking_only: bool,
    quick: bool,
    tags: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Show what changed between two SavedModels, A and B.

    The exit code is 0 where nothing did, and 1 where something did.
    """
    replay = take_options(ReplayOptions, values)
    if not outputs:
        _refuse_without_outputs(replay, **values)
    asked = _read_outputs(replay, **values) if outputs else None
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tfexport.comparing.models import DiffOptions, compare_models

    options = DiffOptions(
        tags=None if tags is None else tuple(tags.split(",")),
        quick=quick,
        outputs=asked,
        isolated=current_settings().own_process,
    )
    report = compare_models(first, second, options, bytes_progress)
    _show(report, as_json)
    if report.breaking if breaking_only else not report.equal:
        raise click.exceptions.Exit(1)


def _read_outputs(
    replay: ReplayOptions, *, inputs: Sequence[str], shapes: Sequence[str], **values: Any
) -> OutputOptions:
    from tfexport.comparing.outputs import OutputOptions
    from tfexport.data.generating import parse_shapes

    return OutputOptions(
        inputs=tuple(inputs),
        signature=replay.signature,
        shapes=parse_shapes(shapes),
        tolerances=read_tolerances(replay),
        trust=replay.trust,
        libraries=list_libraries(replay.libraries, replay.packages),
        debug=current_settings().debug,
        **values,
    )


def _refuse_without_outputs(
    replay: ReplayOptions, *, inputs: Sequence[str], shapes: Sequence[str], **values: Any
) -> None:
    given = {
        "input": inputs,
        "shape": shapes,
        "signature": replay.signature,
        "rtol": replay.rtol,
        "atol": replay.atol,
    }
    for name, value in given.items():
        if value:
            raise UsageError(f"--{name} is for calling the models: add --outputs.")


def _show(report: DiffReport, as_json: bool) -> None:
    if as_json:
        from tfexport.render.json import render_json

        click.echo(render_json(SCHEMA, report), nl=False)
        return
    from tfexport.render.diff import show_diff
    from tfexport.render.text import render_page

    terminal = current_settings().terminal()
    page = show_diff(report, terminal)
    click.echo(render_page(page, terminal), nl=False, color=terminal.colour)
