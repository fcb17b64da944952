"""``tfexport bench``: measure how fast a signature is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfexport.cli.calling import CallOptions, call_options, choose_from_disk, configure
from tfexport.cli.completing import MODEL_DIRECTORY
from tfexport.cli.inputs import InputOptions, input_options, open_signature_feed
from tfexport.cli.option_groups import take_options
from tfexport.cli.progress import steps_progress
from tfexport.cli.settings import common_options, current_settings, json_option
from tfexport.cli.supervision import continue_in_child
from tfexport.errors import FindingError

if TYPE_CHECKING:
    from tfexport.benching.benchmark import Benchmark, Plan
    from tfexport.benching.comparing import Baseline
    from tfexport.benching.loading import Loaded
    from tfexport.benching.report import Comparison
    from tfexport.data.arrays import Array, Arrays
    from tfexport.data.feeding import Feed
    from tfexport.data.staging import Staging
    from tfexport.runtime.opening import Choice, ModelOnDisk
    from tfexport.savedmodel.description import Signature


@dataclass(frozen=True)
class BenchOptions:
    """The options of ``tfexport bench``, as click gives them."""

    given: InputOptions
    called: CallOptions
    batch_sizes: str | None
    concurrency: str | None
    runs: int
    seconds: float
    warm_up: int
    compare: str | None
    threshold: str
    csv: str | None
    plot: str | None
    profile: str | None
    force: bool
    as_json: bool

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are to be written."""
        return tuple(file for file in (self.csv, self.plot, self.profile) if file is not None)


@click.command()
@click.argument("directory", type=MODEL_DIRECTORY)
@click.option(
    "--batch-size",
    "-b",
    "batch_sizes",
    metavar="N,N…",
    help="Rows a call, one measurement each (default: 1,8,32).",
)
@click.option(
    "--concurrency",
    "-c",
    metavar="N,N…",
    help="Callers at the same time, one measurement each (default: 1).",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=1000,
    metavar="N",
    help="Calls to measure at most (default: 1000).",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    metavar="S",
    help="Time for a measurement at most (default: 3).",
)
@click.option(
    "--warm-up",
    type=click.IntRange(min=1),
    default=10,
    metavar="N",
    help="Calls before each measurement (default: 10).",
)
@click.option("--compare", metavar="FILE", help="An earlier --json report to compare with.")
@click.option(
    "--threshold",
    default="10",
    metavar="PERCENT",
    help="Exit 1 if a median got slower by more (default: 10).",
)
@click.option("--csv", metavar="FILE", help="Write every single timing.")
@click.option("--plot", metavar="FILE", help="Draw the report as .png, .svg or .pdf.")
@click.option(
    "--profile", metavar="FILE", help="Write a timeline of the ops, for Chrome's tracing."
)
@click.option("--force", "-f", is_flag=True, help="Replace files that exist.")
@input_options
@call_options
@json_option
@common_options
def bench(directory: str, **values: Any) -> None:
    """Measure how fast a signature of a SavedModel is."""
    given, called = take_options(InputOptions, values), take_options(CallOptions, values)
    options = BenchOptions(given, called, **values)
    if current_settings().own_process:
        continue_in_child(lambda process: _leave_nothing(options.files, process), directory)
    benchmark = _measure(directory, options)
    _show(benchmark, options)
    if benchmark.report.comparison is not None:
        _fail_if_slower(benchmark.report.comparison)


def _leave_nothing(files: Sequence[str], process: int) -> None:
    from tfexport.data.staging import remove_staging

    for file in files:
        remove_staging(Path(file), process)


def _measure(directory: str, options: BenchOptions) -> Benchmark:
    from tfexport.benching.choices import parse_percent

    threshold = parse_percent("--threshold", options.threshold)
    baseline = _read_baseline(options)
    sizes, callers = _read_counts(options, baseline)
    with _stage_files(options) as staged:
        model, choice = choose_from_disk(directory, options.called)
        _require_possible(choice, options)
        with _load(model, choice, sizes, options) as (loaded, batches, inputs):
            plan = _make_plan(directory, choice, callers, inputs, options)
            plan = replace(plan, baseline=baseline, threshold=threshold)
            benchmark = _run(plan, loaded, batches)
        _write_files(benchmark, staged, options)
    return benchmark


def _read_baseline(options: BenchOptions) -> Baseline | None:
    if options.compare is None:
        return None
    from tfexport.benching.comparing import read_baseline

    return read_baseline(options.compare)


