"""The command line in processes of its own, and what the system tells of them (Linux's /proc)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.conftest import ROOT


def run_process(*words: object, **options: Any) -> subprocess.Popen[str]:
    """Start ``tfexport`` with these words, both of its streams in pipes."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-m", "tfexport", *map(str, words)],
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **{**streams, **options},
    )


def children_of(process: int) -> list[int]:
    """The processes that it started and that are still there."""
    return [
        int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def cpu_seconds(process: int) -> float:
    """What it has used so far."""
    fields = _stat(process)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ends(process: int, seconds: float = 20) -> bool:
    """Whether a process that need not be a child of this one ends in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if _stat(process)[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def _stat(process: int) -> list[str]:
    """Its fields after the name, proc(5): the state comes first."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
