"""Holds back what TensorFlow's native code writes to stderr while it starts.

Static initialisers of the library log before any setting is read, so the only place to stop them
is file descriptor 2 itself.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def silence_logging() -> None:
    """Ask TensorFlow's logger for errors only, unless the user has asked for something else.

    Must run before the library is opened: ``TF_CPP_MIN_LOG_LEVEL`` is read once.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def held_stderr(show: bool = False) -> Iterator[None]:
    """Hold back file descriptor 2; what was written comes out when the block raises.

    ``show`` (``--debug``) holds nothing back.
    """
    if show or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        original = os.dup(2)
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
            if failed:
                _replay(held.fileno())


def _replay(held: int) -> None:
    os.lseek(held, 0, os.SEEK_SET)
    while block := os.read(held, 65536):
        os.write(2, block)
