"""A directory that appears at its destination whole, or not at all.

It is written in a hidden directory beside the destination, synced, and renamed. Whatever ends the
process, the destination is the old directory or the new one; what it leaves behind is cleared by
the next export to the same place (``leftovers.py``).
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfexport.errors import DestinationError, TfexportError
from tfexport.exporting.leftovers import clear_leftovers, hidden_directory, make_hidden
from tfexport.exporting.renaming import exchange

_SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


@dataclass(frozen=True)
class Destination:
    """Where a SavedModel is to appear.

    With ``versions`` the directory is that of a model, and the SavedModel becomes its next
    numbered child, as TensorFlow Serving expects; with ``force`` an existing SavedModel is
    replaced, and nothing else is.
    """

    directory: Path
    force: bool = False
    versions: bool = False

    @property
    def name(self) -> str:
        """What a server would call the model."""
        return self.directory.resolve().name


def check_destination(destination: Destination) -> None:
    """Raise DestinationError where nothing can be published. Costs nothing: ask early."""
    directory = destination.directory
    for parent in directory.absolute().parents:
        if parent.exists() and not parent.is_dir():
            raise DestinationError(f"{parent} is a file: {directory} cannot be made in it.")
    if os.path.lexists(directory) and not directory.is_dir():
        raise DestinationError(f"{directory} is a file. Give a directory with -o.")
    if destination.versions:
        _check_versions(directory)
    elif directory.is_dir() and any(directory.iterdir()):
        _check_replaceable(directory, destination.force)


@contextmanager
def staged(destination: Destination) -> Iterator[Staging]:
    """A hidden directory to write in; ``publish`` it before the block ends, or it goes away.

    Raises DestinationError where the disk is full or nothing may be written there.
    """
    check_destination(destination)
    target = destination.directory.resolve()  # a link keeps pointing where it points
    beside = target if destination.versions else target.parent
    with _made(beside), failures_reported(destination.directory):
        clear_leftovers(beside, target.name)
        with hidden_directory(beside, target.name) as directory:
            yield Staging(destination, directory)


class Staging:
    """A directory that is being written, and where it is to go."""

    def __init__(self, destination: Destination, directory: Path) -> None:
        self.directory = directory
        self._destination = destination

    def publish(self) -> Path:
        """Sync what was written and rename it into place; gives the directory it is now."""
        sync_tree(self.directory)
        target = self._destination.directory.resolve()
        if self._destination.versions:
            return self._destination.directory / _publish_version(self.directory, target)
        if not _rename_to(target, self.directory):
            self._replace(target)
        _sync(target.parent)
        return self._destination.directory

    def _replace(self, target: Path) -> None:
        """Put the new directory where the old one is; the old one goes away with the block."""
        check_destination(self._destination)
        if exchange(self.directory, target):
            return
        # Without an atomic exchange there is a moment without a model; a run that is killed in it
        # leaves the old one under a name from which the next run puts it back.
        old = make_hidden(target.parent, target.name, is_old=True)
        target.rename(old)
        self.directory.rename(target)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def failures_reported(directory: Path) -> Iterator[None]:
    """Within it, what the system refuses (no space, no permission) is a DestinationError."""
    try:
        yield
    except TfexportError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise DestinationError(f"Cannot write {directory}: {reason}.") from error


def sync_tree(directory: Path) -> None:
    """Have every file and directory below ``directory`` on the disk itself."""
    for folder, _, files in os.walk(directory):
        for path in [Path(folder, name) for name in files] + [Path(folder)]:
            _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _made(directory: Path) -> Iterator[None]:
    """Make the directory and its parents; those that stay empty go away again."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    with failures_reported(directory):
        directory.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for path in missing:
            try:
                path.rmdir()
            except OSError:
                break


def _rename_to(target: Path, stage: Path) -> bool:
    """Rename; False where the target is there already and is not empty."""
    try:
        stage.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _publish_version(stage: Path, model: Path) -> str:
    """Rename to the next free number: of two at the same moment, one finds it taken."""
    number = next_version(model)
    while not _rename_to(model / number, stage):
        number = next_version(model)
    _sync(model)
    return number


def next_version(model: Path) -> str:
    """The number after the highest one in a model's directory; 1 where there is none."""
    names = (child.name for child in model.iterdir())
    return str(max((int(n) for n in names if n.isascii() and n.isdigit()), default=0) + 1)


def _check_versions(directory: Path) -> None:
    if _is_saved_model(directory):
        raise DestinationError(
            f"{directory} is a SavedModel itself, not a directory of versions. "
            "Choose another with -o, or leave out --next-version."
        )


def _check_replaceable(directory: Path, force: bool) -> None:
    # One slip in -o, and --force would delete a user's sources, or every version of a model.
    if not _is_saved_model(directory):
        raise DestinationError(
            f"{directory} is no SavedModel, so it is not replaced. "
            "Choose another with -o, or remove it yourself."
        )
    if not force:
        raise DestinationError(
            f"{directory} exists already. Replace it with --force, or choose another with -o."
        )


def _is_saved_model(directory: Path) -> bool:
    return any((directory / name).exists() for name in _SAVED_MODEL_FILES)
