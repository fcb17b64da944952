"""A traced call of a real model: its ops, their ranking, and the timeline."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tfexport.benching.profiling import (
    OpRun,
    Traced,
    format_trace,
    rank_ops,
    read_op_runs,
    trace_calls,
)
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.opening import Opened, choose_call, open_choice, read_model
from tfexport.runtime.session import NativeCall
from tfexport.runtime.step_tracing import trace_call
from tfexport.savedmodel.protos import config_pb2

FEATURES = {"features": np.ones((64, 4), np.float32)}


@pytest.fixture(scope="module")
def mlp(saved_model: Callable[[str], Path]) -> Iterator[Opened]:
    model = read_model(saved_model("mlp"))
    opened = open_choice(model, choose_call(model), SessionConfig())
    with opened.engine:
        yield opened


def test_the_multiplications_of_a_perceptron_are_traced(mlp: Opened) -> None:
    assert isinstance(mlp.call, NativeCall)
    traced = trace_calls(mlp.call, FEATURES, seconds=5)
    assert len(traced.calls) == 5
    (multiplication,) = [cost for cost in rank_ops(traced) if "MatMul" in cost.op]
    assert multiplication.nodes == 3  # one a layer
    assert 0 < multiplication.share < 1
    assert multiplication.seconds > 0


def test_a_traced_call_runs_as_a_plain_one(mlp: Opened) -> None:
    before = mlp.call(FEATURES)
    assert isinstance(mlp.call, NativeCall)
    stats = trace_call(mlp.call, FEATURES)
    assert [device.device for device in stats.dev_stats] == list(mlp.engine.devices())
    np.testing.assert_array_equal(mlp.call(FEATURES)["output_0"], before["output_0"])


def test_the_timeline_is_one_that_chrome_opens(mlp: Opened) -> None:
    assert isinstance(mlp.call, NativeCall)
    runs = trace_calls(mlp.call, FEATURES, seconds=5).calls[-1]
    events = json.loads(format_trace(runs))["traceEvents"]
    assert events[0] == {
        "ph": "M",
        "name": "process_name",
        "pid": 0,
        "args": {"name": mlp.engine.devices()[0]},
    }
    complete = [event for event in events if event["ph"] == "X"]
    assert len(complete) == len(runs)
    assert min(event["ts"] for event in complete) == 0
    assert all(event["dur"] >= 0 and event["args"]["node"] for event in complete)


def op(name: str, node: str, start: float, duration: float, device: str = "CPU:0") -> OpRun:
    return OpRun(name, node, device, "", start, duration)


def test_ops_are_ranked_by_their_time_a_call() -> None:
    call = (op("Add", "a", 0, 10), op("Mul", "b", 10, 50), op("Add", "c", 60, 20))
    first, second = rank_ops(Traced((call, call)))
    assert (first.op, first.nodes, first.slowest) == ("Mul", 1, "b")
    assert first.seconds == pytest.approx(50e-6)
    assert (second.op, second.nodes, second.slowest) == ("Add", 2, "c")
    assert (second.seconds, second.share) == (pytest.approx(30e-6), pytest.approx(30 / 80))


def test_a_call_of_a_function_is_not_counted_beside_what_it_calls() -> None:
    call = (op("PartitionedCall", "call", 0, 100), op("MatMul", "call/MatMul", 5, 90))
    assert [(cost.op, cost.share) for cost in rank_ops(Traced((call,)))] == [("MatMul", 1.0)]


def test_ten_ops_at_most_are_ranked() -> None:
    call = tuple(op(f"Op{number}", "node", number, number) for number in range(20))
    assert [cost.op for cost in rank_ops(Traced((call,)))][:2] == ["Op19", "Op18"]
    assert len(rank_ops(Traced((call,)))) == 10


def test_ops_that_overlap_are_drawn_side_by_side() -> None:
    runs = (op("A", "a", 0, 10), op("B", "b", 5, 10), op("C", "c", 12, 1), op("D", "d", 20, 1))
    events = [e for e in json.loads(format_trace(runs))["traceEvents"] if e["ph"] == "X"]
    assert [(event["name"], event["tid"]) for event in events] == [
        ("A", 0),
        ("B", 1),
        ("C", 0),
        ("D", 0),
    ]


def test_an_op_without_a_readable_label_keeps_its_name() -> None:
    metadata = config_pb2.RunMetadata()
    device = metadata.step_stats.dev_stats.add(device="/device:GPU:0/stream:all")
    device.node_stats.add(node_name="dense/MatMul:MatMul", timeline_label="kernel<float>")
    (run,) = read_op_runs(metadata.step_stats)
    assert (run.op, run.node, run.inputs) == ("MatMul", "dense/MatMul:MatMul", "kernel<float>")
