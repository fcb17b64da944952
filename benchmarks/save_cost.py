"""What ``tfexport save`` adds to the shortest script that saves a module: time and memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.making import tfexport
from benchmarks.measure import Contender, Cost, compare, format_costs
from benchmarks.sections import Scale, Section, Target, run_alone

_SCRIPT, _UNVERIFIED, _VERIFIED = "bare script", "save --no-verify", "save"

_BARE = """
import importlib, sys
import tensorflow as tf
module, name = sys.argv[1].split(":")
model = getattr(importlib.import_module(module), name)(*map(int, sys.argv[3:]))
tf.saved_model.save(model, sys.argv[2], signatures=model.__call__.get_concrete_function())
"""


def measure_sections(scale: Scale) -> Iterator[Section]:
    """A small module for the time, one of a gigabyte of variables for the memory."""
    small = _compare("models.counter:Counter", [], scale, runs=scale.choose(9, 1))
    yield Section(
        "save: a small module",
        format_costs("A counter: one variable, one signature", small, _SCRIPT),
        tuple(_time_targets(small)),
    )
    megabytes = scale.choose(1024, 64)
    large = _compare("benchmarks.modules:Large", [str(megabytes)], scale, scale.choose(3, 1))
    yield Section(
        f"save: {megabytes} MB of variables",
        format_costs("Float32 tables of 64 MB each", large, _SCRIPT),
        tuple(_memory_targets(large, megabytes)),
    )


def _compare(target: str, arguments: list[str], scale: Scale, runs: int) -> dict[str, Cost]:
    directory = scale.folder / "model"
    words = [word for argument in arguments for word in ("--arg", argument)]
    save = tfexport("save", target, *words, "-o", directory, "--force", "--quiet")
    bare = [sys.executable, "-c", _BARE, target, str(directory), *arguments]
    contenders = [
        Contender(_SCRIPT, bare),
        Contender(_UNVERIFIED, [*save, "--no-verify"]),
        Contender(_VERIFIED, save),
    ]
    return compare(contenders, runs, warm_up=scale.choose(1, 0))


def _time_targets(costs: dict[str, Cost]) -> Iterator[Target]:
    for name, bound in ((_UNVERIFIED, 1.05), (_VERIFIED, 1.25)):
        ratio = costs[name].cpu / costs[_SCRIPT].cpu
        yield Target(f"{name}: CPU against the bare script", ratio, at_most=bound)


def _memory_targets(costs: dict[str, Cost], megabytes: int) -> Iterator[Target]:
    for name, bound in ((_UNVERIFIED, 64), (_VERIFIED, 64 + megabytes * 1.05)):
        more = (costs[name].peak - costs[_SCRIPT].peak) / 1e6
        yield Target(f"{name}: MB of memory more than the bare script", more, at_most=bound)


if __name__ == "__main__":
    run_alone(measure_sections)
