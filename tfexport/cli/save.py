"""``tfexport save``: a Python module to a SavedModel."""

from __future__ import annotations

import re
from pathlib import Path

import click

from tfexport.cli.settings import common_options, current_settings


@click.command()
@click.argument("target")
@click.option("--spec", "specs", multiple=True, metavar="[NAME=]DIM,DIM…[:DTYPE]", help="An input.")
@click.option("--signature", "signatures", multiple=True, metavar="[NAME=]METHOD", help="A method.")
@click.option("--arg", "arguments", multiple=True, metavar="[NAME=]VALUE", help="An argument.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Where to save it."
)
@click.option("-f", "--force", is_flag=True, help="Replace what stands there.")
@common_options
def save(
    target: str,
    specs: tuple[str, ...],
    signatures: tuple[str, ...],
    arguments: tuple[str, ...],
    output: Path | None,
    force: bool,
) -> None:
    """Save TARGET, a tf.Module in Python, as a SavedModel."""
    from tfexport.exporting.arguments import make_object, parse_argument
    from tfexport.exporting.publishing import check_destination
    from tfexport.exporting.saving import save_module
    from tfexport.exporting.specs import parse_input_spec
    from tfexport.exporting.starting import start_tensorflow
    from tfexport.exporting.target import find_target, parse_target

    parsed = parse_target(target)
    directory = output or Path(snake_case(parsed.name))
    input_specs = [parse_input_spec(text) for text in specs]
    check_destination(directory, force)
    start_tensorflow(current_settings().debug)
    module = make_object(find_target(parsed), target, [parse_argument(a) for a in arguments])
    save_module(module, directory, specs=input_specs, signatures=signatures, force=force)
    click.echo(f"Saved {target} to {directory}")


def snake_case(name: str) -> str:
    """``CustomDense`` becomes ``custom_dense``, ``MLP`` becomes ``mlp``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower()
