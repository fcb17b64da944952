"""``tfexport inspect``: show what a SavedModel holds."""

from __future__ import annotations

import click

from tfexport.cli.settings import common_options, current_settings, json_option
from tfexport.render.description import describe_model
from tfexport.render.text import render_page
from tfexport.savedmodel.reader import read_description

SCHEMA = "tfexport.inspect/1"


@click.command()
@click.argument("directory")
@json_option
@common_options
def inspect(directory: str, as_json: bool) -> None:
    """Show the signatures, variables and functions of a SavedModel."""
    description = read_description(directory, constants=as_json)
    if as_json:
        from tfexport.render.json import render_json

        click.echo(render_json(SCHEMA, description), nl=False)
        return
    terminal = current_settings().terminal()
    click.echo(render_page(describe_model(description), terminal), nl=False, color=terminal.colour)
