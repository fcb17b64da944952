"""``tfexport save``: a Python module to a SavedModel."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfexport.cli.settings import Command, common_options, current_settings, json_option

if TYPE_CHECKING:
    from tfexport.exporting.request import SaveRequest
    from tfexport.exporting.results import SaveResult

SCHEMA = "tfexport.save/1"


def _many(*names: str, metavar: str, text: str) -> Callable[[Command], Command]:
    return click.option(*names, multiple=True, metavar=metavar, help=f"{text} Repeatable.")


@click.command()
@click.argument("target", required=False)
@_many("--spec", metavar="[NAME=]SHAPE[:DTYPE]", text="An input.")
@_many("--arg", metavar="[NAME=]VALUE", text="An argument of the class or factory.")
@_many("--signature", metavar="[NAME=]METHOD", text="A method to export.")
@_many("--const", metavar="NAME=VALUE", text="A parameter that is no tensor.")
@_many("--output-name", metavar="[OLD=]NEW", text="Another name for an output.")
@click.option("-o", "--output", metavar="DIR", help="Where to save it. Default: the target's name.")
@click.option("-f", "--force", is_flag=True, help="Replace what stands there.")
@click.option("--next-version", is_flag=True, help="Save as DIR/N+1, as TensorFlow Serving has it.")
@click.option("--checkpoint", metavar="PATH", help="Weights from a tf.train.Checkpoint.")
@click.option("--weights", metavar="FILE", help="Weights by name, from .npz or .safetensors.")
@click.option("--partial", is_flag=True, help="Let some variables or values have no counterpart.")
@click.option("--seed", type=int, metavar="N", help="The same fresh weights in every run.")
@_many("--sample", metavar="[NAME=]FILE", text="Values to verify an input with.")
@click.option("--tolerance", type=float, metavar="X", help="How far outputs may be off.")
@click.option("--no-verify", is_flag=True, help="Do not compare what was saved with the module.")
@click.option("--no-samples", is_flag=True, help="Do not keep the verified calls in the model.")
@_many("--extra", metavar="FILE", text="A file to put into assets.extra.")
@click.option("--warmup", is_flag=True, help="Write warm-up requests for TensorFlow Serving.")
@click.option("--recipe", metavar="FILE.toml", help="Exports from a file instead of options.")
@click.option("--print-recipe", is_flag=True, help="Print these options as a recipe, save nothing.")
@json_option
@common_options
def save(target: str | None, as_json: bool, recipe: str | None, **values: Any) -> None:
    """Save TARGET, a tf.Module in Python, as a SavedModel.

    TARGET is package.module:Attr or path/to/file.py:Attr, a class, a factory or an instance. The
    module is called once, traced with the given specs, saved, and compared with what was saved.

    A SHAPE is DIM,DIM…, with None where any size will do, or scalar; :ragged or :sparse may end
    it. Of several signatures, SIGNATURE/ before a spec, constant, output or sample says which.

    \b
      tfexport save models.custom_dense:CustomDense --spec None,5
      tfexport save train.py:make_model --arg units=64 --checkpoint training/
      tfexport save models.encoder:Encoder -o serving/encoder --next-version
    """
    given = {name.replace("_", "-"): value for name, value in values.items()}
    if recipe is not None:
        _save_recipes(recipe, target, given, as_json)
        return
    printing = given.pop("print-recipe")
    if target is None:
        raise click.UsageError("Missing argument 'TARGET'.", click.get_current_context())
    single = {"target": target, **{name: _as_plain(value) for name, value in given.items()}}
    if printing:
        from tfexport.exporting.recipe import print_recipe

        click.echo(print_recipe(single), nl=False)
        return
    from tfexport.exporting.request import read_request

    _save(read_request(single), as_json)


def _as_plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _was_given(value: Any) -> bool:
    # A seed or a tolerance of 0 is one.
    return value is not None and value is not False and value != ()


def _save_recipes(path: str, target: str | None, given: dict[str, Any], as_json: bool) -> None:
    from tfexport.exporting.recipe import read_recipes
    from tfexport.exporting.request import read_request

    others = [f"--{name}" for name, value in given.items() if _was_given(value) and name != "force"]
    if target is not None or others:
        raise click.UsageError(
            f"--recipe holds the whole export; leave out {' '.join(others) or target}.",
            click.get_current_context(),
        )
    recipes = read_recipes(Path(path))
    for request in [read_request(recipe, given["force"]) for recipe in recipes]:
        _save(request, as_json)


def _save(request: SaveRequest, as_json: bool) -> None:
    from tfexport.cli.steps import told_step
    from tfexport.exporting.saving import save_target

    # What the user's own code prints is no result: --json must stay JSON.
    with contextlib.redirect_stdout(sys.stderr):
        result = save_target(request, told_step, debug=current_settings().debug)
    for warning in result.warnings:
        label = click.style("Warning:", fg="yellow", bold=True)
        click.echo(f"{label} {warning}", err=True)
    _show(result, as_json)


def _show(result: SaveResult, as_json: bool) -> None:
    from tfexport.render.saved import SaveReport, describe_saved, render_next
    from tfexport.savedmodel.reader import read_description

    description = read_description(result.directory)
    if as_json:
        from tfexport.render.json import render_json

        report = SaveReport(result.verified, result.warnings)
        click.echo(render_json(SCHEMA, description, report), nl=False)
        return
    from tfexport.render.text import render_page

    terminal = current_settings().terminal()
    page = describe_saved(description, result)
    click.echo(render_page(page, terminal), nl=False, color=terminal.colour)
    click.echo(render_next(result), nl=False)
