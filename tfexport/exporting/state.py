"""The state of a module: what TensorFlow tracks below it, its variables and tables."""

from __future__ import annotations

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


def find_mutable_tables(root: object) -> list[Any]:
    """The tables below ``root`` whose entries calls can change."""
    kinds = (tf.lookup.experimental.MutableHashTable, tf.lookup.experimental.DenseHashTable)
    return [found for found in find_trackables(root) if isinstance(found, kinds)]
