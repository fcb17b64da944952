"""The state of a module, kept as it is while the module is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


def find_variables(root: object) -> list[Any]:
    """Every variable that TensorFlow tracks below ``root``, each once."""
    return [
        found
        for found in tf.train.TrackableView(root).descendants()
        if isinstance(found, tf.Variable)
    ]


@contextmanager
def kept_state(root: object) -> Iterator[None]:
    """Put every variable back to what it was; one made meanwhile to its initial value.

    The values are held by reference: a variable takes memory only when it is changed.
    """
    values = [(variable, variable.read_value()) for variable in find_variables(root)]

    def record(creator: Callable[..., Any], **options: Any) -> Any:
        variable = creator(**options)
        if tf.executing_eagerly():
            values.append((variable, variable.read_value()))
        return variable

    try:
        with tf.variable_creator_scope(record):
            yield
    finally:
        for variable, value in values:
            variable.assign(value)
