"""Rows: which arrays have them, how many, and how they are regrouped into batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from tfexport.data.arrays import Array, Arrays
from tfexport.errors import UsageError
from tfexport.spec import TensorSpec


def names_with_rows(specs: Sequence[TensorSpec]) -> frozenset[str]:
    """The inputs whose first axis is the batch.

    Those with an unknown first dimension or rank; where there are none, all with at least one
    dimension, if their first dimensions agree (a batch of fixed size). Others are whole in every
    batch.
    """
    unknown = {_name(spec) for spec in specs if spec.shape is None or spec.shape[:1] == (None,)}
    if unknown:
        return frozenset(unknown)
    ranked = [spec for spec in specs if spec.shape]
    sizes = {spec.shape[0] for spec in ranked if spec.shape}
    return frozenset(map(_name, ranked)) if len(sizes) == 1 else frozenset()


def fixed_batch(specs: Sequence[TensorSpec]) -> int | None:
    """The size that the batch must have, or None where it is free (or there is none)."""
    rows = names_with_rows(specs)
    sizes = {spec.shape[0] for spec in specs if spec.name in rows and spec.shape}
    return sizes.pop() if len(sizes) == 1 else None


def outputs_with_rows(outputs: Sequence[TensorSpec], batch: int | None) -> frozenset[str]:
    """The outputs that have a row for each row of the inputs.

    ``batch`` is the inputs' ``fixed_batch``. An output of unknown rank is taken to have rows.
    """
    return frozenset(
        _name(spec)
        for spec in outputs
        if spec.shape is None or (spec.shape and spec.shape[0] in (None, batch))
    )


def require_streamable(specs: Sequence[TensorSpec], size: int) -> None:
    """Raise UsageError where inputs cannot be fed in batches of ``size`` rows."""
    if not names_with_rows(specs):
        raise UsageError(
            f"--batch-size {size}: no input has a batch dimension. Leave --batch-size away."
        )
    fixed = fixed_batch(specs)
    if fixed is not None and fixed != size:
        raise UsageError(
            f"--batch-size {size}: the signature's batch is fixed. Use --batch-size {fixed}."
        )


def pad_rows(arrays: Mapping[str, Array], names: Collection[str], rows: int) -> Arrays:
    """``arrays`` with those of ``names`` made ``rows`` long by repeating their last row.

    A repeated row is a valid one for any model; a row of zeros may be no valid token or divide
    by zero.
    """
    return {name: _pad(array, rows) if name in names else array for name, array in arrays.items()}


def _pad(array: Array, rows: int) -> Array:
    missing = rows - len(array)
    return np.concatenate([array, np.repeat(array[-1:], missing, 0)]) if missing > 0 else array


def trim_rows(arrays: Mapping[str, Array], names: Collection[str], rows: int) -> Arrays:
    """``arrays`` with those of ``names`` cut to their first ``rows`` rows."""
    return {
        name: array[:rows] if name in names and array.ndim else array
        for name, array in arrays.items()
    }


def count_rows(arrays: Mapping[str, Array]) -> int:
    """The rows of a batch. Every array has as many."""
    return len(next(iter(arrays.values())))


def regroup_rows(blocks: Iterable[Arrays], size: int) -> Iterator[Arrays]:
    """The same rows in batches of exactly ``size``; the last one is as short as it comes."""
    held: list[Arrays] = []
    count = 0
    for block in blocks:
        rows, start = count_rows(block), 0
        while count + rows - start >= size:
            stop = start + size - count
            yield _join([*held, slice_rows(block, start, stop)])
            held, count, start = [], 0, stop
        if start < rows:
            held.append(slice_rows(block, start, rows))
            count += rows - start
    if held:
        yield _join(held)


def slice_rows(arrays: Mapping[str, Array], start: int, stop: int) -> Arrays:
    """Rows ``start`` to ``stop`` of every array, without a copy."""
    return {name: array[start:stop] for name, array in arrays.items()}


def _join(parts: Sequence[Arrays]) -> Arrays:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _name(spec: TensorSpec) -> str:
    assert spec.name is not None  # signatures name their inputs and outputs
    return spec.name
