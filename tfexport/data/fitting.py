"""Checks the shape of an array against the input that takes it, before anything runs."""

from __future__ import annotations

from tfexport.data.arrays import Shaped
from tfexport.data.casting import shown_dtype
from tfexport.errors import InputDataError
from tfexport.spec import Shape, TensorSpec, format_shape


def check_shape(array: Shaped, spec: TensorSpec, *, label: str, any_batch: bool = False) -> None:
    """Raise InputDataError where ``array`` does not fit ``spec.shape``.

    The message begins with ``label`` and says what was expected, what it got, and what would
    help. With ``any_batch`` the first dimension may have any size: it is streamed in batches.
    """
    expected, got = spec.shape, array.shape
    if expected is None or _fits(got, _free_batch(expected) if any_batch else expected):
        return
    shown = f"{shown_dtype(array.dtype)} {format_shape(got)}"
    raise InputDataError(
        f"{label} expects {spec.display()}, got {shown}. {_suggest(expected, got)}"
    )


def fits_shape(array: Shaped, spec: TensorSpec) -> bool:
    """Whether ``array`` fits ``spec.shape``."""
    return spec.shape is None or _fits(array.shape, spec.shape)


def _fits(got: tuple[int, ...], expected: Shape) -> bool:
    return len(got) == len(expected) and all(
        size in (None, own) for size, own in zip(expected, got, strict=True)
    )


def _free_batch(shape: Shape) -> Shape:
    return (None, *shape[1:]) if shape else shape


def _suggest(expected: Shape, got: tuple[int, ...]) -> str:
    if expected[:1] in ((None,), (1,)) and _fits(got, expected[1:]):
        return f"Add a leading dimension: {format_shape((1, *got))} fits."
    if got[:1] == (1,) and _fits(got[1:], expected):
        return f"Drop the leading dimension: {format_shape(got[1:])} fits."
    if len(got) != len(expected):
        return f"It needs {_count_dimensions(len(expected))}, not {len(got)}."
    if _fits(got, _free_batch(expected)):
        return f"Its batch is fixed: run it with --batch-size {expected[0]}."
    if _fits(got[::-1], expected):
        return f"Its transpose {format_shape(got[::-1])} fits."
    axis = next(i for i, size in enumerate(expected) if size not in (None, got[i]))
    return f"Dimension {axis} must be {expected[axis]}."


def _count_dimensions(number: int) -> str:
    return "1 dimension" if number == 1 else f"{number} dimensions"
