"""Specs as TensorFlow's types, and one type inside another."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfexport.dtypes import parse_dtype
from tfexport.errors import SpecError
from tfexport.exporting.specs import DENSE, RAGGED, SPARSE, InputSpec
from tfexport.exporting.structures import is_composite
from tfexport.spec import TensorSpec

_FORMS = {tf.TensorSpec: DENSE, tf.RaggedTensorSpec: RAGGED, tf.SparseTensorSpec: SPARSE}


def from_type(given: Any) -> InputSpec:
    """The spec that a user's ``tf.TypeSpec`` is. Raises SpecError for what is none to export."""
    form = next((form for kind, form in _FORMS.items() if isinstance(given, kind)), None)
    if form is None:
        raise SpecError(
            f"Spec {given!r} is no spec. Expected a text like 'x=None,5:float32', or a TensorSpec."
        )
    if form == DENSE:
        return InputSpec(None, own_spec(given))
    shape = None if given.shape.rank is None else tuple(given.shape.as_list())
    if shape is None:
        raise SpecError(f"Spec {given!r}: a {form} tensor needs a rank, as in [None, None].")
    return InputSpec(None, TensorSpec(None, parse_dtype(given.dtype.name), shape), form, given)


def as_type(spec: InputSpec, name: str) -> Any:
    """The ``tf.TypeSpec`` that a user's spec means, named ``name`` where it is dense."""
    if spec.own is not None:
        return spec.own
    shape, dtype = spec.tensor.shape, tf.as_dtype(spec.tensor.dtype)
    if spec.form == SPARSE:
        return tf.SparseTensorSpec(shape, dtype)
    if spec.form == RAGGED and shape is not None:
        # The dimensions after the last unknown one are uniform: None,None,16 is ragged once.
        last = max(axis for axis, size in enumerate(shape) if size is None)
        return tf.RaggedTensorSpec(shape, dtype, ragged_rank=last)
    return tf.TensorSpec(shape, dtype, name)


def with_names(name: str, declared: Any) -> Any:
    """The declared type with every tensor named: those that have no name by their place."""
    if isinstance(declared, dict):
        return {key: with_names(f"{name}.{key}", value) for key, value in declared.items()}
    if isinstance(declared, (list, tuple)) and not hasattr(declared, "_fields"):
        return [with_names(f"{name}.{i}", value) for i, value in enumerate(declared)]
    if isinstance(declared, tf.TensorSpec):
        return tf.TensorSpec(declared.shape, declared.dtype, declared.name or name)
    return declared


def narrow(given: Any, own: Any, owner: str) -> Any:
    """``given``, under the names of ``own``; raises SpecError where it is not inside ``own``."""
    if isinstance(given, dict) and isinstance(own, dict) and given.keys() == own.keys():
        return {key: narrow(given[key], own[key], owner) for key in own}
    if isinstance(given, tf.TensorSpec) and isinstance(own, tf.TensorSpec):
        if given.dtype == own.dtype and given.shape.is_subtype_of(own.shape):
            return tf.TensorSpec(given.shape, given.dtype, own.name)
        raise SpecError(
            f"Spec '{own_spec(given)}' is not within the input_signature of {owner}, "
            f"where '{own.name}' is {display_type(own)}."
        )
    if is_composite(given) and is_composite(own) and given.is_subtype_of(own):
        return given
    shown = display_type(given) if not isinstance(given, dict) else f"a dict of {', '.join(given)}"
    raise SpecError(
        f"A spec for {owner} is {shown}, but the method's own input_signature has "
        f"{display_type(own)} there."
    )


def display_type(type_spec: Any) -> str:
    """A ``tf.TensorSpec`` as specs are shown: ``float32 [?, 5]``."""
    if isinstance(type_spec, tf.TensorSpec):
        return own_spec(type_spec).display()
    return str(type_spec)


def own_spec(type_spec: Any) -> TensorSpec:
    """A ``tf.TensorSpec`` as tfexport's own value."""
    shape = None if type_spec.shape.rank is None else tuple(type_spec.shape.as_list())
    return TensorSpec(type_spec.name, parse_dtype(type_spec.dtype.name), shape)
