"""What a cold start costs: run a small model once, from the shell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.making import save, tfexport, write_rows
from benchmarks.measure import Contender, Cost, compare, format_costs, tool
from benchmarks.native import NO_COMPILER, compile_native, read_ends
from benchmarks.sections import Scale, Section, Target, run_alone

_ROWS, _FEATURES = 2, 64
_NATIVE, _TFEXPORT = "C program", "tfexport run"
_CLI, _SCRIPT = "saved_model_cli run", "script with tf.saved_model.load"

_LOAD = """
import sys
import numpy as np
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
print(model.signatures["serving_default"](tf.constant(np.load(sys.argv[2]))))
"""


def measure_sections(scale: Scale) -> Iterator[Section]:
    """A small model, called once by each contender."""
    model = save("models.mlp:MLP", scale.folder / "mlp", "--spec", f"features=None,{_FEATURES}")
    rows = write_rows(scale.folder / "x.npy", _ROWS, _FEATURES)
    native = compile_native(scale.folder)
    costs = compare(
        list(_contenders(model, rows, native)),
        runs=scale.choose(9, 1),
        warm_up=scale.choose(1, 0),
    )
    text = format_costs(f"{_ROWS} x {_FEATURES} float32 through an MLP", costs, _TFEXPORT)
    note = "" if native else f"\n{NO_COMPILER}\n"
    yield Section("run: cold start", text + note, tuple(_targets(costs)))


def _contenders(model: Path, rows: Path, native: Path | None) -> Iterator[Contender]:
    yield Contender(_TFEXPORT, tfexport("run", model, "--input", rows))
    yield Contender(_CLI, _cli_command(model, rows))
    yield Contender(_SCRIPT, [sys.executable, "-c", _LOAD, model, rows])
    if native is not None:
        ends = read_ends(model)
        words = [ends.input, ends.output, str(_FEATURES), str(_ROWS), "1"]
        yield Contender(_NATIVE, [native, model, *words])


def _cli_command(model: Path, rows: Path) -> list[str | Path]:
    chosen = ["--tag_set", "serve", "--signature_def", "serving_default"]
    return [tool("saved_model_cli"), "run", "--dir", model, *chosen, "--inputs", f"features={rows}"]


def _targets(costs: dict[str, Cost]) -> Iterator[Target]:
    ours = costs[_TFEXPORT].cpu
    if _NATIVE in costs:
        what = "run, cold: CPU against the C program"
        yield Target(what, ours / costs[_NATIVE].cpu, at_most=2)
    what = "run, cold: CPU of saved_model_cli run against ours"
    yield Target(what, costs[_CLI].cpu / ours, at_least=5)


if __name__ == "__main__":
    run_alone(measure_sections)
