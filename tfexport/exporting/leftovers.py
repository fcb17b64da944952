"""Hidden directories beside a destination: made, held while their process lives, cleared.

A process holds a lock on the directory that it writes in. The lock goes with the process, however
that ends, so whoever gets the lock knows that the directory is a leftover.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_NEW, _OLD = "tfexport-new", "tfexport-old"


@contextmanager
def hidden_directory(parent: Path, name: str) -> Iterator[Path]:
    """A new empty directory in ``parent`` that stands for ``name``, until it is renamed.

    It is locked meanwhile, and removed at the end where it is still there.
    """
    directory, descriptor = _make_and_lock(parent, name)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def make_hidden(parent: Path, name: str, *, is_old: bool = False) -> Path:
    """A new empty directory in ``parent`` under a name that ``clear_leftovers`` knows."""
    directory = parent / f".{name}.{_OLD if is_old else _NEW}-{secrets.token_hex(4)}"
    directory.mkdir()
    return directory


def clear_leftovers(parent: Path, name: str) -> None:
    """Remove what killed processes left for ``name``, after putting an old one back.

    The old directory is put back where a process was killed between moving it away and moving
    the new one there.
    """
    for old in parent.glob(f".{escape(name)}.{_OLD}-*"):
        if (parent / name).exists() or not any(old.iterdir()):
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(parent / name)
    for new in parent.glob(f".{escape(name)}.{_NEW}-*"):
        _remove_unless_held(new)


def _make_and_lock(parent: Path, name: str) -> tuple[Path, int | None]:
    """A hidden directory that is this process's own; no descriptor where nothing can be locked.

    Another process may find it before it is locked, and take it for a leftover: whoever has the
    lock then is removing it, or has done so.
    """
    while True:
        directory = make_hidden(parent, name)
        try:
            descriptor = _lock(directory)
        except BlockingIOError:
            continue
        if directory.exists():
            return directory, descriptor
        if descriptor is not None:
            os.close(descriptor)


def _remove_unless_held(directory: Path) -> None:
    try:
        descriptor = _lock(directory)
    except BlockingIOError:
        return
    if descriptor is None:
        return
    try:
        shutil.rmtree(directory, ignore_errors=True)
    finally:
        os.close(descriptor)


def _lock(directory: Path) -> int | None:
    """An open descriptor that holds the lock; None where the directory is gone or takes no lock.

    Raises BlockingIOError where another process has the lock.
    """
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
