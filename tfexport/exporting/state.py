"""The state of a module, kept as it is while the module is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


def find_trackables(root: object) -> list[Any]:
    """Every object that TensorFlow tracks below ``root``, each once."""
    return list(tf.train.TrackableView(root).descendants())


def find_variables(root: object) -> list[Any]:
    """Every ``tf.Variable`` that TensorFlow tracks below ``root``, each once."""
    found = (as_variable(trackable) for trackable in find_trackables(root))
    return list({id(variable): variable for variable in found if variable is not None}.values())


def as_variable(trackable: Any) -> Any | None:
    """The ``tf.Variable`` that a trackable is or, as Keras's own variables do, holds."""
    if isinstance(trackable, tf.Variable):
        return trackable
    if not type(trackable).__module__.startswith("keras."):
        return None
    held = getattr(trackable, "value", None)
    return held if isinstance(held, tf.Variable) else None


@contextmanager
def kept_state(root: object) -> Iterator[list[Any]]:
    """Put variables and tables back to what they were; one made meanwhile to how it was made.

    Gives the list of the variables that are made meanwhile. Values are held by reference: they
    take memory only where a variable is changed.
    """
    values = [(variable, variable.read_value()) for variable in find_variables(root)]
    tables = [(table, table.export()) for table in _find_mutable_tables(root)]
    made: list[Any] = []

    def record(creator: Callable[..., Any], **options: Any) -> Any:
        variable = creator(**options)
        if tf.executing_eagerly():
            made.append(variable)
            values.append((variable, variable.read_value()))
        return variable

    try:
        with tf.variable_creator_scope(record):
            yield made
    finally:
        for variable, value in values:
            variable.assign(value)
        for table, (keys, entries) in tables:
            table.remove(table.export()[0])
            table.insert(keys, entries)


def _find_mutable_tables(root: object) -> list[Any]:
    kinds = (tf.lookup.experimental.MutableHashTable, tf.lookup.experimental.DenseHashTable)
    return [found for found in find_trackables(root) if isinstance(found, kinds)]
