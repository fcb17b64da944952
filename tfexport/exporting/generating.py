"""Input values made up for a signature: small, the same every time, of given sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfexport.data.generating import GeneratedArray
from tfexport.dtypes import numpy_dtype
from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.structures import component_names, list_leaves
from tfexport.exporting.type_specs import own_spec
from tfexport.spec import Shape, TensorSpec

Array = np.ndarray[Any, np.dtype[Any]]

_SEED = 1


@dataclass(frozen=True)
class Sizes:
    """How long unknown dimensions are: ``rows`` the first of a tensor, ``others`` the rest."""

    rows: int
    others: int


def generate_inputs(bound: BoundMethod, sizes: Sizes) -> dict[str, Array]:
    """An array for each dense tensor that the signature takes, by name.

    Floats lie between -1 and 1, integers are 0 or 1, so that they are valid as classes and as
    ids; texts are words.
    """
    numbers = itertools.count()
    return {
        name: array
        for parameter, structure in bound.arguments.items()
        for name, array in _generate(parameter, structure, sizes, numbers)
    }


def make_array(spec: TensorSpec, sizes: Sizes, number: int = 0) -> Array:
    """Values of a dtype and shape, different ones for each ``number``."""
    shape = fill_shape(spec.shape, sizes)
    # Arithmetic makes numbers of arrays without dimensions, hence asarray.
    values = np.asarray(GeneratedArray("random", spec.dtype, shape, _SEED, number).read())
    if spec.dtype in ("string", "bool"):
        return values
    dtype = numpy_dtype(spec.dtype)
    if "int" in dtype.name:
        return np.asarray(values.astype(np.int64) % 2, dtype)
    shift = 1 + 1j if dtype.kind == "c" else 1
    return np.asarray(values * 2 - shift, dtype)


def fill_shape(shape: Shape | None, sizes: Sizes) -> tuple[int, ...]:
    """A shape with every dimension known; an unknown rank is taken to be 2."""
    if shape is None:
        return (sizes.rows, sizes.others)
    free = (sizes.rows, *(sizes.others,) * len(shape))
    return tuple(
        own if length is None else length for length, own in zip(shape, free, strict=False)
    )


def _generate(
    name: str, structure: Any, sizes: Sizes, numbers: Iterator[int]
) -> Iterator[tuple[str, Array]]:
    if isinstance(structure, tf.RaggedTensorSpec):
        value: Any = _make_ragged(structure, sizes, next(numbers))
    elif isinstance(structure, tf.SparseTensorSpec):
        value = _make_sparse(structure, sizes, next(numbers))
    elif isinstance(structure, (dict, list, tuple)):
        items = structure.items() if isinstance(structure, dict) else enumerate(structure)
        for key, child in items:
            yield from _generate(f"{name}.{key}", child, sizes, numbers)
        return
    else:
        for leaf in list_leaves(name, structure):
            yield leaf.name, make_array(own_spec(leaf.value), sizes, next(numbers))
        return
    parts = tf.nest.flatten(value, expand_composites=True)
    names = component_names(name, structure, len(parts))
    yield from zip(names, (part.numpy() for part in parts), strict=True)


def _make_ragged(spec: Any, sizes: Sizes, number: int) -> Any:
    """Rows of 0, 1, … elements in every ragged dimension."""
    lengths = fill_shape(tuple(spec.shape.as_list()), sizes)
    splits, count = [], lengths[0]
    for _ in range(spec.ragged_rank):
        rows = np.arange(count) % (sizes.others + 1)
        splits.append(np.concatenate([[0], np.cumsum(rows)]))
        count = int(splits[-1][-1])
    shape = (count, *lengths[spec.ragged_rank + 1 :])
    values = make_array(TensorSpec(None, spec.dtype.name, shape), sizes, number)
    rows_dtype = spec.row_splits_dtype
    return tf.RaggedTensor.from_nested_row_splits(
        tf.constant(values, spec.dtype), [tf.cast(split, rows_dtype) for split in splits]
    )


def _make_sparse(spec: Any, sizes: Sizes, number: int) -> Any:
    """A value on the diagonal."""
    lengths = fill_shape(tuple(spec.shape.as_list()), sizes)
    count = min(lengths, default=0)
    indices = np.repeat(np.arange(count)[:, None], len(lengths), axis=1)
    values = make_array(TensorSpec(None, spec.dtype.name, (count,)), sizes, number)
    return tf.SparseTensor(indices.astype(np.int64), tf.constant(values, spec.dtype), lengths)
