"""The README is true: its commands are run, and their output is compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(block: str) -> Iterator[tuple[str, str, str]]:
    """Each command of a block with the stdout and the stderr (``! ``) that it shows."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        stdout = [line for line in lines if not line.startswith("! ")]
        stderr = [line[2:] for line in lines if line.startswith("! ")]
        yield command, "\n".join(stdout), "\n".join(stderr)


def without_numbers(text: str) -> str:
    """Weights are random and versions change; names, dtypes, words and layout do not."""
    lines = (" ".join(NUMBER.sub("#", line).split()) for line in text.strip().splitlines())
    return "\n".join(line.replace("[ ", "[").replace(" ]", "]") for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is not the repository, with the example models in it."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "models").symlink_to(ROOT / "models")
    binaries = folder / "bin"
    binaries.mkdir()
    for name, words in (("tfexport", f"{sys.executable} -m tfexport"), ("python", sys.executable)):
        (binaries / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (binaries / name).chmod(0o755)
    return folder


def run_shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
        env={**inherited, "PATH": path, "PYTHONPATH": str(ROOT)},
    )


def test_every_command_prints_what_the_readme_shows(folder: Path) -> None:
    found = [command for block in blocks("console") for command in commands(block)]
    assert len(found) >= 8
    for command, stdout, stderr in found:
        run = run_shell(command, folder)
        assert without_numbers(run.stdout) == without_numbers(stdout), command
        assert without_numbers(run.stderr) == without_numbers(stderr), command
        assert bool(run.returncode) == stderr.startswith("Error: "), command


def test_the_report_of_bench_is_laid_out_as_shown(folder: Path) -> None:
    shown = next(block for block in blocks("text") if block.startswith("$ tfexport bench"))
    command, _, report = shown.removeprefix("$ ").partition("\n")
    run = run_shell(f"test -d custom_dense || {SAVE}; {command}", folder)
    assert run.returncode == 0, run.stderr
    assert layout(run.stdout) == layout(report)


SAVE = "tfexport save models.custom_dense:CustomDense --spec None,5 --quiet > /dev/null"


def layout(report: str) -> list[str]:
    """Times, bars and the machine are others each time, and a busy one is warned of."""
    title, _, *lines = report.partition("\n\nWarnings")[0].splitlines()
    bare = re.sub(r"[▁-█▉-▏ ]+", " ", without_numbers("\n".join([title, *lines])))
    return re.sub(r"# (?:µs|ms|s)\b", "#", bare).split("\n")


# The README's rows, and the targets of benchmarks/RESULTS.md that they are taken from.
RATIOS = {
    "look at a model": "inspect, small: CPU of saved_model_cli against ours",
    "run it once": "run, cold: CPU of saved_model_cli run against ours",
    "run it once, in C": "run, cold: CPU against the C program",
    "stream a million rows": "streaming, MLP 64-256-128-10, batches of 256: "
    "rows/s against the tf.saved_model.load loop",
    "stream a million rows, in C": "streaming, MLP 64-256-128-10, batches of 256: "
    "rows/s against the C program",
    "save a module, verified": "save: CPU against the bare script",
}


def test_the_ratios_are_those_that_were_measured() -> None:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    measured = dict(re.findall(r"^\| (.*?) \| [≤≥] \S+ \| (\S+) \|", results, re.MULTILINE))
    rows = re.findall(r"^\| (.*?) \| .*? \| \*\*([\d.]+)\*\* .*?\|$", README, re.MULTILINE)
    assert dict(rows) == {what: f"{float(measured[RATIOS[what]]):.1f}" for what in RATIOS}


def test_the_python_example_prints_what_its_comments_say(folder: Path) -> None:
    for block in blocks("python"):
        run = run_shell(f"python -c '{block}'", folder)
        assert run.returncode == 0, run.stderr
        assert run.stdout.splitlines() == re.findall(r"print\(.*# (.*)$", block, re.MULTILINE)


def test_make_has_the_targets_that_the_readme_names() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= set(targets)
