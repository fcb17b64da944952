"""Pairs a report with an earlier one, read from what ``bench --json`` printed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfexport.benching.report import Comparison, Measurement, Pair, Report
from tfexport.errors import UsageError

SCHEMA = "tfexport.bench/1"


@dataclass(frozen=True)
class Baseline:
    """An earlier report: ``document`` as its JSON stands, ``medians`` by batch and callers."""

    path: str
    document: Mapping[str, Any]
    medians: Mapping[tuple[int | None, int], float]

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The batch sizes that were measured then."""
        return tuple(dict.fromkeys(size for size, _ in self.medians if size is not None))

    @property
    def concurrencies(self) -> tuple[int, ...]:
        """The numbers of callers that were measured then."""
        return tuple(dict.fromkeys(callers for _, callers in self.medians))


def read_baseline(path: str | Path) -> Baseline:
    """Read an earlier report. Raises UsageError for a file that is none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Cannot read --compare {path}: {error.strerror}.") from None
    except ValueError:
        raise UsageError(_no_report(path)) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UsageError(_no_report(path))
    try:
        medians = {
            _key(entry): float(entry["latency"]["p50"]) for entry in document["measurements"]
        }
    except (KeyError, TypeError, ValueError):
        raise UsageError(_no_report(path)) from None
    return Baseline(str(path), document, medians)


def _key(entry: Mapping[str, Any]) -> tuple[int | None, int]:
    size = entry["batch_size"]
    return None if size is None else int(size), int(entry["concurrency"])


def _no_report(path: str | Path) -> str:
    return (
        f"--compare {path}: this is no {SCHEMA} report. "
        f"Make one: tfexport bench DIR --json > {Path(path).name}"
    )


def compare_reports(baseline: Baseline, report: Report, threshold: float) -> Comparison:
    """Pair the measurements by batch size and callers; ``threshold`` is 0.1 for 10 %.

    Raises UsageError where no two of them belong together.
    """
    pairs = tuple(_pair_up(baseline, report.measurements, threshold))
    if not pairs:
        raise UsageError(
            f"--compare {baseline.path}: nothing to compare, it has no measurement with the same "
            f"batch size and concurrency. It has batch sizes: {_list(baseline.batch_sizes)}, "
            f"concurrency: {_list(baseline.concurrencies)}."
        )
    return Comparison(
        baseline=baseline.path,
        threshold=threshold,
        pairs=pairs,
        unpaired=len(report.measurements) - len(pairs),
        differences=tuple(_differences(baseline.document, report)),
    )


def _pair_up(
    baseline: Baseline, measurements: Sequence[Measurement], threshold: float
) -> Iterator[Pair]:
    for found in measurements:
        before = baseline.medians.get((found.batch_size, found.concurrency))
        if before:
            after = found.latency.p50
            change = after / before - 1
            yield Pair(
                found.batch_size, found.concurrency, before, after, change, change > threshold
            )


def _differences(document: Mapping[str, Any], report: Report) -> Iterator[str]:
    then = _Nested(document)
    for what, now, *path in (
        ("signature", report.signature, "signature"),
        ("engine", report.engine, "engine"),
        ("device", report.device, "device"),
        ("XLA", report.xla, "xla"),
        ("--threads", report.threads.asked, "threads", "asked"),
        ("processor", report.machine.processor, "machine", "processor"),
        ("CPUs", report.machine.cpus, "machine", "cpus"),
        ("TensorFlow", report.versions.tensorflow, "versions", "tensorflow"),
        ("tfexport", report.versions.tfexport, "versions", "tfexport"),
    ):
        before = then.find(*path)
        if before != now:
            yield f"{what}: {_name(before)} then, {_name(now)} now"


class _Nested:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def find(self, *path: str) -> Any:
        value: Any = self._document
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _name(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not given" if value is None else str(value)


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
