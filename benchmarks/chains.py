"""What is done with the models of growing size: chains of as many variables and nodes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.making import tfexport
from benchmarks.native import read_ends

_TARGET = "benchmarks.modules:Chain"
FEATURES = 4

SCRIPT = "bare script that saves"
NATIVE = "C program that runs"

Commands = Mapping[str, Sequence[str | Path]]

_BARE = """
import sys
import tensorflow as tf
from benchmarks.modules import Chain
tf.saved_model.save(Chain(int(sys.argv[1])), sys.argv[2])
"""


def save_commands(model: Path, size: int) -> Commands:
    """Save a chain as ``model``; and as the shortest script does, which verifies nothing."""
    script: list[str | Path] = [sys.executable, "-c", _BARE, str(size), f"{model}_bare"]
    words: list[str | Path] = ["--arg", str(size), "--quiet", "--force", "-o", model]
    return {"save": tfexport("save", _TARGET, *words), SCRIPT: script}


def inspect_commands(model: Path) -> Commands:
    """Look at a chain."""
    return {"inspect": tfexport("inspect", model)}


def call_commands(model: Path, rows: Path, native: Path | None) -> Commands:
    """Call a chain with two rows; and as the C program does, where there is a compiler."""
    commands = {
        "run": tfexport("run", model, "--input", rows),
        "check": tfexport("check", model),
    }
    if native is not None:
        ends = read_ends(model)
        numbers = [str(FEATURES), "2", "1"]
        commands[NATIVE] = [native, model, ends.input, ends.output, *numbers]
    return commands
