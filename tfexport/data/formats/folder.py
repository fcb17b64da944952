"""A folder of .npy files, one an output."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from tfexport.data.filenames import name_files
from tfexport.data.parts import PartsWriter
from tfexport.spec import TensorSpec


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
