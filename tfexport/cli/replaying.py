"""The options of commands that call models to compare what they give: check and diff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tfexport.cli.completing import complete_output_value, complete_signature
from tfexport.cli.custom_ops import CUSTOM_OP_OPTIONS
from tfexport.cli.option_groups import add_options

if TYPE_CHECKING:
    from tfexport.comparing.tolerance import Tolerances

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class ReplayOptions:
    """The options of ``replay_options``, as click gives them."""

    signature: str | None
    rtol: Sequence[str]
    atol: Sequence[str]
    trust: bool
    libraries: Sequence[Path]
    packages: Sequence[str]


def replay_options(command: Command) -> Command:
    """Add the options that ReplayOptions holds."""
    return add_options(
        command,
        (
            click.option(
                "--signature",
                "-s",
                metavar="NAME",
                shell_complete=complete_signature,
                help="The signature to call.",
            ),
            click.option(
                "--rtol",
                multiple=True,
                metavar="[OUTPUT=]X",
                shell_complete=complete_output_value,
                help="Allowed relative difference; repeatable.",
            ),
            click.option(
                "--atol",
                multiple=True,
                metavar="[OUTPUT=]X",
                shell_complete=complete_output_value,
                help="Allowed absolute difference; repeatable.",
            ),
            click.option(
                "--trust",
                is_flag=True,
                help="Load a model although it writes files, runs Python or the network.",
            ),
            *CUSTOM_OP_OPTIONS,
        ),
    )


def read_tolerances(options: ReplayOptions) -> Tolerances:
    """What ``--rtol`` and ``--atol`` allow. Raises UsageError."""
    from tfexport.comparing.tolerance import parse_tolerances

    return parse_tolerances(options.rtol, options.atol)
