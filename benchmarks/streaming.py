"""Many rows through a model in batches: rows a second, and the memory that it takes."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.making import save, tfexport, write_rows
from benchmarks.measure import Contender, Cost, compare, interleave, median_cost
from benchmarks.native import NO_COMPILER, Ends, compile_native, read_ends
from benchmarks.sections import Scale, Section, Target, run_alone

Words = Sequence[str | Path]

_FEATURES = 64

_MODELS = {"MLP 64-256-128-10": "[256,128,10]", "MLP 64-16-8-2": "[16,8,2]"}

# The model, rows a batch, rows in all: where they go through fast, a million of them drown in the
# noise of the start.
_JOBS = (
    ("MLP 64-256-128-10", 256, 1_000_000),
    ("MLP 64-256-128-10", 4096, 2_000_000),
    ("MLP 64-16-8-2", 256, 4_000_000),
    ("MLP 64-16-8-2", 4096, 4_000_000),
)
_QUICK_JOBS = (("MLP 64-16-8-2", 256, 4_000),)
_NATIVE, _TFEXPORT, _SCRIPT = "C program", "tfexport run", "tf.saved_model.load loop"

# The loop as one would write it: mapped rows, a call a batch, the outputs in one array.
_LOOP = """
import sys
import numpy as np
import tensorflow as tf
directory, rows, batch, output = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
model = tf.saved_model.load(directory)
call = model.signatures["serving_default"]
x = np.load(rows, mmap_mode="r")
found = []
for start in range(0, len(x), batch):
    found.append(call(tf.constant(x[start : start + batch]))["output_0"].numpy())
np.save(output, np.concatenate(found))
"""


@dataclass(frozen=True)
class Job:
    """A model, and the batch size that its rows go through with."""

    model: Path
    ends: Ends
    native: Path | None
    rows: int
    batch: int
    folder: Path

    def contenders(self, rows: Path, label: str = "") -> Iterator[Contender]:
        """Everybody over the same rows, to an output of the same values."""
        output, batch = self.folder / "out.npy", str(self.batch)
        yield Contender(_TFEXPORT + label, run_command(self.model, rows, self.batch, output))
        if self.native is not None:
            ends = [self.ends.input, self.ends.output]
            numbers = [str(_FEATURES), batch, str(1 << 40)]
            words: Words = [self.native, self.model, *ends, *numbers, rows, output]
            yield Contender(_NATIVE + label, words)
        script: Words = [sys.executable, "-c", _LOOP, self.model, rows, batch, output]
        yield Contender(_SCRIPT + label, script)


def run_command(model: Path, rows: Path, batch: int, output: Path) -> Words:
    """The command that streams ``rows`` through ``model`` to ``output``."""
    size = ["--batch-size", str(batch)]
    return tfexport("run", model, "--input", rows, *size, "-o", output, "--force", "--quiet")


def measure_sections(scale: Scale) -> Iterator[Section]:
    """Throughput for a light and a heavier model, then memory."""
    native = compile_native(scale.folder)
    models = {name: _save_mlp(scale.folder / name, widths) for name, widths in _MODELS.items()}
    for name, batch, rows in scale.choose(_JOBS, _QUICK_JOBS):
        many = write_rows(scale.folder / "many.npy", rows, _FEATURES)
        job = Job(models[name], read_ends(models[name]), native, rows, batch, scale.folder)
        yield _measure_throughput(job, name, many, scale)
    model = models["MLP 64-16-8-2"]
    yield _measure_memory(model, scale)


def _save_mlp(directory: Path, widths: str) -> Path:
    spec = ("--spec", f"features=None,{_FEATURES}", "--arg", f"widths={widths}")
    return save("models.mlp:MLP", directory, *spec)


def _measure_throughput(job: Job, name: str, many: Path, scale: Scale) -> Section:
    one = write_rows(scale.folder / "one.npy", job.batch, _FEATURES)
    contenders = list(job.contenders(many))
    starts = [] if scale.quick else list(job.contenders(one, _ONE))
    costs = interleave([*starts, *contenders], runs=scale.choose(5, 1), warm_up=0)
    first = {
        contender.name: median_cost(costs.get(contender.name + _ONE, [_NOTHING]))
        for contender in contenders
    }
    rates = {
        name: _rates(costs[name], start, job.rows - job.batch) for name, start in first.items()
    }
    label = f"{name}, batches of {job.batch}"
    note = "" if job.native else f"\n\n{NO_COMPILER}"
    return Section(
        f"run, streaming: {job.rows:,} x {_FEATURES} float32, {label}",
        _format_rates(costs, first, rates) + note,
        tuple(_targets(rates, label)),
    )


_ONE = ", one batch"
_NOTHING = Cost(0, 0, 0)


def _rates(costs: Sequence[Cost], first: Cost, rows: int) -> list[float]:
    """Rows a second once a contender has started: what one batch takes is its start."""
    return [rows / max(cost.wall - first.wall, 1e-6) for cost in costs]


def _format_rates(
    costs: Mapping[str, Sequence[Cost]],
    first: Mapping[str, Cost],
    rates: Mapping[str, Sequence[float]],
) -> str:
    lines = [
        "The rate is that of the rows after the first batch; the wall time is that of everything. "
        "The targets are medians of the ratios of runs that followed each other.",
        "",
        "| command | rows/s | wall s | CPU s | peak MB | peak MB, one batch |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, one in first.items():
        cost = median_cost(costs[name])
        lines.append(
            f"| {name} | {statistics.median(rates[name]):,.0f} | {cost.wall:.2f} | {cost.cpu:.2f} "
            f"| {cost.peak / 1e6:.0f} | {one.peak / 1e6:.0f} |"
        )
    return "\n".join(lines)


def _targets(rates: Mapping[str, Sequence[float]], name: str) -> Iterator[Target]:
    what = f"streaming, {name}: rows/s against the tf.saved_model.load loop"
    yield Target(what, _ratio(rates, _SCRIPT), at_least=1)
    if _NATIVE in rates:
        what = f"streaming, {name}: rows/s against the C program"
        yield Target(what, _ratio(rates, _NATIVE), at_least=0.9)


def _ratio(rates: Mapping[str, Sequence[float]], other: str) -> float:
    pairs = zip(rates[_TFEXPORT], rates[other], strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


def _measure_memory(model: Path, scale: Scale) -> Section:
    batch, counts = scale.choose(10_000, 100), (1, 10, 100)
    peaks = compare(
        [_memory_contender(model, batch, count, scale) for count in counts],
        runs=scale.choose(3, 1),
        warm_up=0,
    )
    table = ["| batches | rows | peak MB |", "|---:|---:|---:|"]
    table += [
        f"| {count} | {count * batch:,} | {peaks[str(count)].peak / 1e6:.0f} |" for count in counts
    ]
    growth = peaks[str(counts[-1])].peak / peaks[str(counts[1])].peak
    return Section(
        f"run, streaming: memory, batches of {batch:,} rows",
        "\n".join(table),
        (Target("streaming: peak memory of 100 batches against 10", growth, at_most=1.1),),
    )


def _memory_contender(model: Path, batch: int, count: int, scale: Scale) -> Contender:
    rows = write_rows(scale.folder / f"rows_{count}.npy", batch * count, _FEATURES)
    return Contender(str(count), run_command(model, rows, batch, scale.folder / "out.npy"))


if __name__ == "__main__":
    run_alone(measure_sections)
