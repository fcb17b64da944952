"""SavedModels that the tests share: each is saved by the tool itself, once a session."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.goldens import BY_NAME
from tests.savedmodel.zoo import ZOO
from tfexport.cli.main import run_command_line
from tfexport.runtime.quiet import silence_logging

silence_logging()  # before any test file imports a module of models/, and TensorFlow with it

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command ended with."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def tfexport(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run one command line in this process, and give what it wrote."""

    def run(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = run_command_line([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the directory of a module of models/, by its name in tests/goldens.py.

    Saved when it is first asked for; the workers of pytest-xdist share it.
    """
    shared = shared_directory(tmp_path_factory)

    def save(name: str) -> Path:
        directory = shared / name
        with shared_lock(shared / f"{name}.lock"):
            if not directory.exists():
                _save(BY_NAME[name].options, directory)
        return directory

    return save


@pytest.fixture(scope="session")
def zoo_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the directory of a model of tests/savedmodel/zoo.py, saved when first asked for."""
    shared = shared_directory(tmp_path_factory)

    def save(name: str) -> Path:
        directory = shared / "zoo" / name
        directory.parent.mkdir(exist_ok=True)
        with shared_lock(shared / f"zoo-{name}.lock"):
            if not directory.exists():
                ZOO[name](directory)
        return directory

    return save


@pytest.fixture(autouse=True)
def _imports_of_the_test_only() -> Iterator[None]:
    """Forget the modules and directories that a test has made importable."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if "pytest-of-" in file:
            del sys.modules[name]


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No width and no colours but those that a test sets: pytest-xdist passes its own width on."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def shared_directory(factory: pytest.TempPathFactory) -> Path:
    """A directory for models that the workers of pytest-xdist share."""
    base = factory.getbasetemp()
    if base.name.startswith("popen-"):  # a worker of pytest-xdist: its parent is the session's
        base = base.parent
    directory = base / "saved"
    directory.mkdir(exist_ok=True)
    return directory


@contextlib.contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """Let one worker at a time build what is shared."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _save(options: list[str], directory: Path) -> None:
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        code = run_command_line(["save", *options, "-o", str(directory), "--quiet"])
    finally:
        os.chdir(before)
    assert code == 0, f"tfexport save {' '.join(options)} ended with {code}"
