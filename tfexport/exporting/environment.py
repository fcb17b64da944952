"""Where an export comes from: versions, git, the module's file, the time."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import tfexport
from tfexport.errors import UsageError

# While an export is running, the directory that it writes in may lie in the tree itself.
_NO_STAGES = ":(exclude,top,glob)**/.*.tfexport-*-*/**"


def read_versions() -> dict[str, str]:
    """The versions of what had a part in the export, by name."""
    versions = {"python": platform.python_version(), "tfexport": tfexport.__version__}
    for name in ("tensorflow", "keras", "numpy"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            versions[name] = version
    return versions


def read_git(file: Path | None) -> dict[str, Any] | None:
    """The commit that a file's working tree is at, and whether anything in the tree differs.

    None where the file is in no git repository, or there is no git.
    """
    if file is None:
        return None
    commit = _git(file.parent, "rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git(file.parent, "status", "--porcelain", "--", ":/", _NO_STAGES)
    return {"commit": commit.strip(), "dirty": bool(changes) if changes is not None else None}


def hash_file(file: Path | None) -> dict[str, str] | None:
    """The name of the module's file and its SHA-256, or None where it has none."""
    if file is None:
        return None
    try:
        content = file.read_bytes()
    except OSError:
        return None
    return {"file": file.name, "sha256": hashlib.sha256(content).hexdigest()}


def read_time() -> str:
    """Now in UTC, ``2026-01-31T12:00:00Z``, or the moment of ``SOURCE_DATE_EPOCH``.

    https://reproducible-builds.org/specs/source-date-epoch. Raises UsageError where that is no
    number of seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.datetime.now(datetime.timezone.utc)
    if epoch:
        try:
            moment = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
        except (ValueError, OverflowError, OSError):
            raise UsageError(
                f"SOURCE_DATE_EPOCH is '{epoch}': expected seconds since 1970."
            ) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
