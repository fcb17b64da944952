"""The walls of the house: what may be imported where, and what a command loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tfexport"
FILES = sorted(PACKAGE.rglob("*.py"))

# A module may be imported only below these places; messages of protobuf are no TensorFlow Python.
HOMES = {
    "click": ("cli/",),
    "rich": ("render/",),
    "tensorflow": ("exporting/", "runtime/python_engine.py"),
    "keras": ("exporting/",),
    "pyarrow": ("data/",),
    "PIL": ("data/",),
    "matplotlib": ("render/",),
}


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_is_imported_only_in_its_home(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    astray = [
        module
        for module in imported_modules(path)
        if not place.startswith(HOMES.get(module.partition(".")[0], (place,)))
        and not module.startswith("tensorflow.core.")
    ]
    assert astray == []


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(run.stdout.splitlines())


def test_help_loads_neither_numpy_nor_rich_nor_protobuf() -> None:
    loaded = modules_after(
        "from tfexport.cli.main import run_command_line\nrun_command_line(['--help'])"
    )
    assert not loaded & {"numpy", "rich", "google.protobuf", "tensorflow", "asyncio"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not modules_after("import tfexport") & {"numpy", "rich", "click", "tensorflow"}
