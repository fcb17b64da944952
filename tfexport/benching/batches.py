"""The inputs of each batch size, from one feed: its first rows, repeated where it has too few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfexport.data.arrays import Array, Arrays, empty_aligned
from tfexport.data.batching import (
    fixed_batch,
    names_with_rows,
    require_streamable,
    slice_rows,
)
from tfexport.data.feeding import Feed
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec

USUAL_SIZES = (1, 8, 32)


def choose_sizes(inputs: Sequence[TensorSpec], asked: Sequence[int]) -> tuple[int | None, ...]:
    """The batch sizes to measure: those ``asked`` for, else what suits its ``inputs``.

    (None,) where no input has a batch dimension, the only size that fits where it is fixed.
    """
    if asked:
        return tuple(asked)
    if not names_with_rows(inputs):
        return (None,)
    fixed = fixed_batch(inputs)
    return USUAL_SIZES if fixed is None else (fixed,)


def make_batches(
    feed: Feed, defaults: Mapping[str, Array], sizes: Sequence[int | None]
) -> dict[int | None, Arrays]:
    """Arrays for a call with each of ``sizes`` rows, in memory that TensorFlow does not copy.

    Raises UsageError where the signature has no batch of that size, InputDataError for what does
    not fit.
    """
    if tuple(sizes) == (None,):
        return {None: {**defaults, **_align(feed.read())}}
    specs, most = list(feed.specs.values()), max(size or 0 for size in sizes)
    for size in sizes:
        require_streamable(specs, size or 0)
    given, with_rows = next(feed.batches(most)), feed.with_rows
    rows = _fill_up({name: given[name] for name in with_rows}, most)
    rest = {**defaults, **_align({name: given[name] for name in given if name not in with_rows})}
    return {size: {**rest, **slice_rows(rows, 0, size or 0)} for size in sizes}


def _fill_up(arrays: Arrays, rows: int) -> Arrays:
    return {name: _repeat_rows(name, array, rows) for name, array in arrays.items()}


def _repeat_rows(name: str, array: Array, rows: int) -> Array:
    if not len(array):
        raise InputDataError(f"Input '{name}' has no rows to measure with.")
    filled = empty_aligned((rows, *array.shape[1:]), array.dtype)
    for start in range(0, rows, len(array)):
        part = filled[start : start + len(array)]
        part[...] = array[: len(part)]
    return filled


def _align(arrays: Arrays) -> Arrays:
    aligned: Arrays = {}
    for name, array in arrays.items():
        aligned[name] = empty_aligned(array.shape, array.dtype)
        aligned[name][...] = array
    return aligned


def count_bytes(arrays: Mapping[str, Array]) -> int:
    """How large the inputs of a call are; of strings their texts."""
    return sum(_bytes_of(array) for array in arrays.values())


def _bytes_of(array: Array) -> int:
    if not array.dtype.hasobject:
        return array.nbytes
    return sum(len(text) for text in array.reshape(-1).tolist())
