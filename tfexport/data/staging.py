"""Writes beside a destination and renames into place: nobody ever sees half a file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfexport.errors import DestinationError

_REPLACED = "replaced"  # the old folder, between the two renames that put the new one in its place

# The only files that --force deletes with a folder: what such a folder is written with.
_OWN_SUFFIX = ".npy"


class Staging:
    """A folder beside ``destination`` to write in, which goes away with the block.

    >>> with Staging(Path("out.npz")) as staging:
    ...     part = staging.folder / "part"
    ...     _ = part.write_bytes(b"")
    ...     staging.publish(part)

    Raises DestinationError where ``destination`` exists already (but for ``force``), or nothing
    can be written there.
    """

    folder: Path

    def __init__(self, destination: Path, *, force: bool = False, is_folder: bool = False) -> None:
        self._destination = destination
        self._force = force
        self._is_folder = is_folder

    def require_ready(self) -> None:
        """Raise DestinationError where nothing could be published at the destination."""
        self._require_free()
        if not self._destination.absolute().parent.is_dir():
            raise DestinationError(
                f"There is no folder '{self._destination.parent}' to write "
                f"'{self._destination.name}' in. Make it first: mkdir -p {self._destination.parent}"
            )

    def __enter__(self) -> Staging:
        self.require_ready()
        parent = self._destination.absolute().parent
        with failures_reported(self._destination):
            self.folder = Path(tempfile.mkdtemp(prefix=_prefix(os.getpid()), dir=parent))
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def publish(self, staged: Path) -> None:
        """Rename ``staged``, a file or folder inside of ``folder``, to the destination."""
        self._require_free()
        with failures_reported(self._destination):
            if self._is_folder and self._destination.exists():
                self._replace_folder(staged)
            else:
                staged.replace(self._destination)

    def _replace_folder(self, staged: Path) -> None:
        # No system call swaps two folders everywhere: move the old one away, and back on failure.
        replaced = self.folder / _REPLACED
        self._destination.rename(replaced)
        try:
            staged.rename(self._destination)
        except BaseException:
            replaced.rename(self._destination)
            raise

    def _require_free(self) -> None:
        there = self._destination
        if there.is_dir() and not self._is_folder:
            raise DestinationError(f"'{there}' is a folder, and a file is to be written there.")
        if there.is_file() and self._is_folder:
            raise DestinationError(f"'{there}' is a file, and a folder is to be written there.")
        if there.is_dir():
            self._require_replaceable(there)
        elif there.exists() and not self._force:
            raise DestinationError(f"'{there}' exists already. Replace it with --force.")

    def _require_replaceable(self, folder: Path) -> None:
        entries = sorted(folder.iterdir())
        if entries and not self._force:
            raise DestinationError(f"'{folder}' exists already. Replace it with --force.")
        for entry in entries:
            if entry.suffix != _OWN_SUFFIX or not entry.is_file() or entry.is_symlink():
                raise DestinationError(
                    f"'{folder}' holds more than {_OWN_SUFFIX} files ('{entry.name}'), so it is "
                    "not replaced. Choose another folder."
                )


def remove_staging(destination: Path, process: int) -> None:
    """Remove what the process with that id staged beside ``destination`` and could not remove.

    A folder that it was about to replace when it ended is put back.
    """
    for folder in destination.absolute().parent.glob(f"{_prefix(process)}*"):
        if (folder / _REPLACED).exists() and not destination.exists():
            (folder / _REPLACED).rename(destination)
        shutil.rmtree(folder, ignore_errors=True)


def _prefix(process: int) -> str:
    return f".tfexport-{process}-"


@contextmanager
def failures_reported(destination: Path) -> Iterator[None]:
    """Within it, what the system refuses (no space, no permission) is a DestinationError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DestinationError(f"Cannot write '{destination}': {reason}.") from None
