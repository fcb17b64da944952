"""``tfexport run``: call a signature on data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfexport.cli.progress import rows_progress
from tfexport.cli.settings import common_options, current_settings, json_option
from tfexport.cli.supervision import continue_in_child

if TYPE_CHECKING:
    from tfexport.data.arrays import Array, Arrays
    from tfexport.data.feeding import Feed
    from tfexport.data.generating import Kind
    from tfexport.data.preview import OutputPreview
    from tfexport.data.sources import Source
    from tfexport.runtime.opening import Choice, ModelOnDisk
    from tfexport.runtime.running import Run
    from tfexport.savedmodel.description import Signature

SCHEMA = "tfexport.run/1"


@dataclass(frozen=True)
class RunOptions:
    """The options of ``tfexport run``, as click gives them."""

    inputs: Sequence[str]
    examples: Sequence[str]
    generate: Kind | None
    batch: int
    shapes: Sequence[str]
    seed: int | None
    trust: bool
    signature: str | None
    function: str | None
    output: str | None
    force: bool
    select: Sequence[str]
    cast: bool
    batch_size: int | None
    tags: str | None
    engine: str | None
    threads: int | None
    device: str | None
    xla: bool
    libraries: Sequence[Path]
    packages: Sequence[str]
    as_json: bool


@click.command()
@click.argument("directory")
@click.option(
    "--input",
    "-i",
    "inputs",
    multiple=True,
    metavar="[NAME=]WHERE",
    help="A file for an input; repeat it for several.",
)
@click.option(
    "--example",
    "examples",
    multiple=True,
    metavar="JSON",
    help="A tf.Example built from JSON, as '{\"x\": 1.0}'; repeatable.",
)
@click.option("--random", "generate", flag_value="random", help="Random values, where none given.")
@click.option("--zeros", "generate", flag_value="zeros", help="Zeros, where none are given.")
@click.option("--ones", "generate", flag_value="ones", help="Ones, where none are given.")
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Rows that are generated (default: 1).",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="NAME=DIM,DIM…",
    help="The shape of a generated input; repeatable.",
)
@click.option("--seed", type=int, metavar="N", help="The same random values each time.")
@click.option(
    "--signature", "-s", metavar="NAME", help="Default: serving_default, or the only one."
)
@click.option("--function", metavar="NAME", help="A method that is no signature (--engine python).")
@click.option("--output", "-o", metavar="WHERE", help="Write the outputs to a file or folder.")
@click.option("--force", "-f", is_flag=True, help="Replace an output that exists.")
@click.option("--select", multiple=True, metavar="NAME", help="Only this output; repeatable.")
@click.option("--cast", is_flag=True, help="Allow casts that change values.")
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stream the inputs through, N rows at a time.",
)
@click.option("--tags", metavar="A,B", help="Which metagraph, where there are several.")
@click.option(
    "--engine",
    type=click.Choice(["native", "python"]),
    help="native (the default): TensorFlow's C library; python: tf.saved_model.load.",
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads to run on.")
@click.option("--device", metavar="cpu|gpu:N", help="Where to run.")
@click.option("--xla", is_flag=True, help="Compile with XLA.")
@click.option(
    "--load-library",
    "libraries",
    multiple=True,
    metavar="PATH",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A library of custom ops; repeatable.",
)
@click.option(
    "--import",
    "packages",
    multiple=True,
    metavar="PACKAGE",
    help="A package of custom ops, such as tensorflow_text; repeatable.",
)
@click.option(
    "--trust", is_flag=True, help="Run a model that writes files, runs Python or the network."
)
@json_option
@common_options
def run(directory: str, **values: Any) -> None:
    """Call a signature of a SavedModel and print its outputs."""
    options = RunOptions(**values)
    if current_settings().own_process:
        continue_in_child(_leave_nothing_of(options.output), directory)
    # Nothing here multiplies matrices with numpy; its BLAS would start threads that spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tfexport.runtime.opening import choose_call, read_model

    model = read_model(directory, None if options.tags is None else options.tags.split(","))
    choice = choose_call(
        model.description,
        signature=options.signature,
        function=options.function,
        engine=options.engine,
    )
    if choice.note and not current_settings().quiet:
        click.echo(choice.note, err=True)
    if not options.trust:
        from tfexport.runtime.guard import refuse_hazards

        refuse_hazards(model, choice)
    with _open_run(model, choice, options) as opened:
        outputs = _execute(opened, options)
    _show(directory, choice, opened.signature, outputs, options)


def _leave_nothing_of(output: str | None) -> Callable[[int], None]:
    def clean_up(process: int) -> None:
        if output is not None:
            from tfexport.data.staging import remove_staging

            remove_staging(Path(output), process)

    return clean_up


@contextmanager
def _open_run(model: ModelOnDisk, choice: Choice, options: RunOptions) -> Iterator[Run]:
    from tfexport.runtime.choosing import check_outputs
    from tfexport.runtime.opening import open_choice
    from tfexport.runtime.running import Run
    from tfexport.runtime.tensor_protos import read_defaults

    defaults: dict[str, Array] = {}
    feed: Feed | None = None
    config, libraries = _configure(options)
    if choice.signature is not None:  # a mistake in the inputs is told before the model is loaded
        check_outputs(choice.signature, options.select)
        defaults = read_defaults(model.metagraph, choice.signature.name)
        feed = _open_feed(choice.signature, defaults, options)
    opened = open_choice(
        model,
        choice,
        config,
        select=options.select,
        libraries=libraries,
        debug=current_settings().debug,
    )
    with opened.engine:
        feed = feed or _open_feed(opened.signature, defaults, options)
        unfed = {name: value for name, value in defaults.items() if name not in feed.names}
        yield Run(opened.signature, opened.call, feed, unfed)


def _configure(options: RunOptions) -> tuple[Any, list[Path]]:
    from tfexport.runtime.config import SessionConfig, parse_device
    from tfexport.runtime.op_libraries import find_op_libraries

    device = None if options.device is None else parse_device(options.device)
    libraries = [path for package in options.packages for path in find_op_libraries(package)]
    config = SessionConfig(threads=options.threads or 0, device=device, xla=options.xla)
    return config, [*options.libraries, *libraries]


def _open_feed(signature: Signature, defaults: Mapping[str, Array], options: RunOptions) -> Feed:
    from tfexport.data.feeding import open_feed
    from tfexport.data.reading import open_sources

    specs = [tensor.graph_spec for tensor in signature.inputs]
    sources: list[Source] = open_sources(options.inputs, specs)
    if options.examples:
        from tfexport.data.examples import make_example_source

        sources.append(make_example_source(options.examples, specs))
    if options.generate is not None:
        from tfexport.data.generating import make_generated_source, parse_shapes

        given = [name for source in sources for name in source.names]
        sources.append(
            make_generated_source(
                options.generate,
                specs,
                [*given, *defaults],
                batch=options.batch,
                shapes=parse_shapes(options.shapes),
                seed=options.seed,
            )
        )
    return open_feed(sources, specs, optional=defaults, cast=options.cast)


def _execute(run: Run, options: RunOptions) -> tuple[OutputPreview, ...]:
    from tfexport.data.preview import Preview
    from tfexport.data.writing import open_sink

    selected = [t for t in run.signature.outputs if not options.select or t.name in options.select]
    dtypes = {tensor.name: tensor.graph_spec.dtype for tensor in selected}
    whole = options.as_json and options.output is None
    preview = Preview(dtypes, run.row_outputs(), whole=whole)
    if options.output is None:
        _run(run, options, preview.write)
        return preview.results()
    rows = None if options.batch_size is None else run.row_outputs()
    specs = [tensor.graph_spec for tensor in selected]
    with open_sink(options.output, specs, with_rows=rows, force=options.force) as sink:

        def write(outputs: Arrays) -> None:
            sink.write(outputs)
            preview.write(outputs)

        _run(run, options, write)
    return preview.results()


def _run(run: Run, options: RunOptions, write: Callable[[Arrays], None]) -> None:
    if options.batch_size is None:
        run.run_whole(write)
        return
    with rows_progress(run.feed.rows) as advance:
        run.run_batches(options.batch_size, write, advance)


def _show(
    directory: str,
    choice: Choice,
    signature: Signature,
    outputs: Sequence[OutputPreview],
    options: RunOptions,
) -> None:
    from tfexport.render.outputs import RunReport, show_run

    report = RunReport(directory, signature.name, choice.engine, tuple(outputs), options.output)
    if options.as_json:
        from tfexport.render.json import render_json
        from tfexport.render.outputs import report_to_plain

        click.echo(render_json(SCHEMA, report_to_plain(report)), nl=False)
        return
    from tfexport.render.text import render_page

    terminal = current_settings().terminal()
    page = show_run(report, terminal)
    click.echo(render_page(page, terminal), nl=False, color=terminal.colour)
