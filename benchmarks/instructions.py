"""How each command grows with the model, in instructions: what no cache and no neighbour changes.

Counted by valgrind's cachegrind, under which a program takes 50 times as long: the models are
smaller than those of growth.py, and each command runs once, since the count is the same each time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.chains import (
    FEATURES,
    SCRIPT,
    Commands,
    call_commands,
    inspect_commands,
    save_commands,
)
from benchmarks.fitting import HIGHEST, fit_growth, tabulate
from benchmarks.making import write_rows
from benchmarks.measure import run_once
from benchmarks.native import compile_native
from benchmarks.sections import Scale, Section, Target, run_alone

_TITLE = "Growth with the number of variables and nodes: instructions"
_SKIPPED = "Skipped: the instructions, since there is no valgrind here."
_NOTE = """\
Billions of instructions that valgrind counts, in all processes of a command, and the exponent of
their growth."""


def measure_sections(scale: Scale) -> Iterator[Section]:
    """The instructions of each command over models of growing size."""
    if shutil.which("valgrind") is None:
        yield Section(_TITLE, _SKIPPED)
        return
    counts: dict[str, dict[int, float]] = {}
    for size in scale.choose((10, 100, 1_000), (8,)):
        for name, command in _make_commands(scale, size):
            counts.setdefault(name, {})[size] = count_instructions(command, scale.folder) / 1e9
    yield Section(_TITLE, f"{_NOTE}\n\n{tabulate(counts)}", tuple(_targets(counts, scale)))


def _make_commands(scale: Scale, size: int) -> Iterator[tuple[str, Sequence[str | Path]]]:
    model = scale.folder / f"chain_{size}"
    savers = save_commands(model, size)
    run_once(savers["save"])
    commands: Commands = inspect_commands(model)
    if not scale.quick:  # what calls TensorFlow takes half a minute there, and what imports it one
        rows = write_rows(scale.folder / "x.npy", 2, FEATURES)
        commands = {
            **{name: command for name, command in savers.items() if name != SCRIPT},
            **commands,
            **call_commands(model, rows, compile_native(scale.folder)),
        }
    yield from commands.items()


def count_instructions(command: Sequence[str | Path], folder: Path) -> int:
    """How many instructions a command and the processes that it forks take.

    Raises RuntimeError with its stderr if it fails.
    """
    counted = folder / "cachegrind"
    counted.mkdir()
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
    run_once([*tool, f"--cachegrind-out-file={counted}/%p", *command])
    total = sum(_read_total(file) for file in counted.iterdir())
    shutil.rmtree(counted)
    return total


def _read_total(file: Path) -> int:
    """The line "summary: N" at the end of what cachegrind writes for each process."""
    return int(file.read_text().rpartition("summary:")[2])


def _targets(counts: dict[str, dict[int, float]], scale: Scale) -> Iterator[Target]:
    for name in ("inspect", "run", "save", "check"):
        if not scale.quick:
            exponent = fit_growth(counts[name]).exponent
            yield Target(f"growth of {name}: exponent, instructions", exponent, at_most=HIGHEST)


if __name__ == "__main__":
    run_alone(measure_sections)
