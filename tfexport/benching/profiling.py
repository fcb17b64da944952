"""Where the time of a call goes: the most expensive ops, and a timeline for Chrome's tracing.

The trace format: "Trace Event Format", complete events (``ph: X``), times in microseconds.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfexport.benching.report import OpCost
from tfexport.data.arrays import Array
from tfexport.runtime.session import NativeCall
from tfexport.runtime.step_tracing import StepStats, trace_call

_LABEL = re.compile(r"^(?P<name>.*?) = (?P<op>\w+)\((?P<inputs>.*)\)", re.DOTALL)
_MOST_OPS = 10
_CALLS = 5

# These ops only wait for the ops of a function that they call, which are counted themselves.
_CALLERS = frozenset(
    {
        "Case",
        "If",
        "PartitionedCall",
        "RemoteCall",
        "StatefulPartitionedCall",
        "StatelessCase",
        "StatelessIf",
        "StatelessWhile",
        "While",
    }
)


@dataclass(frozen=True)
class OpRun:
    """One op at work: its kind, node, device, and when, in microseconds."""

    op: str
    node: str
    device: str
    inputs: str
    start: float
    duration: float


@dataclass(frozen=True)
class Traced:
    """Some calls, each as the ops that it consisted of."""

    calls: tuple[tuple[OpRun, ...], ...]


def trace_calls(call: NativeCall, arrays: Mapping[str, Array], seconds: float) -> Traced:
    """Trace five calls, or as many as fit into ``seconds``; the first is thrown away."""
    end = time.perf_counter() + seconds
    trace_call(call, arrays)  # with tracing on, TensorFlow prepares the graph once more
    traced: list[tuple[OpRun, ...]] = []
    while not traced or (len(traced) < _CALLS and time.perf_counter() < end):
        traced.append(tuple(read_op_runs(trace_call(call, arrays))))
    return Traced(tuple(traced))


def read_op_runs(stats: StepStats) -> Iterator[OpRun]:
    """The ops of a step, as ``step_stats.proto`` lists them, device by device."""
    for device in stats.dev_stats:
        for node in device.node_stats:
            label = _LABEL.match(node.timeline_label)
            yield OpRun(
                op=label["op"] if label else node.node_name.rpartition(":")[2],
                node=node.node_name,
                device=device.device,
                inputs=label["inputs"] if label else node.timeline_label,
                start=(node.all_start_nanos + node.op_start_rel_nanos) / 1e3,
                duration=max(node.op_end_rel_nanos - node.op_start_rel_nanos, 0) / 1e3,
            )


def rank_ops(traced: Traced, most: int = _MOST_OPS) -> tuple[OpCost, ...]:
    """The kinds of op that take longest, their times a call; shares are of all ops together."""
    groups: dict[str, list[OpRun]] = defaultdict(list)
    for run in _working(run for call in traced.calls for run in call):
        groups[run.op].append(run)
    total = sum(run.duration for runs in groups.values() for run in runs) or 1.0
    costs = (_cost(op, runs, len(traced.calls), total) for op, runs in groups.items())
    return tuple(sorted(costs, key=lambda cost: -cost.seconds)[:most])


def _working(runs: Iterable[OpRun]) -> Iterator[OpRun]:
    # A stream of a GPU is listed beside the device whose ops it carries out: count them once.
    return (run for run in runs if run.op not in _CALLERS and "/stream:" not in run.device)


def _cost(op: str, runs: Sequence[OpRun], calls: int, total: float) -> OpCost:
    taken = sum(run.duration for run in runs)
    return OpCost(
        op=op,
        nodes=len({run.node for run in runs}),
        seconds=taken / 1e6 / calls,
        share=taken / total,
        slowest=max(runs, key=lambda run: run.duration).node,
    )


def format_trace(runs: Sequence[OpRun]) -> str:
    """The ops of a call as a JSON file for ``chrome://tracing`` or https://ui.perfetto.dev."""
    zero = min((run.start for run in runs), default=0.0)
    devices = sorted({run.device for run in runs})
    events = [_name_device(number, device) for number, device in enumerate(devices)]
    for number, device in enumerate(devices):
        of_device = sorted((r for r in runs if r.device == device), key=lambda run: run.start)
        for run, lane in zip(of_device, _lanes(of_device), strict=True):
            events.append(_event(run, number, lane, zero))
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ns"}) + "\n"


def _name_device(number: int, device: str) -> dict[str, Any]:
    return {"ph": "M", "name": "process_name", "pid": number, "args": {"name": device}}


def _event(run: OpRun, device: int, lane: int, zero: float) -> dict[str, Any]:
    return {
        "ph": "X",
        "cat": "op",
        "name": run.op,
        "pid": device,
        "tid": lane,
        "ts": round(run.start - zero, 3),
        "dur": round(run.duration, 3),
        "args": {"node": run.node, "inputs": run.inputs},
    }


def _lanes(runs: Sequence[OpRun]) -> Iterator[int]:
    # TensorFlow does not say which thread an op ran on: those that overlap are drawn side by side.
    ends: list[float] = []
    for run in runs:
        lane = next((i for i, end in enumerate(ends) if end <= run.start), len(ends))
        ends[lane : lane + 1] = [run.start + run.duration]
        yield lane
