"""The values of a checkpoint's tensor, summed up block by block: memory stays the same.

Large tensors are read by as many threads as there are cores; numpy lets them run side by side.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tfexport.dtypes import numpy_dtype
from tfexport.errors import SavedModelError, UsageError
from tfexport.savedmodel.checkpoint import (
    BundleEntry,
    CheckpointError,
    CheckpointIndex,
    read_checkpoint_index,
)
from tfexport.savedmodel.description import ModelDescription, count_elements
from tfexport.savedmodel.moments import Array, Moments
from tfexport.savedmodel.slices import Piece, find_pieces
from tfexport.savedmodel.text_values import summarize_texts
from tfexport.savedmodel.value_summary import Histogram, NumberSummary, ValueSummary
from tfexport.suggestions import did_you_mean

_BLOCK = 1 << 20  # bytes; with what is computed from it, it stays in a core's cache
_PART = 1 << 25  # bytes that a thread reads before it takes the next
_MOST_SAMPLES = 1 << 20
_BINS = 48


def summarize_values(model: ModelDescription, name: str) -> ValueSummary:
    """Sum up the values of a variable, by its object path, its name or its checkpoint key.

    Raises UsageError for a name that is unknown or not clear, SavedModelError where the
    checkpoint is missing or damaged.
    """
    try:
        index = read_checkpoint_index(Path(model.directory))
        entry = _find_entry(model, index, name)
        return _summarize(index, entry, name)
    except FileNotFoundError:
        raise SavedModelError(f"{model.directory} has no checkpoint: no values to show.") from None
    except CheckpointError as error:
        raise SavedModelError(f"Cannot read the values of '{name}': {error}.") from error


def _find_entry(model: ModelDescription, index: CheckpointIndex, name: str) -> BundleEntry:
    keys = _find_keys(model, index, name)
    if len(keys) > 1:
        paths = [v.object_path or v.name for v in model.variables if v.checkpoint_key in keys]
        raise UsageError(f"'{name}' is the name of several variables: {', '.join(paths)}.")
    if not keys:
        raise UsageError(_describe_unknown(model, index, name))
    if keys[0] is None:
        raise SavedModelError(f"The checkpoint of {model.directory} has no values for '{name}'.")
    return index.entries[keys[0]]


def _find_keys(model: ModelDescription, index: CheckpointIndex, name: str) -> list[str | None]:
    variables = model.variables
    found = [v.checkpoint_key for v in variables if v.object_path == name]
    found = found or [v.checkpoint_key for v in variables if v.name == name and v.copy_of is None]
    return found or ([name] if name in index.entries else [])


def _describe_unknown(model: ModelDescription, index: CheckpointIndex, name: str) -> str:
    names = [variable.object_path or variable.name for variable in model.variables]
    names = names or [key for key, entry in index.entries.items() if entry.is_value]
    known = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
    return (
        f"No variable '{name}' in {model.directory}.{did_you_mean(name, names)} "
        f"It has: {known or 'none'}."
    )


def _summarize(index: CheckpointIndex, entry: BundleEntry, name: str) -> ValueSummary:
    pieces = find_pieces(index, entry)
    is_text = entry.dtype == "string"
    numbers = None if is_text else _summarize_numbers(pieces, _dtype(entry, index), name)
    return ValueSummary(
        name,
        entry.key,
        entry.dtype,
        entry.shape,
        count_elements(entry.shape) or 0,
        sum(piece.size for piece in pieces),
        numbers,
        summarize_texts(pieces) if is_text else None,
    )


def _dtype(entry: BundleEntry, index: CheckpointIndex) -> np.dtype[np.generic]:
    try:
        dtype = numpy_dtype(entry.dtype)
    except KeyError:
        raise UsageError(f"A tensor of dtype {entry.dtype} holds no values to sum up.") from None
    return dtype.newbyteorder(">") if index.big_endian else dtype


def _summarize_numbers(
    pieces: Sequence[Piece], dtype: np.dtype[np.generic], name: str
) -> NumberSummary:
    for piece in pieces:
        if piece.size != piece.elements * dtype.itemsize:
            raise CheckpointError(
                f"it has {piece.size:,} bytes where its shape needs "
                f"{piece.elements * dtype.itemsize:,}"
            )
    elements = sum(piece.elements for piece in pieces)
    stride = _choose_stride(elements)
    moments = Moments()
    for part in _run(list(_cut(pieces, dtype.itemsize)), dtype, stride):
        moments.merge(part)
    return _finish(moments, stride, "magnitude" if dtype.kind == "c" else "value")


def _choose_stride(elements: int) -> int:
    """How many values there are to one of the sample: a prime, or 1 for all of them.

    A prime does not run in step with the rows of a matrix, whose sizes it hardly ever divides.
    """
    stride = -(-elements // _MOST_SAMPLES) or 1
    while any(stride % divisor == 0 for divisor in range(2, math.isqrt(stride) + 1)):
        stride += 1
    return stride


def _cut(pieces: Sequence[Piece], item_size: int) -> Iterator[Piece]:
    step = _PART // item_size * item_size
    for piece in pieces:
        for start in range(0, piece.size, step):
            size = min(step, piece.size - start)
            yield Piece(piece.path, piece.offset + start, size, size // item_size)


def _run(parts: list[Piece], dtype: np.dtype[np.generic], stride: int) -> Iterator[Moments]:
    starts = _starts(parts)
    if len(parts) < 2:
        yield from (_read_part(part, dtype, stride, 0) for part in parts)
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(
            lambda part, start: _read_part(part, dtype, stride, start), parts, starts
        )


def _starts(parts: Sequence[Piece]) -> list[int]:
    starts, start = [], 0
    for part in parts:
        starts.append(start)
        start += part.elements
    return starts


def _read_part(part: Piece, dtype: np.dtype[np.generic], stride: int, start: int) -> Moments:
    """Sum up one part; ``start`` is the number of elements before it."""
    moments = Moments()
    with np.errstate(all="ignore"):
        for block in _read_blocks(part, dtype):
            numbers = _as_numbers(block)
            moments.add(numbers, numbers[-start % stride :: stride].copy())
            start += block.size
    return moments


def _read_blocks(part: Piece, dtype: np.dtype[np.generic]) -> Iterator[Array]:
    buffer = bytearray(min(_BLOCK // dtype.itemsize * dtype.itemsize, part.size))
    view = memoryview(buffer)
    array = np.frombuffer(buffer, dtype)
    position, left = part.offset, part.size
    try:
        file = part.path.open("rb", buffering=0)
    except OSError as error:
        raise CheckpointError(f"variables/{part.path.name} cannot be read: {error}") from error
    with file:
        file.seek(position)
        while left:
            size = min(left, len(buffer))
            _fill(file, view[:size], part.path)
            yield array[: size // dtype.itemsize]
            left -= size


def _fill(file: object, view: memoryview, path: Path) -> None:
    filled = 0
    while filled < len(view):
        count = file.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            raise CheckpointError(f"variables/{path.name} became shorter while it was read")
        filled += count


def _as_numbers(block: Array) -> Array:
    """The block as numbers that numpy computes with quickly; complex ones as magnitudes."""
    kind = block.dtype.kind
    if kind == "c":
        return np.abs(block)
    if kind == "b":
        return block.view(np.uint8)
    if kind in "iu" or block.dtype in (np.float32, np.float64):
        return block
    if block.dtype.name == "bfloat16":  # the upper half of a float32
        return (block.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return block.astype(np.int8 if block.dtype.name.endswith(("int2", "int4")) else np.float32)


def _finish(moments: Moments, stride: int, measure: str) -> NumberSummary:
    empty = moments.count == 0
    return NumberSummary(
        measure,
        moments.low,
        moments.high,
        None if empty else moments.mean,
        None if empty else moments.std,
        moments.zeros,
        moments.nan,
        moments.infinite,
        None if empty else _draw_histogram(moments, stride),
    )


def _draw_histogram(moments: Moments, stride: int) -> Histogram | None:
    assert moments.low is not None and moments.high is not None
    sample = np.concatenate(moments.samples)
    low, high, bins = float(moments.low), float(moments.high), _BINS
    if not sample.size or not math.isfinite(high - low):
        return None
    if sample.dtype.kind in "iu" and high - low < _BINS:  # one bin a number
        low, high, bins = low - 0.5, high + 0.5, int(high - low) + 1
    elif low == high:
        bins = 1
    counts, _ = np.histogram(sample.astype(np.float64), bins, (low, high))
    return Histogram(low, high, tuple(counts.tolist()), int(sample.size), stride)
