"""The op libraries of an installed package, found without importing it."""

from __future__ import annotations

import importlib.util
import mmap
from pathlib import Path

from tfexport.errors import UsageError

_SUFFIXES = (".so", ".dylib", ".dll")


def find_op_libraries(module: str) -> tuple[Path, ...]:
    """The shared libraries of ``module`` that are no Python extension modules.

    Raises UsageError where the package is not installed or has none.
    """
    top = module.partition(".")[0]
    spec = importlib.util.find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"--import {module}: no package '{top}' is installed here.")
    folders = map(Path, spec.submodule_search_locations)
    found = [path for folder in folders for path in sorted(folder.rglob("*")) if _has_ops(path)]
    if not found:
        raise UsageError(f"--import {module}: the package '{top}' has no op library.")
    return tuple(found)


def _has_ops(path: Path) -> bool:
    if path.suffix not in _SUFFIXES or not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"PyInit_") < 0
