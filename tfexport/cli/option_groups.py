"""How several commands take the same options: each group of them ends up in one dataclass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])
Options = TypeVar("Options")


def add_options(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    """Add the options to a command, in the order in which ``--help`` shows them."""
    for option in reversed(options):
        command = option(command)
    return command


def take_options(kind: type[Options], values: dict[str, Any]) -> Options:
    """Make a ``kind`` of those of click's values that are its fields; they leave ``values``."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: values.pop(name) for name in names})