def _read_counts(
    options: BenchOptions, baseline: Baseline | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    from tfexport.benching.choices import parse_counts

    sizes = parse_counts("--batch-size", options.batch_sizes)
    callers = parse_counts("--concurrency", options.concurrency)
    if baseline is not None:  # what is not said is measured as it was then
        sizes, callers = sizes or baseline.batch_sizes, callers or baseline.concurrencies
    return sizes, callers or (1,)


def _require_possible(choice: Choice, options: BenchOptions) -> None:
    from tfexport.benching.benchmark import require_traceable

    if options.profile is not None:
        require_traceable(choice.engine)
    if options.plot is not None:
        from tfexport.render.plots import require_plots

        require_plots(options.plot)


@contextmanager
def _stage_files(options: BenchOptions) -> Iterator[dict[str, Staging]]:
    """Where to write the files; an error comes now, not after minutes of measuring."""
    from tfexport.data.staging import Staging

    with ExitStack() as stack:
        yield {
            file: stack.enter_context(Staging(Path(file), force=options.force))
            for file in options.files
        }


@contextmanager
def _load(
    model: ModelOnDisk, choice: Choice, sizes: tuple[int, ...], options: BenchOptions
) -> Iterator[tuple[Loaded, Mapping[int | None, Arrays], tuple[str, ...]]]:
    from tfexport.benching.loading import load_timed
    from tfexport.runtime.tensor_protos import read_defaults

    config, libraries = configure(options.called)
    defaults: dict[str, Array] = {}
    batches: Mapping[int | None, Arrays] | None = None
    if choice.signature is not None:  # a mistake in the inputs is told before the model is loaded
        defaults = read_defaults(model.metagraph, choice.signature.name)
        batches, inputs = _make_inputs(choice.signature, defaults, sizes, options)
    loaded = load_timed(model, choice, config, libraries=libraries, debug=current_settings().debug)
    with loaded.opened.engine:
        if batches is None:
            batches, inputs = _make_inputs(loaded.opened.signature, defaults, sizes, options)
        yield loaded, batches, inputs


def _make_inputs(
    signature: Signature,
    defaults: Mapping[str, Array],
    sizes: tuple[int, ...],
    options: BenchOptions,
) -> tuple[Mapping[int | None, Arrays], tuple[str, ...]]:
    from tfexport.benching.batches import choose_sizes, make_batches
    from tfexport.data.batching import names_with_rows

    specs = [tensor.graph_spec for tensor in signature.inputs]
    with_rows = names_with_rows(specs)  # a default has the rows that it has: others are made
    defaults = {n: value for n, value in defaults.items() if n not in with_rows or not value.ndim}
    chosen = choose_sizes(specs, sizes)
    feed = _open_feed(signature, defaults, max(size or 1 for size in chosen), options)
    unfed = {name: value for name, value in defaults.items() if name not in feed.names}
    return make_batches(feed, unfed, chosen), _name_sources(feed, unfed)


def _open_feed(
    signature: Signature, defaults: Mapping[str, Array], rows: int, options: BenchOptions
) -> Feed:
    # Random values by default, and the same ones each time: what is compared should be equal.
    given = replace(
        options.given,
        generate=options.given.generate or "random",
        seed=options.given.seed or 0,
    )
    return open_signature_feed(signature, defaults, given, rows)


def _name_sources(feed: Feed, unfed: Mapping[str, Array]) -> tuple[str, ...]:
    labels = [source.label for source in feed.sources if source.names]
    return (*labels, *(["defaults"] if unfed else [])) or ("none",)


def _make_plan(
    directory: str,
    choice: Choice,
    callers: tuple[int, ...],
    inputs: tuple[str, ...],
    options: BenchOptions,
) -> Plan:
    from tfexport.benching.benchmark import Plan
    from tfexport.benching.timing import Limits

    return Plan(
        directory=directory,
        engine=choice.engine,
        config=configure(options.called)[0],
        callers=callers,
        limits=Limits(options.runs, options.seconds, options.warm_up),
        inputs=inputs,
        profile=options.profile,
    )


def _run(plan: Plan, loaded: Loaded, batches: Mapping[int | None, Arrays]) -> Benchmark:
    from tfexport.benching.benchmark import run_benchmark

    with steps_progress(len(batches) * len(plan.callers)) as advance:
        return run_benchmark(plan, loaded, batches, advance)


def _write_files(
    benchmark: Benchmark, staged: Mapping[str, Staging], options: BenchOptions
) -> None:
    if options.csv is not None:
        from tfexport.benching.raw_timings import format_csv

        _write(staged[options.csv], format_csv(benchmark.measured).encode())
    if options.profile is not None and benchmark.traced is not None:
        from tfexport.benching.profiling import format_trace

        _write(staged[options.profile], format_trace(benchmark.traced.calls[-1]).encode())
    if options.plot is not None:
        from tfexport.render.plots import draw_report

        seconds = [[call.seconds for call in found.calls] for found in benchmark.measured]
        picture = draw_report(benchmark.report, seconds, Path(options.plot).suffix)
        _write(staged[options.plot], picture)


def _write(staging: Staging, content: bytes) -> None:
    part = staging.folder / "part"
    part.write_bytes(content)
    staging.publish(part)


def _show(benchmark: Benchmark, options: BenchOptions) -> None:
    if options.as_json:
        from tfexport.benching.comparing import SCHEMA
        from tfexport.render.json import render_json

        click.echo(render_json(SCHEMA, benchmark.report), nl=False)
        return
    from tfexport.render.bench import show_benchmark
    from tfexport.render.text import render_page

    terminal = current_settings().terminal()
    page = show_benchmark(benchmark.report, terminal)
    click.echo(render_page(page, terminal), nl=False, color=terminal.colour)


def _fail_if_slower(comparison: Comparison) -> None:
    from tfexport.benching.report import name_measurement

    slower = [pair for pair in comparison.pairs if pair.slower]
    if slower:
        names = "; ".join(
            f"{name_measurement(pair.batch_size, pair.concurrency)}: {pair.change:+.1%}"
            for pair in slower
        )
        raise FindingError(
            f"Slower than {comparison.baseline} by more than {comparison.threshold * 100:.3g} %: "
            f"{names}."
        )
