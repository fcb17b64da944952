"""What ``check`` and ``diff`` cost: against ``inspect`` and ``run``, and against reading files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.making import (
    compile_package,
    from_disk,
    from_memory,
    make_large,
    read_all,
    save,
    tfexport,
    write_rows,
)
from benchmarks.measure import Contender, compare, format_costs
from benchmarks.sections import Scale, Section, Target, run_alone

_ROWS, _FEATURES = 2, 5
_INSPECT, _RUN, _WHOLE = "tfexport inspect", "tfexport run", "tfexport check"
_QUICK = "tfexport check --only whole,safe --quick"
_SUMS, _NO_SUMS = "tfexport check --only whole", "tfexport check --only whole --quick"
_DIFF, _READ, _READ_BOTH = "tfexport diff", "read the file", "read both files"
_MEGABYTE = 1_000_000

Words = Sequence[str | Path]


def measure_sections(scale: Scale) -> Iterator[Section]:
    """A small model for the start, checkpoints of a gigabyte for the speed."""
    compile_package()  # as installing it does
    yield _measure_small(scale)
    size = scale.choose(1 << 30, 1 << 22)
    models = [make_large(scale.folder / n, "variable", size) for n in ("first", "second")]
    yield _measure_sums(models[0], scale)
    yield _measure_diff(models, scale)


def _measure_small(scale: Scale) -> Section:
    model = save("models.custom_dense:CustomDense", scale.folder / "small", "--spec", "None,5")
    rows = write_rows(scale.folder / "x.npy", _ROWS, _FEATURES)
    contenders = [
        Contender(_INSPECT, tfexport("inspect", model)),
        Contender(_QUICK, tfexport("check", model, "--only", "whole,safe", "--quick")),
        Contender(_RUN, tfexport("run", model, "--input", rows)),
        Contender(_WHOLE, tfexport("check", model)),
    ]
    costs = compare(contenders, scale.choose(15, 1), warm_up=scale.choose(1, 0))
    quick, whole = costs[_QUICK].cpu / costs[_INSPECT].cpu, costs[_WHOLE].cpu / costs[_RUN].cpu
    targets = (
        Target("check --only whole,safe --quick: CPU against inspect", quick, at_most=2),
        Target("check, all of it: CPU against a cold run", whole, at_most=1.3),
        Target("check, all of it: wall seconds", costs[_WHOLE].wall, at_most=1),
    )
    text = format_costs("A dense layer with its samples", costs, _INSPECT)
    return Section("check: a small model", text, targets)


def _measure_sums(model: Path, scale: Scale) -> Section:
    only = tfexport("check", model, "--only", "whole")
    contenders = [
        Contender(_READ, read_all(_data_of(model))),
        Contender(_SUMS, only),
        Contender(_NO_SUMS, [*only, "--quick"]),
    ]
    costs = compare(contenders, scale.choose(5, 1), warm_up=scale.choose(1, 0))
    size = _data_of(model).stat().st_size
    speed = size / 1e9 / max(costs[_SUMS].wall - costs[_NO_SUMS].wall, 1e-3)
    targets = (
        Target("check: GB/s of checksums", speed, at_least=1),
        Target("check: MB at its peak", costs[_SUMS].peak / _MEGABYTE, at_most=200),
    )
    text = format_costs(f"{size / 1e9:.2f} GB of variables", costs, _READ)
    return Section("check: the checksums of a large model", text, targets)


def _measure_diff(models: Sequence[Path], scale: Scale) -> Section:
    files = [_data_of(model) for model in models]
    size = files[0].stat().st_size
    read, diff = read_all(*files), _different(tfexport("diff", *models))
    texts, targets = [], []
    for state, start in (("from the disk", from_disk), ("from memory", from_memory)):
        contenders = [
            Contender(_READ_BOTH, start(read, *files)),
            Contender(_DIFF, start(diff, *files)),
        ]
        costs = compare(contenders, scale.choose(5, 1), warm_up=scale.choose(1, 0))
        texts.append(format_costs(f"2 x {size / 1e9:.2f} GB {state}", costs, _READ_BOTH))
        speed = costs[_READ_BOTH].wall / costs[_DIFF].wall
        targets.append(Target(f"diff: speed against reading both {state}", speed, at_least=0.5))
        peak = costs[_DIFF].peak / _MEGABYTE
    targets.append(Target("diff: MB at its peak", peak, at_most=200))
    return Section("diff: two large checkpoints", "\n".join(texts), tuple(targets))


# Ends with 0 where the command ended with 1, which is what diff does where models differ.
_EXPECT_ONE = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode != 1)"


def _different(words: Words) -> Words:
    return [sys.executable, "-c", _EXPECT_ONE, *words]


def _data_of(model: Path) -> Path:
    return model / "variables" / "variables.data-00000-of-00001"


if __name__ == "__main__":
    run_alone(measure_sections)
