"""A whole benchmark: from a loaded model and its inputs to the report."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tfexport.benching.comparing import Baseline, compare_reports
from tfexport.benching.loading import Loaded
from tfexport.benching.machine import (
    count_cpus,
    count_threads,
    describe_machine,
    load_average,
    peak_memory,
    read_versions,
)
from tfexport.benching.measuring import Measured, measure_all
from tfexport.benching.profiling import Traced, rank_ops, trace_calls
from tfexport.benching.report import LoadTimes, Memory, Profile, Report, Threads
from tfexport.benching.timing import Limits
from tfexport.benching.warnings import find_warnings, warn_of_load
from tfexport.data.arrays import Arrays
from tfexport.errors import UsageError
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.session import NativeCall


@dataclass(frozen=True)
class Plan:
    """What to measure. ``profile`` is where the timeline will lie, None for none."""

    directory: str
    engine: str
    config: SessionConfig
    callers: Sequence[int]
    limits: Limits
    inputs: tuple[str, ...]
    profile: str | None = None
    baseline: Baseline | None = None
    threshold: float = 0.1


@dataclass(frozen=True)
class Benchmark:
    """The report, and what does not go into it: every call, and the ops of those traced."""

    report: Report
    measured: tuple[Measured, ...]
    traced: Traced | None


def run_benchmark(
    plan: Plan,
    loaded: Loaded,
    batches: Mapping[int | None, Arrays],
    advance: Callable[[int], None] = lambda done: None,
) -> Benchmark:
    """Measure, trace and compare as the plan says; ``advance`` counts the measurements.

    Raises ExecutionError where the model fails, UsageError for a plan that cannot be followed.
    """
    load, memory = load_average(), peak_memory()
    measured = measure_all(loaded.opened.call, batches, plan.callers, plan.limits, advance)
    peak, threads = peak_memory(), count_threads()
    traced, profile = _trace(plan, loaded, batches)
    report = Report(
        directory=plan.directory,
        signature=loaded.opened.signature.name,
        engine=plan.engine,
        device=plan.config.device,
        devices=loaded.opened.engine.devices(),
        xla=plan.config.xla,
        threads=Threads(plan.config.threads or None, count_cpus(), threads),
        inputs=plan.inputs,
        date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        machine=describe_machine(),
        versions=read_versions(),
        load=LoadTimes(loaded.library, loaded.model, measured[0].measurement.first),
        memory=Memory(memory, peak),
        measurements=tuple(found.measurement for found in measured),
        profile=profile,
        comparison=None,
        warnings=(*warn_of_load(load, count_cpus()), *_warnings(measured)),
    )
    if plan.baseline is not None:
        comparison = compare_reports(plan.baseline, report, plan.threshold)
        report = replace(report, comparison=comparison)
    return Benchmark(report, measured, traced)


def _warnings(measured: Sequence[Measured]) -> Iterator[str]:
    for found in measured:
        yield from find_warnings(found.measurement, found.calls)


def require_traceable(engine: str) -> None:
    """Raise UsageError where ``--profile`` is asked of an engine that cannot trace."""
    if engine != "native":
        raise UsageError("--profile traces calls of --engine native only. Leave one of them away.")


def _trace(
    plan: Plan, loaded: Loaded, batches: Mapping[int | None, Arrays]
) -> tuple[Traced, Profile] | tuple[None, None]:
    call = loaded.opened.call
    if plan.profile is None or not isinstance(call, NativeCall):
        return None, None
    size = max(batches, key=lambda size: size or 0)
    traced = trace_calls(call, batches[size], plan.limits.seconds)
    return traced, Profile(plan.profile, size, len(traced.calls), rank_ops(traced))
