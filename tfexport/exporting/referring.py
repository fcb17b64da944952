"""What a function refers to: in its closure, among its globals, and through what it calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, MethodType
from typing import Any

import tensorflow as tf

from tfexport.exporting.methods import is_tensorflow_function
from tfexport.exporting.user_code import is_users_file


def find_trackables_of(function: Any) -> Iterator[tuple[str, Any]]:
    """What TensorFlow can track among what a ``tf.function`` refers to, each once, with a name.

    Functions of the user's own files and of the function's own package are followed, and so are
    lists, tuples and dicts. Other libraries' functions are not: what they hold is theirs.
    """
    original = inspect.unwrap(function.python_function)
    package = str(getattr(original, "__module__", "")).partition(".")[0]
    return _find(original.__name__, function, package, {})


def _find(name: str, value: Any, package: str, seen: dict[int, Any]) -> Iterator[tuple[str, Any]]:
    if id(value) in seen:
        return
    seen[id(value)] = value  # kept alive: an id may be given again
    is_function = is_tensorflow_function(value)
    if isinstance(value, tf.__internal__.tracking.Trackable) and not is_function:
        yield name, value
        return
    for inner, child in _children(name, value, package):
        yield from _find(inner, child, package, seen)


def _children(name: str, value: Any, package: str) -> Iterator[tuple[str, Any]]:
    if is_tensorflow_function(value):
        yield name, value.python_function
    elif isinstance(value, FunctionType):
        yield from _list_referred(value, package)
    elif isinstance(value, MethodType):
        yield from ((name, value.__self__), (name, value.__func__))
    elif isinstance(value, functools.partial):
        yield name, [value.func, *value.args, *value.keywords.values()]
    elif isinstance(value, Mapping):
        yield from ((f"{name}_{key}", item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"{name}_{index}", item) for index, item in enumerate(value))


def _list_referred(function: FunctionType, package: str) -> Iterator[tuple[str, Any]]:
    if _is_followed(function, package):
        for name in dict.fromkeys(_list_names(function.__code__)):
            if name in function.__globals__:
                yield name, function.__globals__[name]
        yield from _list_closure(function)
    if hasattr(function, "__wrapped__"):
        yield function.__name__, function.__wrapped__


def _is_followed(function: FunctionType, package: str) -> bool:
    file = function.__code__.co_filename
    own = str(function.__module__).partition(".")[0] == package
    return own or file.startswith("<") or is_users_file(file)  # <stdin>, a notebook's cell


def _list_names(code: CodeType) -> Iterator[str]:
    """Names that may be globals, also of lambdas and comprehensions inside the function."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_names(constant)


def _list_closure(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # defined after the function, and not yet
            continue
