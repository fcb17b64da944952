"""How each command grows with the model: 10 to 10,000 variables, and as many nodes."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.making import tfexport, write_rows
from benchmarks.measure import Cost, median_cost, run_once
from benchmarks.native import compile_native, read_ends
from benchmarks.sections import Scale, Section, Target, run_alone

_TARGET = "benchmarks.modules:Chain"
_HIGHEST = 1.1
_LARGEST = 10_000  # where TensorFlow takes minutes, so that one run has to do
_FLAT = 1.15  # less growth than this from the smallest model to the largest is none

Commands = Mapping[str, Sequence[str | Path]]


@dataclass(frozen=True)
class Fit:
    """Seconds as ``constant + factor * size ** exponent``."""

    constant: float
    factor: float
    exponent: float


def measure_sections(scale: Scale) -> Iterator[Section]:
    """CPU time of each command over models of growing size, and the exponent of its growth."""
    sizes = scale.choose((10, 100, 1_000, 10_000), (8,))
    rows = write_rows(scale.folder / "x.npy", 2, 4)
    native = compile_native(scale.folder)
    models = {size: scale.folder / f"chain_{size}" for size in sizes}
    savers = {size: _savers(models[size], size) for size in sizes}
    costs = _compare(savers, scale.choose(3, 1), once=_LARGEST)
    readers = {size: {"inspect": tfexport("inspect", models[size])} for size in sizes}
    costs |= _compare(readers, scale.choose(25, 1))
    users = {size: _users(models[size], rows, native) for size in sizes}
    costs |= _compare(users, scale.choose(3, 1), once=_LARGEST)
    names = list(dict.fromkeys(name for name, _ in costs))
    fits = {name: fit_growth({s: costs[name, s].cpu for s in sizes}) for name in names}
    yield Section(
        "Growth with the number of variables and nodes",
        _format(costs, names, sizes, fits),
        tuple(_targets(fits, scale)),
    )


def _compare(
    commands: Mapping[int, Commands], runs: int, once: int | None = None
) -> dict[tuple[str, int], Cost]:
    """The median costs, by name and size; of size ``once`` in the middle of the runs alone."""
    costs: dict[tuple[str, int], list[Cost]] = {}
    for turn in range(runs):
        for size, named in commands.items():
            if size != once or turn == runs // 2:
                for name, command in named.items():
                    costs.setdefault((name, size), []).append(run_once(command))
    return {key: median_cost(found) for key, found in costs.items()}


def _savers(model: Path, size: int) -> Commands:
    script: list[str | Path] = [sys.executable, "-c", _BARE, str(size), f"{model}_bare"]
    words: list[str | Path] = ["--arg", str(size), "--quiet", "--force", "-o", model]
    return {"save": tfexport("save", _TARGET, *words), "bare script that saves": script}


def _users(model: Path, rows: Path, native: Path | None) -> Commands:
    commands = {
        "run": tfexport("run", model, "--input", rows),
        "check": tfexport("check", model),
    }
    if native is not None:
        ends = read_ends(model)
        commands["C program that runs"] = [native, model, ends.input, ends.output, "4", "2", "1"]
    return commands


_BARE = """
import sys
import tensorflow as tf
from benchmarks.modules import Chain
tf.saved_model.save(Chain(int(sys.argv[1])), sys.argv[2])
"""


def fit_growth(seconds: Mapping[int, float]) -> Fit:
    """The constant, factor and exponent that fit ``seconds`` by size best.

    Least squares of the relative errors: for each exponent the other two follow (they are
    linear). An exponent of 0 where nothing grows.
    """
    sizes = sorted(seconds)
    if seconds[sizes[-1]] < _FLAT * seconds[sizes[0]]:
        return Fit(seconds[sizes[0]], 0.0, 0.0)
    fits = [_fit_linear(seconds, step / 100) for step in range(20, 251)]
    return min(fits, key=lambda fit: _error(seconds, fit))


def _fit_linear(seconds: Mapping[int, float], exponent: float) -> Fit:
    points = [(float(n) ** exponent, value, value**-2.0) for n, value in seconds.items()]
    total = sum(weight for _, _, weight in points)
    x = sum(weight * point for point, _, weight in points) / total
    y = sum(weight * value for _, value, weight in points) / total
    over = sum(weight * (point - x) * (value - y) for point, value, weight in points)
    under = sum(weight * (point - x) ** 2 for point, _, weight in points)
    factor = over / under
    return Fit(y - factor * x, factor, exponent)


def _error(seconds: Mapping[int, float], fit: Fit) -> float:
    if fit.constant < 0 or fit.factor < 0:  # no command takes less than no time
        return math.inf
    return math.fsum(
        (fit.constant + fit.factor * float(size) ** fit.exponent - value) ** 2 / value**2
        for size, value in seconds.items()
    )


def _format(
    costs: Mapping[tuple[str, int], Cost],
    names: Sequence[str],
    sizes: Sequence[int],
    fits: Mapping[str, Fit],
) -> str:
    lines = [
        "CPU seconds; the exponent k is that of the fit a + b · n^k over the sizes n "
        "(0: it does not grow).",
        "",
        f"| command | {' | '.join(f'{size:,}' for size in sizes)} | k |",
        f"|---|{'---:|' * (len(sizes) + 1)}",
    ]
    for name in names:
        cells = " | ".join(f"{costs[name, size].cpu:.2f}" for size in sizes)
        lines.append(f"| {name} | {cells} | {fits[name].exponent:.2f} |")
    return "\n".join(lines)


def _targets(fits: Mapping[str, Fit], scale: Scale) -> Iterator[Target]:
    for name in ("inspect", "run", "save", "check"):
        if name in fits and not scale.quick:  # sizes that differ by nothing have no exponent
            yield Target(f"growth of {name}: exponent", fits[name].exponent, at_most=_HIGHEST)


if __name__ == "__main__":
    run_alone(measure_sections)
