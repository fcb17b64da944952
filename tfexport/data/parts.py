"""One output as one .npy, written batch by batch: numbers at once, text when its width is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfexport.data.arrays import Array
from tfexport.data.casting import family, shown_dtype
from tfexport.data.npy_layout import NpyWriter
from tfexport.errors import DestinationError
from tfexport.spec import format_shape

# A fixed width makes every string as long as the longest. More than this, and more than so many
# times the text itself, is refused.
_WIDEST_BYTES = 1 << 30
_WIDEST_RATIO = 16


def storable(array: Array) -> Array:
    """``array`` as a type that plain numpy reads back, with every value as it was."""
    return array.astype(storable_dtype(array.dtype), copy=False)


def storable_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """float32 for bfloat16, the float8s and float4; int8 or uint8 for int4 and its kin.

    numpy itself would store them as bytes of no type. Other dtypes stay what they are.
    """
    if dtype.isbuiltin == 1:
        return dtype
    if family(dtype) == "float":
        return np.dtype(np.float32)
    return np.dtype(np.uint8 if shown_dtype(dtype).startswith("uint") else np.int8)


class PartsWriter:
    """Every output of a run as an .npy of its own.

    In a run of batches (``with_rows`` is not None) the rows of those outputs follow each other,
    and an output without rows gets a leading axis: one entry a batch. In a run at once arrays are
    written as they are.
    """

    def __init__(self, files: Mapping[str, Path], with_rows: Collection[str] | None) -> None:
        self._files = files
        self._with_rows = with_rows
        self._parts: dict[str, _NumberPart | _TextPart] = {}

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Append one batch."""
        for name, path in self._files.items():
            array = arrays[name]
            if self._with_rows is not None and name not in self._with_rows:
                array = array[np.newaxis]
            if name not in self._parts:
                part = _TextPart if array.dtype.hasobject else _NumberPart
                self._parts[name] = part(name, path, array)
            self._parts[name].write(array)

    def finish_parts(self) -> None:
        """Complete every file."""
        for part in self._parts.values():
            part.finish()

    def close(self) -> None:
        """Close every file as it is."""
        for part in self._parts.values():
            part.close()


class _NumberPart:
    def __init__(self, name: str, path: Path, first: Array) -> None:
        self._name = name
        self._shape = first.shape
        self._rows = 0
        self._writer = NpyWriter(path, storable_dtype(first.dtype), first.shape)

    def write(self, array: Array) -> None:
        require_same_tail(self._name, self._shape, array)
        self._rows += len(array) if array.ndim else 0
        self._writer.write(storable(array))

    def finish(self) -> None:
        self._writer.finish(self._rows)

    def close(self) -> None:
        self._writer.close()


class _TextPart:
    """Strings one after the other, with their lengths, until the longest is known."""

    def __init__(self, name: str, path: Path, first: Array) -> None:
        self._name = name
        self._path = path
        self._shape = first.shape
        self._rows = 0
        self._width = 1  # numpy has no strings of width 0
        self._bytes = 0
        self._spool = path.with_name(f"{path.name}.text").open("w+b")

    def write(self, array: Array) -> None:
        require_same_tail(self._name, self._shape, array)
        self._rows += len(array) if array.ndim else 0
        for text in array.reshape(-1).tolist():
            if text.endswith(b"\0"):
                raise DestinationError(
                    f"Output '{self._name}': {text!r} ends in a NUL byte, which .npy and .npz "
                    "cannot hold. Write .json, .jsonl or .parquet."
                )
            self._width = max(self._width, len(text))
            self._bytes += len(text)
            self._spool.write(len(text).to_bytes(8, "little"))
            self._spool.write(text)

    def finish(self) -> None:
        shape = (self._rows, *self._shape[1:]) if self._shape else ()
        count = int(np.prod(shape, dtype=np.int64))
        if count * self._width > max(_WIDEST_BYTES, _WIDEST_RATIO * self._bytes):
            raise DestinationError(
                f"Output '{self._name}': its longest string has {self._width:,} bytes, and .npy "
                f"and .npz make all {count:,} as long. Write .json, .jsonl or .parquet."
            )
        writer = NpyWriter(self._path, np.dtype(f"S{self._width}"), shape)
        try:
            for block in self._read_blocks(count):
                writer.write(block)
            writer.finish(self._rows)
        finally:
            writer.close()
            self.close()
            Path(self._spool.name).unlink()

    def _read_blocks(self, count: int) -> Iterator[Array]:
        self._spool.seek(0)
        size = max(1, (1 << 20) // self._width)
        for start in range(0, count, size):
            texts = [self._read_text() for _ in range(min(size, count - start))]
            yield np.array(texts, f"S{self._width}")

    def _read_text(self) -> bytes:
        return self._spool.read(int.from_bytes(self._spool.read(8), "little"))

    def close(self) -> None:
        self._spool.close()


def require_same_tail(name: str, shape: Sequence[int], array: Array) -> None:
    """Raise DestinationError where a batch has other dimensions than the first one had."""
    if array.shape[1:] != tuple(shape[1:]) or array.ndim != len(shape):
        raise DestinationError(
            f"Output '{name}' is {format_shape(array.shape)} in one batch and "
            f"{format_shape(tuple(shape))} in another, which make no array. Write .jsonl."
        )
