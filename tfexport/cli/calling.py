"""The options that say which signature is called and how, and what comes before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tfexport.cli.completing import complete_function, complete_signature, complete_tags
from tfexport.cli.custom_ops import CUSTOM_OP_OPTIONS, list_libraries
from tfexport.cli.option_groups import add_options
from tfexport.cli.settings import current_settings

if TYPE_CHECKING:
    from tfexport.runtime.config import SessionConfig
    from tfexport.runtime.opening import Choice, ModelOnDisk

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class CallOptions:
    """The options of ``call_options``, as click gives them."""

    signature: str | None
    function: str | None
    tags: str | None
    engine: str | None
    threads: int | None
    device: str | None
    xla: bool
    libraries: Sequence[Path]
    packages: Sequence[str]
    trust: bool


def call_options(command: Command) -> Command:
    """Add the options that CallOptions holds."""
    return add_options(
        command,
        (
            click.option(
                "--signature",
                "-s",
                metavar="NAME",
                shell_complete=complete_signature,
                help="Default: serving_default, or the only one.",
            ),
            click.option(
                "--function",
                metavar="NAME",
                shell_complete=complete_function,
                help="A method that is no signature (--engine python).",
            ),
            click.option(
                "--tags",
                metavar="A,B",
                shell_complete=complete_tags,
                help="Which metagraph, where there are several.",
            ),
            click.option(
                "--engine",
                type=click.Choice(["native", "python"]),
                help="native (the default): TensorFlow's C library; python: tf.saved_model.load.",
            ),
            click.option(
                "--threads", type=click.IntRange(min=1), metavar="N", help="Threads to run on."
            ),
            click.option("--device", metavar="cpu|gpu:N", help="Where to run."),
            click.option("--xla", is_flag=True, help="Compile with XLA."),
            *CUSTOM_OP_OPTIONS,
            click.option(
                "--trust",
                is_flag=True,
                help="Run a model that writes files, runs Python or the network.",
            ),
        ),
    )


def choose_from_disk(directory: str, options: CallOptions) -> tuple[ModelOnDisk, Choice]:
    """Read the model and decide what to call. Nothing is loaded yet.

    Raises UnsafeModelError where the call reaches outside the graph and is not trusted.
    """
    # Nothing here multiplies matrices with numpy; its BLAS would start threads that spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tfexport.runtime.opening import choose_call, read_model

    model = read_model(directory, None if options.tags is None else options.tags.split(","))
    choice = choose_call(
        model,
        signature=options.signature,
        function=options.function,
        engine=options.engine,
    )
    if choice.note and not current_settings().quiet:
        click.echo(choice.note, err=True)
    if not options.trust:
        from tfexport.runtime.guard import refuse_hazards

        refuse_hazards(model, choice)
    return model, choice


def configure(options: CallOptions) -> tuple[SessionConfig, tuple[Path, ...]]:
    """How the session is to run, and the op libraries that it needs."""
    from tfexport.runtime.config import SessionConfig, parse_device

    device = None if options.device is None else parse_device(options.device)
    config = SessionConfig(threads=options.threads or 0, device=device, xla=options.xla)
    return config, list_libraries(options.libraries, options.packages)
