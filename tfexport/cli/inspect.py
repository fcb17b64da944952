"""``tfexport inspect``: show what a SavedModel holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tfexport.cli.completing import (
    MODEL_DIRECTORY,
    complete_signature,
    complete_tags,
    complete_variable,
)
from tfexport.cli.settings import common_options, current_settings, json_option
from tfexport.render.description import (
    PARTS,
    describe_everything,
    describe_model,
    describe_parts,
)
from tfexport.render.page import Page
from tfexport.render.text import render_page
from tfexport.savedmodel.reader import read_description

if TYPE_CHECKING:
    from tfexport.savedmodel.description import ModelDescription
    from tfexport.savedmodel.value_summary import ValueSummary

SCHEMA = "tfexport.inspect/1"
VALUES_SCHEMA = "tfexport.values/1"

Command = TypeVar("Command", bound=Callable[..., Any])

_PART_HELP = {
    "variables": "All variables: shape, size, trainable, device, data file.",
    "functions": "All functions, with each of their traces.",
    "objects": "The object tree.",
    "ops": "How often each op occurs, and the largest constants.",
}


def _part_options(command: Command) -> Command:
    for part in reversed(PARTS):
        command = click.option(f"--{part}", is_flag=True, help=_PART_HELP[part])(command)
    return command


@click.command()
@click.argument("directory", type=MODEL_DIRECTORY)
@click.option(
    "--signature",
    "-s",
    "signatures",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_signature,
    help="One signature: tensor names, defaults, encodings. Repeatable.",
)
@_part_options
@click.option(
    "--values",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_variable,
    help="A variable's values: figures and a histogram. Repeatable.",
)
@click.option("--all", "everything", is_flag=True, help="Every section in full.")
@click.option(
    "--tags",
    metavar="A,B",
    shell_complete=complete_tags,
    help="Which metagraph, where there are several.",
)
@json_option
@common_options
def inspect(
    directory: str,
    signatures: Sequence[str],
    values: Sequence[str],
    everything: bool,
    tags: str | None,
    as_json: bool,
    **flags: bool,
) -> None:
    """Show what a SavedModel holds.

    Without options: one screen. With some of them: those sections only, in full.
    """
    parts = [part for part in PARTS if flags[part]]
    if as_json and (parts or signatures):
        raise click.UsageError("--json prints everything: leave out the options for sections.")
    model = read_description(
        directory,
        None if tags is None else tags.split(","),
        constants=as_json or everything or "ops" in parts,
    )
    summaries = _summarize(model, values)
    if as_json:
        _print_json(model, summaries)
        return
    terminal = current_settings().terminal()
    page = _choose_page(model, signatures, parts, summaries, everything)
    click.echo(render_page(page, terminal), nl=False, color=terminal.colour)


def _summarize(model: ModelDescription, names: Sequence[str]) -> list[ValueSummary]:
    if not names:
        return []
    import os

    # One thread a core reads already; those of numpy's BLAS would only get in their way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tfexport.savedmodel.values import summarize_values

    return [summarize_values(model, name) for name in names]


def _choose_page(
    model: ModelDescription,
    signatures: Sequence[str],
    parts: Sequence[str],
    summaries: Sequence[ValueSummary],
    everything: bool,
) -> Page:
    if everything:
        page = describe_everything(model)
    elif parts or signatures or summaries:
        from tfexport.runtime.choosing import choose_signature

        page = describe_parts(model, parts, [choose_signature(model, name) for name in signatures])
    else:
        page = describe_model(model)
    if not summaries:
        return page
    from tfexport.render.sections.values import show_values

    blocks = (block for summary in summaries for block in show_values(summary))
    return Page((*page.blocks, *blocks))


def _print_json(model: ModelDescription, summaries: Sequence[ValueSummary]) -> None:
    from tfexport.render.json import render_json, render_json_list

    if summaries:
        click.echo(render_json_list(VALUES_SCHEMA, "values", summaries), nl=False)
    else:
        click.echo(render_json(SCHEMA, model), nl=False)
