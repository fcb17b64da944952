""".npz: a zip of .npy files, an array each. Members are streamed, never unpacked whole."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tfexport.data import npy_layout
from tfexport.data.arrays import Array
from tfexport.data.filenames import name_members
from tfexport.data.matching import match_arrays
from tfexport.data.parts import PartsWriter
from tfexport.data.places import Place, damage_reported
from tfexport.data.sources import ArraySource, MemoryArray, Source, join_sources
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec


@dataclass(frozen=True)
class NpzMember:
    """One array of an .npz. ``label`` names the file and the array in it."""

    label: str
    archive: zipfile.ZipFile
    member: str
    header: npy_layout.Header

    @property
    def shape(self) -> tuple[int, ...]:
        return self.header.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.header.dtype

    def read(self) -> Array:
        with damage_reported(self.label), self._open_elements() as stream:
            return npy_layout.read_elements(stream, self.header, self.label)

    def batches(self, size: int) -> Iterator[Array]:
        if self.header.fortran_order and len(self.shape) > 1:
            yield from MemoryArray(self.read()).batches(size)
            return
        with damage_reported(self.label), self._open_elements() as stream:
            yield from npy_layout.read_batches(stream, self.header, size, self.label)

    def _open_elements(self) -> IO[bytes]:
        stream = self.archive.open(self.member)
        npy_layout.read_header(stream, self.label)
        return stream


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """The arrays of an .npz for the inputs that they name; of several, row after row."""
    return join_sources(
        label,
        [
            ArraySource(place.label, match_arrays(open_arrays(place), inputs, name, place.label))
            for place in places
        ],
    )


def open_arrays(place: Place) -> dict[str, NpzMember]:
    """The arrays of an .npz by their names.

    Raises InputDataError for what is no .npz, or has a member that is cut off or a pickle.
    """
    with damage_reported(place.label):
        try:
            archive = zipfile.ZipFile(place.open_seekable())
        except zipfile.BadZipFile:
            raise InputDataError(f"'{place.label}' is no .npz file.") from None
        return {
            member.filename.removesuffix(".npy"): _open_member(archive, member, place.label)
            for member in archive.infolist()
            if member.filename.endswith(".npy")
        }


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, label: str) -> NpzMember:
    label = f"{label}[{member.filename.removesuffix('.npy')}]"
    if member.flag_bits & 1:
        raise InputDataError(f"'{label}' is encrypted.")
    with archive.open(member) as stream:
        header = npy_layout.read_header(stream, label)
        npy_layout.require_bytes(member.file_size - stream.tell(), header, label)
    return NpzMember(label, archive, member.filename, header)


def write_archive(path: Path, parts: Mapping[str, Path]) -> None:
    """Put .npy files into an .npz (not compressed, as ``numpy.savez`` does), a member a name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, part in parts.items():
            archive.write(part, f"{name}.npy")


def require_writable(path: Path, outputs: Sequence[TensorSpec]) -> None:
    """Every output can be written."""


def make_writer(
    staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
) -> NpzWriter:
    """A writer of ``outputs`` that works in ``staging``."""
    return NpzWriter(staging, outputs, with_rows)


class NpzWriter(PartsWriter):
    """Writes every output as a file, and at the end all of them into one zip.

    A member begins with the array's shape, which only the end of a run tells.
    """

    def __init__(
        self, staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
    ) -> None:
        self._archive = staging / "archive.npz"
        names = [str(spec.name) for spec in outputs]
        self._parts_by_name = {name: staging / f"{i}.npy" for i, name in enumerate(names)}
        super().__init__(self._parts_by_name, with_rows)

    def finish(self) -> Path:
        """Put the arrays together; returns the .npz."""
        self.finish_parts()
        members = name_members(self._parts_by_name)
        write_archive(self._archive, {members[n]: p for n, p in self._parts_by_name.items()})
        return self._archive
