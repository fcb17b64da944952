"""Specs onto the parameters of a method: what each parameter is when the method is traced."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfexport.dtypes import parse_dtype
from tfexport.errors import SpecError
from tfexport.exporting.methods import (
    DEFAULT_SIGNATURE,
    Entry,
    find_method,
    is_tensorflow_function,
)
from tfexport.exporting.specs import InputSpec
from tfexport.spec import TensorSpec

_BY_POSITION = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


@dataclass(frozen=True)
class BoundMethod:
    """A method, and the ``tf.TypeSpec`` that each of its parameters is traced with.

    Parameters that are left out keep their defaults.
    """

    entry: Entry
    method: Callable[..., Any]
    signature: inspect.Signature
    arguments: Mapping[str, Any]

    @property
    def function(self) -> Callable[..., Any]:
        """The Python function itself, where the method is a ``tf.function``."""
        return python_function(self.method)


def bind_methods(
    module: object, entries: Sequence[Entry], specs: Sequence[InputSpec]
) -> list[BoundMethod]:
    """Give each entry its specs. Raises SpecError where they do not fit the parameters."""
    names = [entry.signature for entry in entries]
    for spec in specs:
        _check_signature(spec, names)
    return [
        _bind_method(module, entry, [spec.tensor for spec in specs if _is_for(spec, entry, names)])
        for entry in entries
    ]


def python_function(method: Callable[..., Any]) -> Callable[..., Any]:
    """What ``tf.function`` wrapped, bound to its instance; a plain method as it is."""
    if not is_tensorflow_function(method):
        return method
    function: Callable[..., Any] = method.python_function  # type: ignore[attr-defined]
    return function


def display_type(type_spec: Any) -> str:
    """A ``tf.TensorSpec`` as specs are shown: ``float32 [?, 5]``."""
    if isinstance(type_spec, tf.TensorSpec):
        return own_spec(type_spec).display()
    return str(type_spec)


def own_spec(type_spec: Any) -> TensorSpec:
    """A ``tf.TensorSpec`` as tfexport's own value."""
    shape = None if type_spec.shape.rank is None else tuple(type_spec.shape.as_list())
    return TensorSpec(type_spec.name, parse_dtype(type_spec.dtype.name), shape)


def _is_for(spec: InputSpec, entry: Entry, names: Sequence[str]) -> bool:
    if spec.signature is not None:
        return spec.signature == entry.signature
    return len(names) == 1 or entry.signature == DEFAULT_SIGNATURE


def _check_signature(spec: InputSpec, names: Sequence[str]) -> None:
    listed = ", ".join(names)
    if spec.signature is None and len(names) > 1 and DEFAULT_SIGNATURE not in names:
        raise SpecError(
            f"Spec '{spec}' does not say which signature it is for: {listed}. "
            f"Write --spec {names[0]}/{spec}"
        )
    if spec.signature is not None and spec.signature not in names:
        raise SpecError(f"Spec '{spec}': there is no signature '{spec.signature}', only {listed}.")


def _bind_method(module: object, entry: Entry, specs: Sequence[TensorSpec]) -> BoundMethod:
    method = find_method(module, entry.method)
    signature = inspect.signature(python_function(method))
    owner = f"{type(module).__name__}.{entry.method}"
    own = _declared_types(method, signature)
    given = {
        name: _named_type(spec, name) for name, spec in _match(specs, signature, owner).items()
    }
    for name in given.keys() & own.keys():
        _check_within(given[name], own[name], owner)
    arguments = {**own, **given}
    _check_complete(arguments, signature, owner)
    return BoundMethod(entry, method, signature, arguments)


def _declared_types(method: Callable[..., Any], signature: inspect.Signature) -> dict[str, Any]:
    """The method's own ``input_signature`` by parameter, each tensor named like its parameter."""
    declared = getattr(method, "input_signature", None) or ()
    names = [name for name, p in signature.parameters.items() if p.kind in _BY_POSITION]
    return {
        name: tf.TensorSpec(value.shape, value.dtype, value.name or name)
        if isinstance(value, tf.TensorSpec)
        else value
        for name, value in zip(names, declared, strict=False)
    }


def _named_type(spec: TensorSpec, name: str) -> Any:
    return tf.TensorSpec(spec.shape, tf.as_dtype(spec.dtype), name)


def _match(
    specs: Sequence[TensorSpec], signature: inspect.Signature, owner: str
) -> dict[str, TensorSpec]:
    """Each spec by the parameter that it is for: its name, else the next in order."""
    matched: dict[str, TensorSpec] = {}
    for spec in specs:
        if spec.name is None:
            continue
        if spec.name not in signature.parameters:
            raise SpecError(f"Spec '{spec}': {owner} has no '{spec.name}'. {_takes(signature)}")
        if spec.name in matched:
            raise SpecError(f"Spec '{spec}': '{spec.name}' has a spec already.")
        matched[spec.name] = spec
    free = [
        name
        for name, p in signature.parameters.items()
        if p.kind in _BY_POSITION and name not in matched
    ]
    unnamed = [spec for spec in specs if spec.name is None]
    if len(unnamed) > len(free):
        raise SpecError(
            f"Spec '{unnamed[len(free)]}' is one too many for {owner}. {_takes(signature)}"
        )
    return {**matched, **dict(zip(free, unnamed, strict=False))}


def _check_within(given: Any, own: Any, owner: str) -> None:
    if given.dtype == own.dtype and given.shape.is_subtype_of(own.shape):
        return
    raise SpecError(
        f"Spec '{own_spec(given)}' is not within the input_signature of {owner}, "
        f"where '{given.name}' is {display_type(own)}."
    )


def _check_complete(arguments: Mapping[str, Any], signature: inspect.Signature, owner: str) -> None:
    missing = [
        p.name
        for p in signature.parameters.values()
        if p.default is p.empty
        and p.name not in arguments
        and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if missing:
        options = " ".join(f"--spec {name}=SHAPE" for name in missing)
        raise SpecError(
            f"{owner} has no spec for '{missing[0]}'. {_takes(signature)} "
            f"Add for example: {options.replace('SHAPE', 'None,4')}"
        )


def _takes(signature: inspect.Signature) -> str:
    names = ", ".join(signature.parameters)
    return f"It takes: {names}." if names else "It takes no arguments."
