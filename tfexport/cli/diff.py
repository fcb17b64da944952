"""``tfexport diff``: what changed between two SavedModels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfexport.cli.progress import bytes_progress
from tfexport.cli.settings import common_options, current_settings, json_option
from tfexport.errors import UsageError

if TYPE_CHECKING:
    from tfexport.comparing.models import DiffReport
    from tfexport.comparing.outputs import OutputOptions

SCHEMA = "tfexport.diff/1"


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--outputs", is_flag=True, help="Call both with the same inputs, and compare.")
@click.option(
    "--input",
    "-i",
    "inputs",
    multiple=True,
    metavar="[NAME=]WHERE",
    help="An input for --outputs, as for run; repeatable. Default: the calls kept with A.",
)
@click.option("--signature", "-s", metavar="NAME", help="The one to call. Default: all of them.")
@click.option(
    "--seed", type=int, default=0, metavar="N", help="For random inputs, where none are kept."
)
@click.option(
    "--batch", type=click.IntRange(min=1), default=2, metavar="N", help="Rows of random inputs."
)
@click.option(
    "--shape", "shapes", multiple=True, metavar="NAME=DIM,DIM…", help="Shape of a random input."
)
@click.option("--rtol", multiple=True, metavar="[OUTPUT=]X", help="Allowed relative difference.")
@click.option("--atol", multiple=True, metavar="[OUTPUT=]X", help="Allowed absolute difference.")
@click.option("--breaking-only", is_flag=True, help="Exit with 1 only where a client would fail.")
@click.option("--quick", is_flag=True, help="Compare the checksums of values, not the values.")
@click.option("--tags", metavar="A,B", help="Which metagraph, where there are several.")
@click.option("--trust", is_flag=True, help="Call models although they reach outside the graph.")
@click.option(
    "--load-library",
    "libraries",
    multiple=True,
    metavar="PATH",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A library of custom ops; repeatable.",
)
@click.option(
    "--import",
    "packages",
    multiple=True,
    metavar="PACKAGE",
    help="A package of custom ops, such as tensorflow_text; repeatable.",
)
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
    if not outputs:
        _refuse_without_outputs(**values)
    asked = _read_outputs(**values) if outputs else None
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
    *,
    inputs: Sequence[str],
    shapes: Sequence[str],
    rtol: Sequence[str],
    atol: Sequence[str],
    libraries: Sequence[Path],
    packages: Sequence[str],
    **values: Any,
) -> OutputOptions:
    from tfexport.comparing.outputs import OutputOptions
    from tfexport.comparing.tolerance import parse_tolerances
    from tfexport.data.generating import parse_shapes

    if packages:
        from tfexport.runtime.op_libraries import find_op_libraries

        found = [path for package in packages for path in find_op_libraries(package)]
        libraries = [*libraries, *found]
    return OutputOptions(
        inputs=tuple(inputs),
        shapes=parse_shapes(shapes),
        tolerances=parse_tolerances(rtol, atol),
        libraries=tuple(libraries),
        debug=current_settings().debug,
        **values,
    )


def _refuse_without_outputs(**values: Any) -> None:
    for name in ("inputs", "signature", "shapes", "rtol", "atol"):
        if values[name]:
            option = {"inputs": "input", "shapes": "shape"}.get(name, name)
            raise UsageError(f"--{option} is for calling the models: add --outputs.")


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
