"""The options that say what a signature is called with: files, JSON, or values that are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tfexport.cli.completing import complete_input
from tfexport.cli.option_groups import add_options

if TYPE_CHECKING:
    from tfexport.data.arrays import Array
    from tfexport.data.feeding import Feed
    from tfexport.data.generating import Kind
    from tfexport.data.sources import Source
    from tfexport.savedmodel.description import Signature

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class InputOptions:
    """The options of ``input_options``, as click gives them."""

    inputs: Sequence[str]
    examples: Sequence[str]
    generate: Kind | None
    shapes: Sequence[str]
    seed: int | None
    cast: bool


def input_options(command: Command) -> Command:
    """Add the options that InputOptions holds."""
    return add_options(
        command,
        (
            click.option(
                "--input",
                "-i",
                "inputs",
                multiple=True,
                metavar="[NAME=]WHERE",
                shell_complete=complete_input,
                help="A file for an input; repeat it for several.",
            ),
            click.option(
                "--example",
                "examples",
                multiple=True,
                metavar="JSON",
                help="A tf.Example built from JSON, as '{\"x\": 1.0}'; repeatable.",
            ),
            click.option(
                "--random",
                "generate",
                flag_value="random",
                help="Random values, where none given.",
            ),
            click.option(
                "--zeros", "generate", flag_value="zeros", help="Zeros, where none are given."
            ),
            click.option(
                "--ones", "generate", flag_value="ones", help="Ones, where none are given."
            ),
            click.option(
                "--shape",
                "shapes",
                multiple=True,
                metavar="NAME=DIM,DIM…",
                help="The shape of a generated input; repeatable.",
            ),
            click.option("--seed", type=int, metavar="N", help="The same random values each time."),
            click.option("--cast", is_flag=True, help="Allow casts that change values."),
        ),
    )


def open_signature_feed(
    signature: Signature, defaults: Mapping[str, Array], options: InputOptions, batch: int = 1
) -> Feed:
    """What ``signature`` is called with; ``batch`` is the number of rows that are generated.

    Inputs that have ``defaults`` may be left out. Raises InputDataError for what does not fit.
    """
    from tfexport.data.feeding import open_feed
    from tfexport.data.reading import open_sources

    specs = [tensor.graph_spec for tensor in signature.inputs]
    sources: list[Source] = open_sources(options.inputs, specs)
    if options.examples:
        from tfexport.data.examples import make_example_source

        sources.append(make_example_source(options.examples, specs))
    if options.generate is not None:
        from tfexport.data.generating import make_generated_source, parse_shapes

        given = [name for source in sources for name in source.names]
        sources.append(
            make_generated_source(
                options.generate,
                specs,
                [*given, *defaults],
                batch=batch,
                shapes=parse_shapes(options.shapes),
                seed=options.seed,
            )
        )
    return open_feed(sources, specs, optional=defaults, cast=options.cast)
