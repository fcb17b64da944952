"""The layout of an .npy: its header and its elements, read and written in pieces.

It is that of ``numpy.lib.format``: magic, version, length of the header, the header (a Python
literal, padded with spaces and a newline), then the elements. Pickles are never loaded.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from tfexport.data.arrays import Array, empty_aligned
from tfexport.errors import InputDataError

_ROOM = 20  # digits of a number of rows that only the end of a stream tells


@dataclass(frozen=True)
class Header:
    """What the header of an .npy says; ``offset`` is where the elements begin."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        size = self.dtype.itemsize
        for length in self.shape:  # Python's integers do not overflow
            size *= length
        return size


def read_header(stream: IO[bytes], label: str) -> Header:
    """Read the header of an .npy; the elements come next in ``stream``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            shape, fortran_order, dtype = _parse_header(stream)
    except InputDataError as error:
        raise InputDataError(f"'{label}' {error}") from None
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        raise  # damage, which the caller reports
    except Exception as error:  # numpy's parser lets through what Python's raises
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputDataError(f"'{label}' is no .npy file: {reason}.") from None
    _require_plain(dtype, label)
    if any(size < 0 for size in shape):
        raise InputDataError(f"'{label}' is no .npy file: its shape is {shape}.")
    return Header(shape, dtype, fortran_order, stream.tell() if stream.seekable() else 0)


def _parse_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy_format.read_magic(stream)
    if version == (1, 0):
        return npy_format.read_array_header_1_0(stream)
    if version == (2, 0):
        return npy_format.read_array_header_2_0(stream)
    # 3.0 is for field names that are not ASCII
    raise InputDataError("has named fields, which no input takes.")


def _require_plain(dtype: np.dtype[Any], label: str) -> None:
    if dtype.hasobject:
        raise InputDataError(
            f"'{label}' holds Python objects (a pickle), which are never loaded: they can run "
            "code. Save numbers, or text with the dtype 'S' or 'U'."
        )
    if dtype.names is not None:
        raise InputDataError(f"'{label}' has named fields, which no input takes.")


def require_bytes(available: int, header: Header, label: str) -> None:
    """Raise InputDataError where a file has fewer bytes than its header says."""
    if available < header.nbytes:
        raise InputDataError(
            f"'{label}' is cut off: its header says {header.nbytes:,} bytes of "
            f"{header.dtype} {list(header.shape)}, and it has {max(available, 0):,}."
        )


def read_elements(stream: IO[bytes], header: Header, label: str) -> Array:
    """The whole array behind a header."""
    if header.fortran_order:
        reverse = Header(header.shape[::-1], header.dtype, False, header.offset)
        transposed: Array = read_elements(stream, reverse, label).T
        return transposed
    array = _allocate(header.shape, header, label)
    _fill(stream, array, header, label)
    return array


def read_batches(stream: IO[bytes], header: Header, size: int, label: str) -> Iterator[Array]:
    """The rows behind a header, ``size`` at a time, each batch in memory of its own."""
    rows = header.shape[0]
    for start in range(0, rows, size):
        batch = _allocate((min(size, rows - start), *header.shape[1:]), header, label)
        _fill(stream, batch, header, label)
        yield batch


def _allocate(shape: tuple[int, ...], header: Header, label: str) -> Array:
    try:
        return empty_aligned(shape, header.dtype)
    except (MemoryError, OverflowError, ValueError):
        raise InputDataError(
            f"'{label}' is larger than memory: {header.nbytes:,} bytes of {header.dtype} "
            f"{list(header.shape)}. Stream it with --batch-size."
        ) from None


def _fill(stream: IO[bytes], array: Array, header: Header, label: str) -> None:
    memory = array.reshape(-1).view(np.uint8).data if array.nbytes else memoryview(b"")
    filled = 0
    while filled < len(memory):
        count = stream.readinto(memory[filled:])  # type: ignore[attr-defined]
        if not count:
            raise InputDataError(
                f"'{label}' is cut off: its header says {header.dtype} {list(header.shape)}."
            )
        filled += count


class NpyWriter:
    """Writes an array whose number of rows only the end tells: the header is written twice."""

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        """``shape`` is the final one but for its first axis, which ``finish`` corrects."""
        self._dtype = dtype
        self._shape = shape
        self._stream = path.open("wb")
        self._stream.write(self._header(shape))

    def write(self, elements: Array) -> None:
        """Append elements, in C order."""
        if elements.nbytes:
            self._stream.write(np.ascontiguousarray(elements).reshape(-1).view(np.uint8).data)

    def finish(self, rows: int) -> None:
        """Write the header again, now with the number of rows, and close the file."""
        self._stream.seek(0)
        self._stream.write(self._header((rows, *self._shape[1:]) if self._shape else ()))
        self._stream.close()

    def close(self) -> None:
        """Close the file as it is."""
        self._stream.close()

    def _header(self, shape: tuple[int, ...]) -> bytes:
        description = npy_format.dtype_to_descr(self._dtype)
        literal = f"{{'descr': {description!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
        rows = len(str(shape[0])) if shape else 0
        start = len(npy_format.magic(1, 0)) + 2
        # Padded so that the elements begin at a multiple of 64, with the same room every time.
        needed = start + len(literal) - rows + _ROOM + 1
        length = -(-needed // npy_format.ARRAY_ALIGN) * npy_format.ARRAY_ALIGN - start
        padded = literal.encode().ljust(length - 1) + b"\n"
        return npy_format.magic(1, 0) + length.to_bytes(2, "little") + padded
