"""What is different about Keras models and layers: how they are called, what they take."""

from __future__ import annotations

import sys
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
