"""A benchmark's report as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfexport.benching.report import (
    Comparison,
    Measurement,
    OpCost,
    Pair,
    Profile,
    Report,
    name_measurement,
)
from tfexport.render.bars import draw_bar, draw_columns
from tfexport.render.page import Block, Cell, Heading, Line, Page, Table
from tfexport.render.quantities import format_bytes, format_count, format_rate, format_seconds
from tfexport.render.terminal import Terminal

_WIDEST_BAR = 40
_NARROWEST_BAR = 4
_COLUMNS = ("min", "mean", "p50", "p90", "p99", "p99.9", "max")


def show_benchmark(report: Report, terminal: Terminal) -> Page:
    """Load, latency, how the calls are spread, throughput; then what else was asked for."""
    return Page(
        (
            *_header(report),
            *_load(report),
            *_latency(report.measurements),
            *_distribution(report.measurements),
            *_throughput(report.measurements, terminal),
            *_profile(report.profile, terminal),
            *_comparison(report.comparison),
            *_warnings(report.warnings),
        )
    )


def _header(report: Report) -> Iterator[Block]:
    facts = [report.signature, f"{report.engine} engine", f"inputs {', '.join(report.inputs)}"]
    cells = [Cell(report.directory, "title"), *map(Cell, facts)]
    yield Line(tuple(cells), separator=" · ")
    yield Line(
        tuple(Cell(text, "dim") for text in _surroundings(report)), indent=2, separator=" · "
    )


def _surroundings(report: Report) -> Iterator[str]:
    threads = report.threads
    yield report.machine.processor
    yield format_count(report.machine.cpus, "CPU")
    yield ", ".join(_short_device(name) for name in report.devices) or "unknown device"
    if threads.asked is not None:
        yield f"--threads {threads.asked}"
    if threads.running is not None:
        yield f"{format_count(threads.running, 'thread')} running"
    if report.xla:
        yield "XLA"
    yield f"TensorFlow {report.versions.tensorflow}"


def _short_device(name: str) -> str:
    return name.partition("/device:")[2] or name


def _load(report: Report) -> Iterator[Block]:
    memory = report.memory
    yield Heading("Start")
    rows = [] if report.load.library is None else [("library", report.load.library)]
    rows += [("model", report.load.model), ("first call", report.load.first_call)]
    cells: list[tuple[Cell, ...]] = [
        (Cell(name, "name"), Cell(format_seconds(seconds))) for name, seconds in rows
    ]
    if memory.loaded is not None and memory.peak is not None:
        loaded = Cell(f"{format_bytes(memory.loaded)} once loaded", "dim")
        cells.append((Cell("peak memory", "name"), Cell(format_bytes(memory.peak)), loaded))
    yield Table(tuple(cells), right=frozenset({1}))


def _latency(measurements: Sequence[Measurement]) -> Iterator[Block]:
    warm_up = format_count(max(found.warm_up for found in measurements), "call")
    yield Heading("Latency", f"of a call, after {warm_up} to warm up")
    head = ("batch", "runs", *_COLUMNS)
    rows = [tuple(Cell(text, "dim") for text in head), *map(_latency_row, measurements)]
    yield Table(tuple(rows), right=frozenset(range(1, len(head))))


def _latency_row(found: Measurement) -> tuple[Cell, ...]:
    latency = found.latency
    values = (latency.min, latency.mean, latency.p50, latency.p90)
    tail = (latency.p99, latency.p99_9, latency.max)
    return (
        Cell(_short_name(found), "name"),
        Cell(f"{found.runs:,}", "number"),
        *(Cell(format_seconds(value), "number") for value in (*values, *tail)),
    )


def _distribution(measurements: Sequence[Measurement]) -> Iterator[Block]:
    yield Heading("Distribution", "of calls, from the fastest to the slowest in a hundred")
    yield Table(tuple(map(_distribution_row, measurements)), right=frozenset({1}))


def _distribution_row(found: Measurement) -> tuple[Cell, ...]:
    edges = found.histogram.edges
    return (
        Cell(_name(found), "name"),
        Cell(format_seconds(edges[0])),
        Cell(f"│{draw_columns(found.histogram.counts)}│"),
        Cell(format_seconds(edges[-1])),
    )


def _throughput(measurements: Sequence[Measurement], terminal: Terminal) -> Iterator[Block]:
    yield Heading("Throughput")
    rates = [_rate(found) for found in measurements]
    texts = [
        f"{format_rate(rate)} {'calls' if found.rows_per_second is None else 'rows'}/s"
        for rate, found in zip(rates, measurements, strict=True)
    ]
    names = [_name(found) for found in measurements]
    width = _bar_width(terminal, max(map(len, names)) + max(map(len, texts)) + 6)
    rows = [
        (Cell(name, "name"), Cell(text, "number"), Cell(draw_bar(rate, max(rates), width), "good"))
        for name, text, rate in zip(names, texts, rates, strict=True)
    ]
    yield Table(tuple(rows), right=frozenset({1}))


def _rate(found: Measurement) -> float:
    return found.calls_per_second if found.rows_per_second is None else found.rows_per_second


def _bar_width(terminal: Terminal, taken: int) -> int:
    if terminal.width is None:
        return _WIDEST_BAR
    return max(min(_WIDEST_BAR, terminal.width - taken), _NARROWEST_BAR)


def _profile(profile: Profile | None, terminal: Terminal) -> Iterator[Block]:
    if profile is None:
        return
    batch = "" if profile.batch_size is None else f", batch {profile.batch_size}"
    calls = format_count(profile.calls, "traced call")
    yield Heading("Most expensive ops", f"mean of {calls}{batch}; timeline in {profile.file}")
    yield Table(tuple(map(_op_row, profile.ops)), right=frozenset({1, 2}))


def _op_row(cost: OpCost) -> tuple[Cell, ...]:
    slowest = cost.slowest if cost.nodes == 1 else f"{cost.nodes} nodes, slowest {cost.slowest}"
    return (
        Cell(cost.op, "name"),
        Cell(format_seconds(cost.seconds), "number"),
        Cell(f"{cost.share:.1%}", "number"),
        Cell(slowest, "dim"),
    )


def _comparison(comparison: Comparison | None) -> Iterator[Block]:
    if comparison is None:
        return
    note = f"medians; {comparison.threshold * 100:.3g} % slower is too much"
    yield Heading(f"Compared with {comparison.baseline}", note)
    yield Table(tuple(map(_pair_row, comparison.pairs)), right=frozenset({1, 3, 4}))
    if comparison.unpaired:
        count = format_count(comparison.unpaired, "measurement")
        yield _words(f"{count} without a counterpart there", "dim")
    for difference in comparison.differences:
        yield _words(f"not the same: {difference}", "warning")


def _pair_row(pair: Pair) -> tuple[Cell, ...]:
    style = "warning" if pair.slower else "good" if pair.change < 0 else ""
    return (
        Cell(name_measurement(pair.batch_size, pair.concurrency), "name"),
        Cell(format_seconds(pair.before)),
        Cell("→", "dim"),
        Cell(format_seconds(pair.after)),
        Cell(f"{pair.change:+.1%}", style),
        Cell("slower" if pair.slower else "", "warning"),
    )


def _warnings(warnings: Sequence[str]) -> Iterator[Block]:
    if warnings:
        yield Heading("Warnings")
    for warning in warnings:
        yield _words(warning, "warning")


def _words(text: str, style: str) -> Line:
    return Line(tuple(Cell(word, style) for word in text.split(" ")), indent=2)


def _name(found: Measurement) -> str:
    return name_measurement(found.batch_size, found.concurrency)


def _short_name(found: Measurement) -> str:
    # Nine columns have to fit into 80.
    batch = "-" if found.batch_size is None else str(found.batch_size)
    return batch if found.concurrency == 1 else f"{batch} x {found.concurrency}"
