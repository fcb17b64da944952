"""The state of a module, kept as it is while the module is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from tfexport.exporting.keras_models import is_keras_variable


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
    held = trackable.value if is_keras_variable(trackable) else None
    return held if isinstance(held, tf.Variable) else None


class StateSnapshot:
    """The values of every variable and mutable table of a module at one moment.

    They are held by reference: they take memory only where a variable is changed.
    """

    def __init__(self, root: object) -> None:
        self._variables = [(found, found.read_value()) for found in find_variables(root)]
        self._tables = [(table, table.export()) for table in find_mutable_tables(root)]

    def add(self, variable: Any) -> None:
        """Have a variable that was just made put back to what it is now."""
        self._variables.append((variable, variable.read_value()))

    def restore(self) -> None:
        """Put everything back."""
        for variable, value in self._variables:
            variable.assign(value)
        for table, (keys, values) in self._tables:
            table.remove(table.export()[0])
            table.insert(keys, values)


@contextmanager
def kept_state(root: object) -> Iterator[list[Any]]:
    """Put variables and tables back to what they were; one made meanwhile to how it was made.

    Gives the list of the variables that are made meanwhile.
    """
    snapshot = StateSnapshot(root)
    made: list[Any] = []

    def record(creator: Callable[..., Any], **options: Any) -> Any:
        variable = creator(**options)
        if tf.executing_eagerly():
            made.append(variable)
            snapshot.add(variable)
        return variable

    try:
        with tf.variable_creator_scope(record):
            yield made
    finally:
        snapshot.restore()


def find_mutable_tables(root: object) -> list[Any]:
    """The tables below ``root`` whose entries calls can change."""
    kinds = (tf.lookup.experimental.MutableHashTable, tf.lookup.experimental.DenseHashTable)
    return [found for found in find_trackables(root) if isinstance(found, kinds)]
