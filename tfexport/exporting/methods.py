"""Which methods of an object become which signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfexport.errors import TargetError
from tfexport.exporting.specs import InputSpec

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Entry:
    """A signature to be, and the method that it calls."""

    signature: str
    method: str


def parse_entry(text: str) -> Entry:
    """Read ``[NAME=]METHOD``; ``__call__`` is named serving_default, any other like the method."""
    name, equals, method = text.rpartition("=")
    return Entry(name, method) if equals else default_entry(method)


def default_entry(method: str) -> Entry:
    """A method under the name that it has when none is given."""
    return Entry(DEFAULT_SIGNATURE if method == "__call__" else method, method)


def choose_entries(
    module: object, entries: Sequence[Entry], specs: Sequence[InputSpec]
) -> list[Entry]:
    """The given entries, else what the module itself says is to be exported.

    Without entries or specs that is every ``tf.function`` with an ``input_signature``; with specs
    alone it is ``__call__``. Raises TargetError where there is nothing to export.
    """
    for entry in entries:
        find_method(module, entry.method)
    if entries:
        return list(entries)
    decorated = [default_entry(name) for name in find_decorated(module)]
    if decorated and not specs:
        return decorated
    if specs and all(spec.signature for spec in specs):
        named = dict.fromkeys(spec.signature for spec in specs if spec.signature)
        return [_entry_of_signature(name) for name in named]
    find_method(module, "__call__")
    return [default_entry("__call__")]


def find_method(module: object, name: str) -> Callable[..., Any]:
    """The method of that name, bound. Raises TargetError with the names that there are."""
    method: Callable[..., Any] | None = getattr(module, name, None)
    if callable(method):
        return method
    names = public_methods(module)
    others = f" It has: {', '.join(names)}." if names else " It has no method to export at all."
    wanted = "cannot be called" if name == "__call__" else f"has no method '{name}'"
    raise TargetError(f"{type(module).__name__} {wanted}.{others}{_signature_hint(name, names)}")


def is_tensorflow_function(value: object) -> bool:
    """Whether ``value`` is what ``tf.function`` makes."""
    return isinstance(value, tf.types.experimental.PolymorphicFunction)


def find_decorated(module: object) -> list[str]:
    """The names of the methods that are a ``tf.function`` with an ``input_signature``."""
    names = (name for name in dir(module) if _is_decorated(inspect.getattr_static(module, name)))
    return sorted(names, key=lambda name: (name != "__call__", name))


def public_methods(module: object) -> list[str]:
    """The names of the methods that the user's own classes define."""
    return sorted(
        name
        for owner in type(module).__mro__
        if not owner.__module__.startswith(("tensorflow.", "keras.", "builtins"))
        for name, value in vars(owner).items()
        if callable(value) and (name[:1] != "_" or name == "__call__")
    )


def _is_decorated(value: object) -> bool:
    return is_tensorflow_function(value) and getattr(value, "input_signature", None) is not None


def _entry_of_signature(name: str) -> Entry:
    return Entry(name, "__call__" if name == DEFAULT_SIGNATURE else name)


def _signature_hint(wanted: str, names: list[str]) -> str:
    return f" Choose one: --signature {names[0]}" if wanted == "__call__" and names else ""
