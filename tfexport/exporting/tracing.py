"""Methods to concrete functions: traced afresh, with exactly the specs that were asked for."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.user_code import guarded

_ABSENT = object()


def wrap_method(bound: BoundMethod) -> Any:
    """A new ``tf.function`` around the method's Python function.

    ``method.get_concrete_function(narrower)`` would keep the wider ``input_signature`` in silence,
    and any earlier trace with the attributes of that time.
    """
    function = bound.function

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    call.__name__ = bound.entry.method
    call.__signature__ = bound.signature  # type: ignore[attr-defined]
    return tf.function(
        call,
        autograph=getattr(bound.method, "_autograph", True),
        jit_compile=getattr(bound.method, "_jit_compile", None),
    )


def trace_method(bound: BoundMethod, wrapped: Any) -> Any:
    """The concrete function for the bound specs. Raises UserCodeError where tracing fails."""
    positional, named = _split(bound.arguments, bound.signature)
    with guarded(f"Tracing {bound.entry.method}"):
        return wrapped.get_concrete_function(*positional, **named)


@contextmanager
def attached(module: object, functions: Mapping[str, Any]) -> Iterator[None]:
    """Have the functions stand as attributes of the module, and leave it as it was.

    What ``tf.saved_model.load`` gives back can then be called through them.
    """
    attributes = vars(module)
    before = {name: attributes.get(name, _ABSENT) for name in functions}
    attributes.update(functions)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is _ABSENT:
                del attributes[name]
            else:
                attributes[name] = value


def _split(
    arguments: Mapping[str, Any], signature: inspect.Signature
) -> tuple[list[Any], dict[str, Any]]:
    """By position as far as that goes, so that the loaded function can be called that way."""
    positional: list[Any] = []
    for name, parameter in signature.parameters.items():
        if name not in arguments or parameter.kind is parameter.KEYWORD_ONLY:
            break
        positional.append(arguments[name])
    names = list(signature.parameters)[: len(positional)]
    return positional, {n: value for n, value in arguments.items() if n not in names}
