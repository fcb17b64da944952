"""Input values made up for a signature: small, the same every time, of a given size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from tfexport.dtypes import numpy_dtype
from tfexport.exporting.binding import BoundMethod, own_spec
from tfexport.exporting.structures import component_names, list_leaves
from tfexport.spec import Shape, TensorSpec

Array = np.ndarray[Any, np.dtype[Any]]

_WORDS = (b"good", b"bad", b"a b", b"")


def generate_inputs(bound: BoundMethod, size: int) -> dict[str, Array]:
    """An array for each dense tensor that the signature takes, by name.

    Unknown dimensions have ``size``. Floats lie between -1 and 1, integers are 0 or 1, so that
    they are valid as classes and as ids; texts are short words.
    """
    random = np.random.default_rng(size)
    return {
        name: array
        for parameter, structure in bound.arguments.items()
        for name, array in _generate(parameter, structure, size, random)
    }


def _generate(
    name: str, structure: Any, size: int, random: np.random.Generator
) -> Iterator[tuple[str, Array]]:
    if isinstance(structure, tf.RaggedTensorSpec):
        value: Any = _make_ragged(structure, size, random)
    elif isinstance(structure, tf.SparseTensorSpec):
        value = _make_sparse(structure, size, random)
    elif isinstance(structure, (dict, list, tuple)):
        items = structure.items() if isinstance(structure, dict) else enumerate(structure)
        for key, child in items:
            yield from _generate(f"{name}.{key}", child, size, random)
        return
    else:
        for leaf in list_leaves(name, structure):
            yield leaf.name, make_array(own_spec(leaf.value), size, random)
        return
    parts = tf.nest.flatten(value, expand_composites=True)
    names = component_names(name, structure, len(parts))
    yield from zip(names, (part.numpy() for part in parts), strict=True)


def make_array(spec: TensorSpec, size: int, random: np.random.Generator) -> Array:
    """Random values of a dtype and shape, its unknown dimensions ``size`` long."""
    shape = fill_shape(spec.shape, size)
    if spec.dtype == "string":
        count = int(np.prod(shape))
        texts = np.empty(count, object)
        texts[:] = [_WORDS[index % len(_WORDS)] for index in range(count)]
        return texts.reshape(shape)
    dtype = numpy_dtype(spec.dtype)
    if dtype.kind == "c":
        return (random.uniform(-1, 1, shape) + 1j * random.uniform(-1, 1, shape)).astype(dtype)
    if dtype.kind in "biu" or "int" in dtype.name:
        return random.integers(0, 2, shape).astype(dtype)
    return random.uniform(-1, 1, shape).astype(dtype)


def fill_shape(shape: Shape | None, size: int) -> tuple[int, ...]:
    """A shape with ``size`` where a dimension is unknown; an unknown rank is taken to be 2."""
    if shape is None:
        return (size, size)
    return tuple(size if length is None else length for length in shape)


def _make_ragged(spec: Any, size: int, random: np.random.Generator) -> Any:
    """Rows of 0, 1, … elements in every ragged dimension."""
    lengths = fill_shape(tuple(spec.shape.as_list()), size)
    splits, count = [], lengths[0]
    for _ in range(spec.ragged_rank):
        rows = np.arange(count) % (size + 1)
        splits.append(np.concatenate([[0], np.cumsum(rows)]))
        count = int(splits[-1][-1])
    shape = (count, *lengths[spec.ragged_rank + 1 :])
    values = make_array(TensorSpec(None, spec.dtype.name, shape), size, random)
    rows_dtype = spec.row_splits_dtype
    return tf.RaggedTensor.from_nested_row_splits(
        tf.constant(values, spec.dtype), [tf.cast(split, rows_dtype) for split in splits]
    )


def _make_sparse(spec: Any, size: int, random: np.random.Generator) -> Any:
    """A value on the diagonal of every row."""
    lengths = fill_shape(tuple(spec.shape.as_list()), size)
    count = min(lengths, default=0)
    indices = np.repeat(np.arange(count)[:, None], len(lengths), axis=1)
    values = make_array(TensorSpec(None, spec.dtype.name, (count,)), size, random)
    return tf.SparseTensor(indices.astype(np.int64), tf.constant(values, spec.dtype), lengths)
