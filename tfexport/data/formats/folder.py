"""A folder of .npy files, one an array."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from tfexport.data.filenames import name_files
from tfexport.data.formats import npy
from tfexport.data.matching import match_arrays, pick_arrays
from tfexport.data.parts import PartsWriter
from tfexport.data.places import Place
from tfexport.data.sources import ArraySource, Source
from tfexport.spec import TensorSpec


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """Every file for the input that it is called after; else all of them as parts of one input."""
    files = {place.path.stem: place for place in places if place.path is not None}
    names = [name] if name is not None else [str(spec.name) for spec in inputs]
    if len(names) == 1 and not pick_arrays(files, names):
        return npy.open_source(label, places, inputs, name)
    chosen = match_arrays(files, inputs, name, label)
    return ArraySource(label, {key: npy.open_array(place) for key, place in chosen.items()})


def require_writable(path: Path, outputs: Sequence[TensorSpec]) -> None:
    """Every output can be written."""


def make_writer(
    staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
) -> FolderWriter:
    """A writer of ``outputs`` that works in ``staging``."""
    return FolderWriter(staging, outputs, with_rows)


class FolderWriter(PartsWriter):
    """Writes ``NAME.npy`` for every output."""

    def __init__(
        self, staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
    ) -> None:
        self._folder = staging / "folder"
        self._folder.mkdir()
        files = name_files(str(spec.name) for spec in outputs)
        paths = {name: self._folder / f"{file}.npy" for name, file in files.items()}
        super().__init__(paths, with_rows)

    def finish(self) -> Path:
        """Complete the files; returns their folder."""
        self.finish_parts()
        return self._folder
