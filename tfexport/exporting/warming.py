"""Calls a method once on generated input, so that variables made on the first call exist."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from tfexport.exporting.binding import BoundMethod, display_type
from tfexport.exporting.state import kept_state
from tfexport.exporting.user_code import guarded

_UNKNOWN = 2  # the size of an unknown dimension
_UNKNOWN_RANK = (2, 2)


def warm_up(module: object, bound: BoundMethod) -> None:
    """Call the method eagerly; its variables are put back afterwards.

    No trace is left behind. Raises UserCodeError where the call fails.
    """
    inputs = {name: generate(spec) for name, spec in bound.arguments.items()}
    owner = f"{type(module).__name__}.{bound.entry.method}"
    with (
        kept_state(module),
        functions_run_eagerly(),
        guarded(f"Calling {owner} with {_display(inputs)}"),
    ):
        bound.method(**inputs)


def generate(spec: Any) -> Any:
    """A tensor of a ``tf.TensorSpec``, small in values and in its unknown dimensions."""
    rank = spec.shape.rank
    sizes = _UNKNOWN_RANK if rank is None else (size or _UNKNOWN for size in spec.shape.as_list())
    if spec.dtype == tf.string:
        return tf.fill(tuple(sizes), "a")
    return tf.cast(tf.ones(tuple(sizes)), spec.dtype)


@contextmanager
def functions_run_eagerly() -> Iterator[None]:
    """Run every ``tf.function`` as the Python that it is, and leave the setting as it was."""
    before = tf.config.functions_run_eagerly()
    with warnings.catch_warnings():
        # tf.data warns that its own functions are traced all the same.
        warnings.filterwarnings("ignore", message=".*run_functions_eagerly.*")
        tf.config.run_functions_eagerly(True)
        try:
            yield
        finally:
            tf.config.run_functions_eagerly(before)


def _display(inputs: Mapping[str, Any]) -> str:
    shown = (
        f"{name} {display_type(tf.TensorSpec(value.shape, value.dtype))}"
        for name, value in inputs.items()
    )
    return ", ".join(shown) or "no input"
