""".npy: one array a file, memory-mapped when it is read whole, read in pieces when streamed."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfexport.data.arrays import Array
from tfexport.data.matching import find_input
from tfexport.data.npy_layout import (
    Header,
    read_batches,
    read_elements,
    read_header,
    require_bytes,
)
from tfexport.data.parts import PartsWriter
from tfexport.data.places import Place, damage_reported
from tfexport.data.sources import ArraySource, MemoryArray, Source, StoredArray, join_sources
from tfexport.errors import DestinationError
from tfexport.spec import TensorSpec


@dataclass(frozen=True)
class NpyFile:
    """An .npy on disk: memory-mapped when read whole, read batch by batch when streamed.

    A mapping's pages count as memory of the process; batches that are read do not pile up.
    """

    label: str
    path: Path
    header: Header

    @property
    def shape(self) -> tuple[int, ...]:
        return self.header.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.header.dtype

    def read(self) -> Array:
        if self.header.nbytes == 0:  # which cannot be mapped
            return np.empty(self.shape, self.dtype)
        return np.memmap(
            self.path,
            self.dtype,
            "r",
            self.header.offset,
            self.shape,
            "F" if self.header.fortran_order else "C",
        )

    def batches(self, size: int) -> Iterator[Array]:
        if self.header.fortran_order and len(self.shape) > 1:
            yield from MemoryArray(self.read()).batches(size)
            return
        with self.path.open("rb") as stream:
            stream.seek(self.header.offset)
            yield from read_batches(stream, self.header, size, self.label)


@dataclass(frozen=True)
class NpyStream:
    """An .npy that cannot be mapped: from stdin, where it is read once, or unpacked on the way."""

    label: str
    open_elements: Callable[[], BinaryIO]
    header: Header

    @property
    def shape(self) -> tuple[int, ...]:
        return self.header.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.header.dtype

    def read(self) -> Array:
        with damage_reported(self.label), self.open_elements() as stream:
            return read_elements(stream, self.header, self.label)

    def batches(self, size: int) -> Iterator[Array]:
        if self.header.fortran_order and len(self.shape) > 1:
            yield from MemoryArray(self.read()).batches(size)
            return
        with damage_reported(self.label), self.open_elements() as stream:
            yield from read_batches(stream, self.header, size, self.label)


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """The array of an .npy for an input; of several, their rows one after the other."""
    spec = find_input(inputs, name, label)
    return join_sources(
        label, [ArraySource(place.label, {str(spec.name): open_array(place)}) for place in places]
    )


def open_array(place: Place) -> StoredArray:
    """The array of an .npy file or stream.

    Raises InputDataError for what is no .npy, is cut off, or holds Python objects.
    """
    with damage_reported(place.label):
        stream = place.open()
        header = read_header(stream, place.label)
        if place.path is None:
            return NpyStream(place.label, lambda: stream, header)
        stream.close()
        if isinstance(stream, gzip.GzipFile):
            return NpyStream(place.label, partial(_open_elements, place), header)
        require_bytes(place.path.stat().st_size - header.offset, header, place.label)
    return NpyFile(place.label, place.path, header)


def _open_elements(place: Place) -> BinaryIO:
    stream = place.open()
    read_header(stream, place.label)
    return stream


def require_writable(path: Path, outputs: Sequence[TensorSpec]) -> None:
    """Raise DestinationError for more than one output: an .npy holds one array."""
    if len(outputs) != 1:
        names = ", ".join(str(spec.name) for spec in outputs)
        raise DestinationError(
            f"'{path}' holds one array, and there are {len(outputs)} outputs: {names}. "
            "Write an .npz or a folder, or pick one with --select."
        )


def make_writer(
    staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
) -> OneArrayWriter:
    """A writer of the one output that works in ``staging``."""
    return OneArrayWriter(staging / "array.npy", str(outputs[0].name), with_rows)


class OneArrayWriter(PartsWriter):
    """Writes one output as one .npy."""

    def __init__(self, path: Path, name: str, with_rows: Collection[str] | None) -> None:
        self._path = path
        super().__init__({name: path}, with_rows)

    def finish(self) -> Path:
        """Complete the file and return it."""
        self.finish_parts()
        return self._path
