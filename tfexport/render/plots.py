"""A benchmark's report as a picture, by matplotlib: the extra ``plots``."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfexport.benching.report import Measurement, Report, name_measurement
from tfexport.data.extras import import_extra
from tfexport.errors import DestinationError

SUFFIXES = (".png", ".svg", ".pdf")
_BINS = 60
_MILLI = 1e3


def require_plots(path: str) -> None:
    """Raise an error, before anything is measured, where no picture can be made at ``path``.

    DestinationError for an unknown suffix, UsageError where matplotlib is missing.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise DestinationError(f"--plot {path}: expected a name that ends in {_list(SUFFIXES)}.")
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports that it looks for fonts
    import_extra("matplotlib.figure", "plots", "--plot")


def draw_report(report: Report, seconds: Sequence[Sequence[float]], suffix: str) -> bytes:
    """A file of the kind ``suffix``: a latency histogram each, and the throughput by batch size.

    ``seconds`` are the times of the calls, a sequence a measurement.
    """
    from matplotlib.figure import Figure

    count = len(report.measurements)
    figure: Any = Figure(figsize=(10, 2.2 * max(count, 2)), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3, 2))
    axes = left.subplots(count, 1, squeeze=False)[:, 0]
    for axis, found, taken in zip(axes, report.measurements, seconds, strict=True):
        _draw_histogram(axis, found, taken)
    axes[-1].set_xlabel("milliseconds a call")
    _draw_throughput(right.subplots(), report.measurements)
    figure.suptitle(f"{report.directory}: {report.signature}", parse_math=False)
    file = io.BytesIO()
    figure.savefig(file, format=suffix.lstrip(".").lower(), dpi=150)
    return file.getvalue()


def _draw_histogram(axis: Any, found: Measurement, seconds: Sequence[float]) -> None:
    shown = [value * _MILLI for value in seconds if value <= found.latency.p99]
    axis.hist(shown, bins=_BINS)
    for name, value in (("p50", found.latency.p50), ("p99", found.latency.p99)):
        axis.axvline(value * _MILLI, color="black", linewidth=0.8)
        axis.annotate(name, (value * _MILLI, 0.9), xycoords=("data", "axes fraction"))
    axis.set_title(name_measurement(found.batch_size, found.concurrency), fontsize="medium")
    axis.set_ylabel("calls")


def _draw_throughput(axis: Any, measurements: Sequence[Measurement]) -> None:
    names = [name_measurement(found.batch_size, found.concurrency) for found in measurements]
    rates = [
        found.calls_per_second if found.rows_per_second is None else found.rows_per_second
        for found in measurements
    ]
    axis.barh(names[::-1], rates[::-1])
    axis.set_xlabel("calls a second" if measurements[0].batch_size is None else "rows a second")


def _list(suffixes: Sequence[str]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
