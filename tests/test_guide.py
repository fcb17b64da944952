"""docs/guide.md is true: its files are written, its commands run, their output is compared."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Outcome
from tests.test_readme import commands, folder, run_shell, without_numbers

__all__ = ["folder"]  # the fixture: a folder with commands called tfexport and python

GUIDE = ROOT / "docs" / "guide.md"
SILENT = " > /dev/null"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write_file(text: str, folder: Path) -> None:
    """A block of Python begins with the name of its file, as a comment."""
    name, _, content = text.partition("\n")
    (folder / name.removeprefix("# ")).write_text(content)


def run_command(
    command: str, folder: Path, tfexport: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> Outcome:
    """In this process where it can be: it has imported TensorFlow already."""
    monkeypatch.chdir(folder)
    words, silent = command.removesuffix(SILENT), command.endswith(SILENT)
    first, *rest = shlex.split(words)
    if first == "tfexport" and "|" not in words:
        outcome = tfexport(*rest)
        return Outcome(outcome.code, "" if silent else outcome.stdout, outcome.stderr)
    if first == "python":
        return run_python(rest, folder, monkeypatch)
    done = run_shell(command, folder)
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_python(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """A script, or ``-c`` and its text."""
    monkeypatch.syspath_prepend(str(folder))
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        if words[0] == "-c":
            exec(words[1], {"__name__": "__main__"})
        else:
            runpy.run_path(words[0], run_name="__main__")
    return Outcome(0, written.getvalue(), "")


def test_every_command_prints_what_the_guide_shows(
    folder: Path, tfexport: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = 0
    for language, text in BLOCK.findall(GUIDE.read_text()):
        if language == "python":
            write_file(text, folder)
            continue
        for command, stdout, stderr in commands(text):
            outcome = run_command(command, folder, tfexport, monkeypatch)
            assert without_numbers(outcome.stdout) == without_numbers(stdout), command
            assert without_numbers(outcome.stderr) == without_numbers(stderr), command
            assert bool(outcome.code) == stderr.startswith("Error: "), command
            ran += 1
    assert ran >= 15
