"""What ``inspect`` costs: against a bare parse of the same file, and against saved_model_cli."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.making import save, tfexport
from benchmarks.measure import Contender, Cost, compare, format_costs, tool
from benchmarks.sections import Scale, Section, Target, run_alone

_INSPECT, _FLOOR, _CLI = "tfexport inspect", "bare parse", "saved_model_cli show --all"
_VALUES, _READ = "tfexport inspect --values", "reading the file"
_MEGABYTE = 1_000_000

# The floor: import the generated messages without tensorflow/__init__.py, and parse.
_PARSE = """
import importlib.util, sys, types
tensorflow = types.ModuleType("tensorflow")
tensorflow.__path__ = list(importlib.util.find_spec("tensorflow").submodule_search_locations)
sys.modules["tensorflow"] = tensorflow
from tensorflow.core.protobuf import saved_model_pb2
model = saved_model_pb2.SavedModel()
with open(sys.argv[1] + "/saved_model.pb", "rb") as file:
    model.ParseFromString(file.read())
"""

_MAKE_CONSTANTS = """
import pathlib, sys
from tfexport.savedmodel import protos
directory, megabytes = pathlib.Path(sys.argv[1]), int(sys.argv[2])
model = protos.saved_model_pb2.SavedModel(saved_model_schema_version=1)
metagraph = model.meta_graphs.add()
metagraph.meta_info_def.tags.append("serve")
for number in range(megabytes):
    node = metagraph.graph_def.node.add(name=f"constant_{number}", op="Const")
    node.attr["dtype"].type = 1
    tensor = node.attr["value"].tensor
    tensor.dtype = 1
    tensor.tensor_shape.dim.add(size=250_000)
    tensor.tensor_content = bytes(1_000_000)
directory.mkdir()
(directory / "saved_model.pb").write_bytes(model.SerializeToString())
"""

_MAKE_NODES = """
import pathlib, sys
from tfexport.savedmodel import protos
directory, nodes = pathlib.Path(sys.argv[1]), int(sys.argv[2])
model = protos.saved_model_pb2.SavedModel(saved_model_schema_version=1)
metagraph = model.meta_graphs.add()
metagraph.meta_info_def.tags.append("serve")
for number in range(nodes):
    node = metagraph.graph_def.node.add(name=f"layer_{number // 10}/node_{number}", op="Identity")
    node.attr["T"].type = 1
    if number:
        node.input.append(f"layer_{(number - 1) // 10}/node_{number - 1}")
directory.mkdir()
(directory / "saved_model.pb").write_bytes(model.SerializeToString())
"""

_MAKE_VARIABLE = """
import sys
import tensorflow as tf
module = tf.Module()
module.large = tf.Variable(tf.random.normal([int(sys.argv[2]) * 250, 1000]))
tf.saved_model.save(module, sys.argv[1])
"""

_READ_FILE = """
import sys
with open(sys.argv[1], "rb", buffering=0) as file:
    block = bytearray(1 << 20)
    while file.readinto(block):
        pass
"""


def measure_sections(scale: Scale) -> Iterator[Section]:
    """A small model, two large ones, and the values of a large variable."""
    runs = scale.choose(11, 1)
    small = save("models.custom_dense:CustomDense", scale.folder / "dense", "--spec", "None,5")
    yield _compare_small(small, runs)
    megabytes, nodes = scale.choose(100, 2), scale.choose(100_000, 1000)
    for title, script, count in (
        (f"{megabytes} MB of constants", _MAKE_CONSTANTS, megabytes),
        (f"{nodes:,} nodes", _MAKE_NODES, nodes),
    ):
        directory = scale.folder / f"large_{count}"
        _run_script(script, directory, count)
        yield _compare_large(title, directory, scale.choose(5, 1))
    yield _compare_values(scale)


def _compare_small(model: Path, runs: int) -> Section:
    show: list[str | Path] = [tool("saved_model_cli"), "show", "--dir", model, "--all"]
    costs = compare([*_against_floor(model), Contender(_CLI, show)], runs)
    text = format_costs("CustomDense", costs, _INSPECT)
    ours = costs[_INSPECT]
    targets = (
        _target_of_floor("inspect, small", costs),
        Target(
            "inspect, small: CPU of saved_model_cli against ours", _ratio(costs, _CLI), None, 25
        ),
        Target("inspect, small: peak memory, MB", ours.peak / _MEGABYTE, at_most=40),
    )
    return Section("inspect: a small model", text, targets)


def _compare_large(title: str, model: Path, runs: int) -> Section:
    costs = compare(list(_against_floor(model)), runs)
    size = (model / "saved_model.pb").stat().st_size
    peak = costs[_INSPECT].peak / size
    targets = [_target_of_floor(f"inspect, {title}", costs)]
    if size > 40 * _MEGABYTE:  # below, Python itself is most of it
        targets.append(Target(f"inspect, {title}: peak memory by size of the file", peak, 3))
    return Section(f"inspect: {title}", format_costs(title, costs, _INSPECT), tuple(targets))


def _compare_values(scale: Scale) -> Section:
    megabytes = scale.choose(1000, 4)
    model = scale.folder / "variable"
    _run_script(_MAKE_VARIABLE, model, megabytes)
    (data,) = (model / "variables").glob("*.data-*")
    contenders = (
        Contender(_VALUES, tfexport("inspect", model, "--values", "large")),
        Contender(_READ, [sys.executable, "-c", _READ_FILE, data]),
    )
    costs = compare(contenders, scale.choose(3, 1))
    targets = (
        Target(
            "inspect --values: speed by that of reading the file",
            costs[_READ].wall / costs[_VALUES].wall,
            at_least=0.5,
        ),
        Target("inspect --values: peak memory, MB", costs[_VALUES].peak / _MEGABYTE, at_most=100),
    )
    text = format_costs(f"a variable of {megabytes} MB", costs, _VALUES)
    return Section("inspect: the values of a variable", text, targets)


def _against_floor(model: Path) -> Iterator[Contender]:
    yield Contender(_INSPECT, tfexport("inspect", model))
    yield Contender(_FLOOR, [sys.executable, "-c", _PARSE, model])


def _target_of_floor(what: str, costs: dict[str, Cost]) -> Target:
    return Target(f"{what}: CPU against a bare parse", 1 / _ratio(costs, _FLOOR), at_most=2)


def _ratio(costs: dict[str, Cost], other: str) -> float:
    return costs[other].cpu / costs[_INSPECT].cpu


def _run_script(script: str, directory: Path, count: int) -> None:
    command = [sys.executable, "-c", script, str(directory), str(count)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    run_alone(measure_sections)
