"""Outputs as rows, for the formats that have nothing else: JSON Lines, CSV, Parquet."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from tfexport.data.arrays import Array, Arrays
from tfexport.errors import DestinationError
from tfexport.spec import format_shape


def require_rows(
    arrays: Mapping[str, Array], with_rows: Collection[str] | None, suffix: str
) -> Arrays:
    """``arrays`` with a row a first index, all of them equally many.

    Scalars alone are one row. Raises DestinationError for outputs that have no rows, or others;
    ``suffix`` is the format that cannot hold them.
    """
    if with_rows is None and all(array.ndim == 0 for array in arrays.values()):
        return {name: array[np.newaxis] for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.ndim == 0 or (with_rows is not None and name not in with_rows):
            raise _no_rows(name, array, suffix)
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"'{name}' {count:,}" for name, count in counts.items())
        raise DestinationError(
            f"A {suffix} has the same rows for every output, and these differ: {listed}. "
            "Write an .npz, or choose with --select."
        )
    return dict(arrays)


def _no_rows(name: str, array: Array, suffix: str) -> DestinationError:
    return DestinationError(
        f"Output '{name}' {format_shape(array.shape)} has no row for each row of the input, which "
        f"a {suffix} needs. Write an .npz, or choose other outputs with --select."
    )
