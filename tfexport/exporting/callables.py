"""How a method of an object is called, and what it says of its inputs itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfexport.errors import TargetError
from tfexport.exporting.keras_models import is_keras, is_named_by_keras, keras_inputs
from tfexport.exporting.methods import find_method, is_tensorflow_function
from tfexport.exporting.referring import find_trackables_of
from tfexport.exporting.user_code import Place, is_users_file

BY_POSITION = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


@dataclass(frozen=True)
class Method:
    """A method that can be exported.

    ``bound`` is what a user would call, ``function`` the Python function to trace, ``declared``
    the ``tf.TypeSpec`` structures of its own ``input_signature`` (or of a Keras model's inputs)
    by parameter. ``only_given`` tells that parameters without a value must not be passed.
    """

    owner: str
    name: str
    bound: Callable[..., Any]
    function: Callable[..., Any]
    signature: inspect.Signature
    declared: Mapping[str, Any]
    only_given: bool = False

    @property
    def located(self) -> str:
        """The owner, and where the user wrote it: ``Model.encode (model.py, line 12)``."""
        code = getattr(inspect.unwrap(self.function), "__code__", None)
        if code is None or not is_users_file(code.co_filename):
            return self.owner
        return f"{self.owner} ({Place(code.co_filename, code.co_firstlineno)})"


def describe_method(module: object, name: str) -> Method:
    """The method of that name. Raises TargetError where there is none."""
    bound = find_method(module, name)
    owner = f"{type(module).__name__}.{name}"
    if name == "__call__" and is_keras(module):
        return _describe_keras_call(module, bound)
    if isinstance(module, HeldFunction):
        owner = module.function_name
    function = bound.python_function if is_tensorflow_function(bound) else bound  # type: ignore[attr-defined]
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise TargetError(f"{owner} does not tell its parameters: it is not Python.") from None
    return Method(owner, name, bound, function, signature, _declared_types(bound, signature))


def variable_names(signature: inspect.Signature, count: int) -> list[str]:
    """Names for as many tensors in ``*args`` (``args_0`` …); none where there is no such."""
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            return [f"{name}_{index}" for index in range(count)]
    return []


class HeldFunction(tf.Module):  # type: ignore[misc]
    """A ``tf.function`` that stands in a module by itself, as something to save.

    What the function refers to, itself or through what it calls, becomes an attribute, so that it
    is tracked and saved with it.
    """

    def __init__(self, function: Any) -> None:
        python_function = inspect.unwrap(function.python_function)
        self.function_name = python_function.__name__
        super().__init__(name=_module_name(self.function_name))
        self.__dict__["__call__"] = function
        for name, value in find_trackables_of(function):
            setattr(self, self._free_name(name), value)

    def _free_name(self, name: str) -> str:
        # tf.Module has attributes that cannot be set, and TensorFlow sets "signatures" itself.
        while hasattr(self, name) or name == "signatures":
            name += "_"
        return name


def _module_name(name: str) -> str:
    return name if name.isidentifier() else "function"


def _declared_types(method: Callable[..., Any], signature: inspect.Signature) -> dict[str, Any]:
    declared = getattr(method, "input_signature", None) or ()
    names = [name for name, p in signature.parameters.items() if p.kind in BY_POSITION]
    return dict(zip(names, declared, strict=False))


def _describe_keras_call(module: Any, bound: Callable[..., Any]) -> Method:
    # Layer.__call__ takes anything; what it passes on is what ``call`` takes.
    signature = inspect.signature(module.call)
    known = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    inputs = keras_inputs(module)
    declared = {} if inputs is None else {known[0].name: _keras_types(inputs, known[0].name)}
    return Method(
        f"{type(module).__name__}.call",
        "__call__",
        bound,
        bound,
        signature.replace(parameters=known),
        declared,
        only_given=True,
    )


def _keras_types(inputs: Any, parameter: str) -> Any:
    """The structure of ``KerasTensor`` as one of ``tf.TensorSpec``, each with its Keras name."""
    if isinstance(inputs, dict):
        return {key: _keras_type(value, key) for key, value in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        return [_keras_type(value, f"{parameter}.{i}") for i, value in enumerate(inputs)]
    return _keras_type(inputs, parameter)


def _keras_type(tensor: Any, name: str) -> Any:
    own = name if is_named_by_keras(tensor.name) else tensor.name
    return tf.TensorSpec(tensor.shape, tensor.dtype, own)


def file_of(module: object) -> Path | None:
    """The file that the object's class, or the function that it holds, is written in."""
    made_by: Any = type(module)
    if isinstance(module, HeldFunction):
        made_by = inspect.unwrap(module.__dict__["__call__"].python_function)
    try:
        return Path(inspect.getfile(made_by))
    except (TypeError, OSError):
        return None
