"""Nested arguments and composite tensors, and the flat named dense tensors that they are made of.

A signature takes and gives dense tensors by name only. A dict's are named by their keys, a list's
by their index, a ragged or sparse tensor's by its components::

    batch={"image": …}   batch.image
    ids (ragged)         ids.values, ids.row_splits
    x (sparse)           x.indices, x.values, x.dense_shape
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Leaf:
    """A dense tensor of a structure: its name, and the ``tf.TensorSpec`` or tensor there."""

    name: str
    value: Any


def is_composite(value: Any) -> bool:
    """Whether ``value`` is a ragged or sparse tensor (or another of several), or its type."""
    if isinstance(value, tf.TypeSpec):
        return not isinstance(value, tf.TensorSpec)
    return isinstance(value, tf.__internal__.CompositeTensor) and not isinstance(value, tf.Variable)


def list_leaves(name: str, structure: Any) -> Iterator[Leaf]:
    """The dense tensors of a structure, in a fixed order, named from ``name`` on.

    A ``tf.TensorSpec`` that has a name keeps it.
    """
    if is_composite(structure):
        parts = tf.nest.flatten(structure, expand_composites=True)
        yield from map(Leaf, component_names(name, structure, len(parts)), parts)
        return
    children = _children(structure)
    if children is None:
        own = structure.name if isinstance(structure, tf.TensorSpec) else None
        yield Leaf(own or name, structure)
        return
    for key, child in children:
        yield from list_leaves(f"{name}.{key}", child)


def pack_leaves(structure: Any, tensors: Iterator[Any]) -> Any:
    """The structure with the next of ``tensors`` in place of each leaf: undoes list_leaves."""
    if is_composite(structure):
        count = len(tf.nest.flatten(structure, expand_composites=True))
        parts = [next(tensors) for _ in range(count)]
        return tf.nest.pack_sequence_as(structure, parts, expand_composites=True)
    children = _children(structure)
    if children is None:
        return next(tensors)
    packed = [(key, pack_leaves(child, tensors)) for key, child in children]
    if isinstance(structure, Mapping):
        return dict(packed)
    values = [value for _, value in packed]
    return type(structure)(*values) if field_names(structure) else type(structure)(values)


def field_names(value: Any) -> tuple[str, ...]:
    """The fields of a named tuple; none for anything else."""
    return getattr(value, "_fields", ()) if isinstance(value, tuple) else ()


def component_names(name: str, composite: Any, count: int) -> list[str]:
    """The names of a composite tensor's components, in ``tf.nest.flatten``'s order."""
    if isinstance(composite, (tf.RaggedTensor, tf.RaggedTensorSpec)):
        if count == 2:
            return [f"{name}.values", f"{name}.row_splits"]
        return [f"{name}.values", *(f"{name}.row_splits_{axis}" for axis in range(count - 1))]
    if isinstance(composite, (tf.SparseTensor, tf.SparseTensorSpec)):
        return [f"{name}.indices", f"{name}.values", f"{name}.dense_shape"]
    return [f"{name}.{index}" for index in range(count)]


def plain(value: Any) -> Any:
    """Dataclasses as dicts of their fields, which ``tf.function`` cannot return itself."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    return value


def _children(structure: Any) -> list[tuple[Any, Any]] | None:
    if isinstance(structure, Mapping):
        return list(structure.items())
    if field_names(structure):
        return list(zip(field_names(structure), structure, strict=True))
    if isinstance(structure, (list, tuple)):
        return list(enumerate(structure))
    return None
