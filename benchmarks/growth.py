"""How each command grows with the model, in CPU time: 10 to 10,000 variables, and as many nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.chains import (
    FEATURES,
    NATIVE,
    SCRIPT,
    Commands,
    call_commands,
    inspect_commands,
    save_commands,
)
from benchmarks.fitting import HIGHEST, Costs, fit_growth, tabulate
from benchmarks.making import write_rows
from benchmarks.measure import Cost, median_cost, run_once
from benchmarks.native import compile_native
from benchmarks.sections import Scale, Section, Target, run_alone

_LARGEST = 10_000  # where TensorFlow takes a minute and more, so that fewer runs have to do

# What TensorFlow alone takes to do the same. It is the larger part, and what the memory of a large
# model costs is its own: see the instructions, which the caches have no say in.
_ALONE = {"save": (SCRIPT, NATIVE), "run": (NATIVE,), "check": (NATIVE,)}

_NOTE = """\
CPU seconds; the exponent k is that of the fit a + b · n^k over the sizes n (0: it does not grow).
No command may have more than 1.1, or than TensorFlow alone where that has more: for run and check
the C program, for save the script and the C program together, since save calls what it saved. From
a size on that the processor's caches do not hold, each of TensorFlow's own instructions takes
longer; how their number grows stands under "instructions"."""


def measure_sections(scale: Scale) -> Iterator[Section]:
    """CPU time of each command over models of growing size, and the exponent of its growth."""
    sizes = scale.choose((10, 100, 1_000, 10_000), (8,))
    rows = write_rows(scale.folder / "x.npy", 2, FEATURES)
    native = compile_native(scale.folder)
    models = {size: scale.folder / f"chain_{size}" for size in sizes}
    runs, few = scale.choose((3, 2), (1, 1))
    savers = {size: save_commands(model, size) for size, model in models.items()}
    costs = _compare(savers, runs, few)
    readers = {size: inspect_commands(model) for size, model in models.items()}
    costs |= _compare(readers, *scale.choose((25, 25), (1, 1)))
    users = {size: call_commands(model, rows, native) for size, model in models.items()}
    costs |= _compare(users, runs, few)
    targets = () if scale.quick else tuple(_targets(costs))  # one size has no exponent
    text = f"{_NOTE}\n\n{tabulate(costs)}"
    yield Section("Growth with the number of variables and nodes", text, targets)


def _compare(commands: Mapping[int, Commands], runs: int, few: int) -> dict[str, dict[int, float]]:
    """The median CPU time by name and size; the largest models in ``few`` of the runs alone."""
    costs: dict[tuple[str, int], list[Cost]] = {}
    for turn in range(runs):
        for size, named in commands.items():
            if size != _LARGEST or turn < few:
                for name, command in named.items():
                    costs.setdefault((name, size), []).append(run_once(command))
    found: dict[str, dict[int, float]] = {}
    for (name, size), several in costs.items():
        found.setdefault(name, {})[size] = median_cost(several).cpu
    return found


def _targets(costs: Costs) -> Iterator[Target]:
    for name in ("inspect", "run", "save", "check"):
        exponent = fit_growth(costs[name]).exponent
        yield Target(f"growth of {name}: exponent", exponent, at_most=_bound(name, costs))


def _bound(name: str, costs: Costs) -> float:
    parts = [costs[part] for part in _ALONE.get(name, ()) if part in costs]
    if not parts:
        return HIGHEST
    alone = {size: sum(part[size] for part in parts) for size in parts[0]}
    return max(HIGHEST, fit_growth(alone).exponent)


if __name__ == "__main__":
    run_alone(measure_sections)
