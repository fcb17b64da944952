"""A model of real size: MobileNetV2 of Keras with random weights, from saving to serving."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.making import tfexport
from benchmarks.measure import Contender, compare, format_costs, tool
from benchmarks.native import NO_COMPILER, compile_native, read_ends
from benchmarks.sections import Scale, Section, run_alone

_TARGET = "keras.applications:MobileNetV2"
_BATCH = 8

_BARE = """
import sys
import keras
model = keras.applications.MobileNetV2(weights=None, input_shape=(int(sys.argv[2]),) * 2 + (3,))
model.export(sys.argv[1], verbose=False)
"""
_LOAD = """
import sys
import numpy as np
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
x = np.random.default_rng(0).random((int(sys.argv[2]), *[int(sys.argv[3])] * 2, 3), "float32")
print(model.signatures["serving_default"](tf.constant(x)))
"""


def measure_sections(scale: Scale) -> Iterator[Section]:
    """Save, inspect, run and bench, each beside what one would do without tfexport."""
    side = scale.choose(224, 32)
    arguments = ["--arg", "weights=None", "--arg", f"input_shape=[{side},{side},3]"]
    model = scale.folder / "saved"
    yield _measure_saving(model, arguments, side, scale)
    yield _measure_inspecting(model, scale)
    yield _measure_running(model, side, scale)
    yield _measure_calls(model, scale)


def _measure_saving(model: Path, arguments: list[str], side: int, scale: Scale) -> Section:
    words = ["save", _TARGET, *arguments, "--force", "--quiet"]
    script: list[str | Path] = [sys.executable, "-c", _BARE, scale.folder / "bare", str(side)]
    contenders = [
        Contender("tfexport save", tfexport(*words, "-o", model)),
        Contender("script with model.export", script),
        Contender("tfexport save --no-verify", tfexport(*words, "--no-verify", "-o", model)),
    ]
    costs = compare(contenders[: scale.choose(3, 2)], runs=scale.choose(3, 1), warm_up=0)
    return Section("MobileNetV2: save", format_costs("", costs, "tfexport save"))


def _measure_inspecting(model: Path, scale: Scale) -> Section:
    show: list[str | Path] = [tool("saved_model_cli"), "show", "--dir", model, "--all"]
    contenders = [
        Contender("tfexport inspect", tfexport("inspect", model)),
        Contender("saved_model_cli show --all", show),
    ]
    costs = compare(
        contenders[: scale.choose(2, 1)],
        runs=scale.choose(5, 1),
        warm_up=scale.choose(1, 0),
    )
    return Section("MobileNetV2: inspect", format_costs("", costs, "tfexport inspect"))


def _measure_running(model: Path, side: int, scale: Scale) -> Section:
    contenders = [
        Contender(
            "tfexport run",
            tfexport("run", model, "--random", "--seed", "0", "--batch", str(_BATCH)),
        ),
        Contender(
            "script with tf.saved_model.load",
            [sys.executable, "-c", _LOAD, model, str(_BATCH), str(side)],
        ),
    ]
    native = compile_native(scale.folder)
    if native is not None:
        ends = read_ends(model)
        words = [ends.input, ends.output, f"{side},{side},3", str(_BATCH), "1"]
        contenders.append(Contender("C program", [native, model, *words]))
    costs = compare(contenders, runs=scale.choose(5, 1), warm_up=scale.choose(1, 0))
    note = "" if native else f"\n{NO_COMPILER}\n"
    text = format_costs("", costs, "tfexport run") + note
    return Section(f"MobileNetV2: run a batch of {_BATCH}", text)


def _measure_calls(model: Path, scale: Scale) -> Section:
    limits = scale.choose(["--runs", "200", "--seconds", "20"], ["--runs", "2"])
    sizes = scale.choose("1,8,32", "1,2")
    command = tfexport("bench", model, "--batch-size", sizes, *limits, "--json", "--quiet")
    run = subprocess.run(list(map(str, command)), check=True, capture_output=True)
    lines = ["| batch | calls | p50 ms | p99 ms | images/s |", "|---:|---:|---:|---:|---:|"]
    lines += [_format_call(found) for found in json.loads(run.stdout)["measurements"]]
    return Section("MobileNetV2: bench", "\n".join(lines))


def _format_call(found: Mapping[str, Any]) -> str:
    latency = found["latency"]
    return (
        f"| {found['batch_size']} | {found['runs']} | {latency['p50'] * 1e3:.1f} | "
        f"{latency['p99'] * 1e3:.1f} | {found['rows_per_second']:.1f} |"
    )


if __name__ == "__main__":
    run_alone(measure_sections)
