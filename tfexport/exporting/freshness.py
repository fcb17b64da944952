"""Traces that were made before: put aside while a module is saved, so that none is reused.

A ``tf.function`` keeps its graphs with the attributes that the object had when it was traced. A
method traced anew would still call the old graphs of the functions below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tfexport.exporting.methods import is_tensorflow_function
from tfexport.exporting.state import find_trackables


@contextmanager
def traced_afresh(root: object) -> Iterator[None]:
    """Have every ``tf.function`` of the objects below ``root`` be traced anew meanwhile."""
    undo: list[tuple[Any, Any, Any]] = []
    found = find_trackables(root)
    functions = {kind: _functions_of(kind) for kind in {type(owner) for owner in found}}
    for owner in found:
        undo.extend(_put_aside_methods(owner, functions[type(owner)]))
        undo.extend(_put_aside_attributes(owner))
    try:
        yield
    finally:
        for mapping, key, value in undo:
            mapping[key] = value


def _put_aside_methods(owner: Any, functions: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Functions of the class: each keeps one for every instance that was asked for it."""
    for function in functions:
        bound = getattr(function, "_descriptor_cache", None)
        if bound is not None and owner in bound:
            yield bound, owner, bound.pop(owner)


def _functions_of(kind: type) -> list[Any]:
    found = (value for owner in kind.__mro__ for value in vars(owner).values())
    return [value for value in found if is_tensorflow_function(value)]


def _put_aside_attributes(owner: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Functions of the instance: ``self.forward = tf.function(…)``."""
    attributes = getattr(owner, "__dict__", {})
    for name, function in list(attributes.items()):
        if is_tensorflow_function(function) and hasattr(function, "_clone"):
            attributes[name] = function._clone(function.python_function)
            yield attributes, name, function
