"""Ends a child process with its parent, so that none is left behind."""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int, signal_number: int) -> None:
    """Have the system send this process a signal when ``parent`` is gone; end if it is already.

    Only Linux can; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
