"""Which methods of an object become which signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from tfexport.errors import TargetError, UsageError
from tfexport.exporting.keras_models import is_keras, keras_inputs
from tfexport.exporting.specs import DEFAULT_SIGNATURE, Entry, InputSpec, default_entry
from tfexport.suggestions import did_you_mean


def choose_entries(
    module: object, entries: Sequence[Entry], specs: Sequence[InputSpec]
) -> list[Entry]:
    """The given entries, else what the module itself says is to be exported.

    Without entries or specs that is every ``tf.function`` with an ``input_signature``; with specs
    alone the signatures that they name, and ``__call__`` for those that name none.
    Raises TargetError where a method is not there, or there is nothing to export.
    """
    entries = entries or _entries_of_specs(module, specs) or _own_entries(module)
    for entry in entries:
        find_method(module, entry.method)
    _check_unique(entries)
    return list(entries)


def find_method(module: object, name: str) -> Callable[..., Any]:
    """The method of that name, bound. Raises TargetError with the names that there are."""
    method: Callable[..., Any] | None = getattr(module, name, None)
    if callable(method):
        return method
    names = public_methods(module)
    others = f" It has: {', '.join(names)}." if names else " It has no method to export at all."
    kind = type(module).__name__
    if name == "__call__":
        choice = f" Choose one: --signature {names[0]}" if names else ""
        raise TargetError(f"{kind} cannot be called.{others}{choice}")
    raise TargetError(f"{kind} has no method '{name}'.{did_you_mean(name, names) or others}")


def is_tensorflow_function(value: object) -> bool:
    """Whether ``value`` is what ``tf.function`` makes."""
    return isinstance(value, tf.types.experimental.PolymorphicFunction)


def find_functions(module: object) -> Iterator[str]:
    """The names of the attributes that are a ``tf.function``; no property is evaluated."""
    for name in dir(module):
        if is_tensorflow_function(inspect.getattr_static(module, name, None)):
            yield name


def public_methods(module: object) -> list[str]:
    """The names of the methods that the user's own classes define."""
    return sorted(
        {
            name
            for owner in type(module).__mro__
            if not owner.__module__.startswith(("tensorflow.", "keras.", "builtins"))
            for name, value in vars(owner).items()
            if callable(value) and (name[:1] != "_" or name == "__call__")
        }
    )


def _entries_of_specs(module: object, specs: Sequence[InputSpec]) -> list[Entry]:
    names = dict.fromkeys(spec.signature or DEFAULT_SIGNATURE for spec in specs)
    return [_entry_of_signature(module, name) for name in names]


def _own_entries(module: object) -> list[Entry]:
    declared = [name for name in find_functions(module) if _has_input_signature(module, name)]
    if is_keras(module) and keras_inputs(module) is not None:
        declared.append("__call__")
    if not declared:
        return [default_entry("__call__")]
    return [default_entry(name) for name in sorted(declared, key=lambda n: (n != "__call__", n))]


def _has_input_signature(module: object, name: str) -> bool:
    return getattr(getattr(module, name), "input_signature", None) is not None


def _entry_of_signature(module: object, name: str) -> Entry:
    if name == DEFAULT_SIGNATURE and not callable(getattr(module, name, None)):
        return default_entry("__call__")
    return Entry(name, name)


def _check_unique(entries: Sequence[Entry]) -> None:
    names = [entry.signature for entry in entries]
    for name in names:
        if names.count(name) > 1:
            methods = " and ".join(entry.method for entry in entries if entry.signature == name)
            raise UsageError(
                f"Two signatures are named '{name}': {methods}. "
                "Name one of them: --signature NAME=METHOD"
            )
