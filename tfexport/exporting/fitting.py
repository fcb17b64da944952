"""Arrays that the user gives, as the dtype that is wanted: every value stays what it is."""

from __future__ import annotations

from tfexport.data.arrays import Array
from tfexport.data.casting import fit_dtype, shown_dtype
from tfexport.errors import InputDataError


def fit_exactly(array: Array, dtype: str, label: str) -> Array:
    """``array`` as ``dtype``. Raises InputDataError where a value would change.

    Unlike ``tfexport run`` there is no ``--cast``: what is saved stays for long.
    """
    try:
        return fit_dtype(array, dtype, label=label)
    except InputDataError as error:
        raise InputDataError(
            f"{label} is {shown_dtype(array.dtype)}, and {dtype} cannot hold its values.",
            detail=str(error),
        ) from None
