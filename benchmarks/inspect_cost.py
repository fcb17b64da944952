"""What looking at a model costs: against a bare parse, saved_model_cli, and reading the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.making import (
    compile_package,
    from_disk,
    from_memory,
    make_large,
    read_all,
    save,
    tfexport,
)
from benchmarks.measure import Contender, Cost, compare, format_costs, tool
from benchmarks.sections import Scale, Section, Target, run_alone

_INSPECT, _FLOOR, _CLI = "tfexport inspect", "bare parse", "saved_model_cli show --all"
_VALUES, _READ = "tfexport inspect --values", "read the file"
_MEGABYTE = 1_000_000

# The least that a script can do: import the messages without TensorFlow, and parse the file.
_PARSE = """
import importlib.util
import sys
import types
package = types.ModuleType("tensorflow")
package.__path__ = importlib.util.find_spec("tensorflow").submodule_search_locations
sys.modules["tensorflow"] = package
from tensorflow.core.protobuf import saved_model_pb2
with open(sys.argv[1], "rb") as file:
    saved_model = saved_model_pb2.SavedModel.FromString(file.read())
"""


def measure_sections(scale: Scale) -> Iterator[Section]:
    """A small model, two large ones, and the values of a large variable."""
    compile_package()  # as installing it does
    yield _measure_small(scale)
    yield _measure_large(scale, "constants", "large constants")
    yield _measure_large(scale, "nodes", "100,000 nodes")
    yield _measure_values(scale)


def _measure_small(scale: Scale) -> Section:
    target = "models.custom_dense:CustomDense"
    model = save(target, scale.folder / "small", "--spec", "None,5")
    warm_up = scale.choose(1, 0)
    costs = compare(list(_contenders(model)), scale.choose(21, 1), warm_up)
    inspect = Contender(_INSPECT, tfexport("inspect", model))
    others = compare([inspect, Contender(_CLI, _cli_command(model))], scale.choose(5, 1), warm_up)
    ours = costs[_INSPECT]
    targets = (
        Target("inspect, small: CPU against a bare parse", ours.cpu / costs[_FLOOR].cpu, 2),
        Target(
            "inspect, small: CPU of saved_model_cli against ours",
            others[_CLI].cpu / others[_INSPECT].cpu,
            at_least=25,
        ),
        Target("inspect, small: MB at its peak", ours.peak / _MEGABYTE, 40),
    )
    text = _format(costs, model) + "\n" + format_costs("Beside TensorFlow's own", others, _INSPECT)
    return Section("inspect: a small model", text, targets)


def _measure_large(scale: Scale, kind: str, title: str) -> Section:
    model = make_large(scale.folder / kind, kind, scale.choose(100 * _MEGABYTE, _MEGABYTE))
    contenders = list(_contenders(model))
    costs = compare(contenders, runs=scale.choose(11, 1), warm_up=scale.choose(1, 0))
    ours = costs[_INSPECT]
    targets = (
        Target(f"inspect, {title}: CPU against a bare parse", ours.cpu / costs[_FLOOR].cpu, 2),
        Target(f"inspect, {title}: peak against the file", ours.peak / _size(model), 3),
    )
    return Section(f"inspect: {title}", _format(costs, model), targets)


def _measure_values(scale: Scale) -> Section:
    model = make_large(scale.folder / "variable", "variable", scale.choose(1 << 30, 1 << 22))
    file = model / "variables" / "variables.data-00000-of-00001"
    values = tfexport("inspect", model, "--values", "weights")
    read = read_all(file)
    runs = scale.choose(7, 1)
    texts, speeds = [], {}
    for state, start in (("from the disk", from_disk), ("from memory", from_memory)):
        contenders = [Contender(_READ, start(read, file)), Contender(_VALUES, start(values, file))]
        costs = compare(contenders, runs, warm_up=scale.choose(1, 0))
        texts.append(format_costs(f"{file.stat().st_size / 1e9:.2f} GB {state}", costs, _READ))
        speeds[state] = costs[_READ].wall / costs[_VALUES].wall
        peak = costs[_VALUES].peak
    targets = (
        Target("--values: speed against reading from the disk", speeds["from the disk"], None, 0.5),
        Target("--values: MB at its peak", peak / _MEGABYTE, 100),
    )
    return Section("inspect --values: a large variable", "\n".join(texts), targets)


def _contenders(model: Path) -> Iterator[Contender]:
    yield Contender(_INSPECT, tfexport("inspect", model))
    yield Contender(_FLOOR, [sys.executable, "-c", _PARSE, model / "saved_model.pb"])


def _cli_command(model: Path) -> list[str | Path]:
    return [tool("saved_model_cli"), "show", "--dir", model, "--all"]


def _format(costs: Mapping[str, Cost], model: Path) -> str:
    return format_costs(f"{_size(model) / 1000:,.0f} kB of saved_model.pb", costs, _FLOOR)


def _size(model: Path) -> int:
    return (model / "saved_model.pb").stat().st_size


if __name__ == "__main__":
    run_alone(measure_sections)
