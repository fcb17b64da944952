"""Exchanges two directories in one step, where the system can."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_HERE = -100  # AT_FDCWD of fcntl.h: paths are relative to the current directory
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h, and RENAME_SWAP of macOS's sys/stdio.h


def exchange(one: Path, other: Path) -> bool:
    """Swap two directories atomically; False where the system or the file system cannot.

    ``renameat2`` of Linux 3.15 and ``renamex_np`` of macOS 10.12.
    """
    function = getattr(ctypes.CDLL(None, use_errno=True), _NAMES.get(sys.platform, ""), None)
    if function is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if sys.platform == "linux":
        return int(function(_HERE, paths[0], _HERE, paths[1], _EXCHANGE)) == 0
    return int(function(paths[0], paths[1], _EXCHANGE)) == 0


_NAMES = {"linux": "renameat2", "darwin": "renamex_np"}
