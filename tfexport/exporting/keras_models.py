"""What is different about Keras models and layers: how they are called, what they take."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def is_keras(module: object) -> bool:
    """Whether ``module`` is a layer or a model of Keras. Does not import it to find out."""
    keras = sys.modules.get("keras")
    layer = getattr(getattr(keras, "layers", None), "Layer", None)
    return layer is not None and isinstance(module, layer)


def keras_inputs(module: Any) -> Any:
    """The structure of ``KerasTensor`` that the model was built from, or None.

    Functional models have one, and Sequential ones that know their input; others do not know
    their inputs before they are called.
    """
    inputs = getattr(module, "inputs", None)
    if not inputs:
        return None
    try:
        return module.input
    except AttributeError:  # a Sequential model has no node before its first call
        return inputs[0] if len(inputs) == 1 else inputs


def is_named_by_keras(name: str) -> bool:
    """Whether a ``KerasTensor``'s name was made up by Keras: ``keras_tensor_3``."""
    return name.startswith("keras_tensor")


def is_keras_variable(trackable: object) -> bool:
    """Whether ``trackable`` is Keras's own variable, which holds a ``tf.Variable``."""
    keras = sys.modules.get("keras")
    kind = getattr(keras, "Variable", None)
    return kind is not None and isinstance(trackable, kind)


@contextmanager
def variables_saved_once(trackables: Iterable[object]) -> Iterator[None]:
    """Have Keras's variables stand in a SavedModel for the ``tf.Variable`` that each holds.

    Left alone, Keras (3.15) makes another variable in the saved graph and has the values restored
    into that one: ``tf.saved_model.load`` sorts it out, while TensorFlow Serving and the C library
    stop at "Could not find variable".
    """
    kinds = {type(found) for found in trackables if is_keras_variable(found)}
    before = {kind: vars(kind).get(_EXPORT) for kind in kinds}
    for kind in kinds:
        setattr(kind, _EXPORT, _export_held_variable)
    try:
        yield
    finally:
        for kind, method in before.items():
            if method is None:  # it is inherited
                delattr(kind, _EXPORT)
            else:
                setattr(kind, _EXPORT, method)


_EXPORT = "_export_to_saved_model_graph"


def _export_held_variable(
    self: Any, object_map: Any, tensor_map: Any, options: Any, **kwargs: Any
) -> Any:
    resources = getattr(self.value, _EXPORT)(object_map, tensor_map, options, **kwargs)
    object_map[self] = object_map[self.value]
    return resources
