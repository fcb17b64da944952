"""The options that name libraries of custom ops, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

CUSTOM_OP_OPTIONS = (
    click.option(
        "--load-library",
        "libraries",
        multiple=True,
        metavar="PATH",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A library of custom ops; repeatable.",
    ),
    click.option(
        "--import",
        "packages",
        multiple=True,
        metavar="PACKAGE",
        help="A package of custom ops, such as tensorflow_text; repeatable.",
    ),
)


def list_libraries(libraries: Sequence[Path], packages: Sequence[str]) -> tuple[Path, ...]:
    """The op libraries that were asked for. Raises UsageError for a package that has none."""
    if not packages:
        return tuple(libraries)
    from tfexport.runtime.op_libraries import find_op_libraries

    found = [path for package in packages for path in find_op_libraries(package)]
    return (*libraries, *found)
