"""``tfexport run``: call a signature on data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfexport.cli.calling import CallOptions, call_options, choose_from_disk, configure
from tfexport.cli.completing import MODEL_DIRECTORY, complete_output
from tfexport.cli.inputs import InputOptions, input_options, open_signature_feed
from tfexport.cli.option_groups import take_options
from tfexport.cli.progress import rows_progress
from tfexport.cli.settings import common_options, current_settings, json_option
from tfexport.cli.supervision import continue_in_child
from tfexport.render.escaping import printable

if TYPE_CHECKING:
    from tfexport.data.arrays import Array, Arrays
    from tfexport.data.feeding import Feed
    from tfexport.data.preview import OutputPreview
    from tfexport.data.sinks import Sink
    from tfexport.runtime.opening import Choice, ModelOnDisk
    from tfexport.runtime.running import Run
    from tfexport.savedmodel.description import Signature
    from tfexport.spec import TensorSpec

SCHEMA = "tfexport.run/1"


@dataclass(frozen=True)
class RunOptions:
    """The options of ``tfexport run``, as click gives them."""

    given: InputOptions
    called: CallOptions
    batch: int
    output: str | None
    force: bool
    select: Sequence[str]
    batch_size: int | None
    as_json: bool


@click.command()
@click.argument("directory", type=MODEL_DIRECTORY)
@input_options
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Rows that are generated (default: 1).",
)
@click.option("--output", "-o", metavar="WHERE", help="Write the outputs to a file or folder.")
@click.option("--force", "-f", is_flag=True, help="Replace an output that exists.")
@click.option(
    "--select",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_output,
    help="Only this output; repeatable.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stream the inputs through, N rows at a time.",
)
@call_options
@json_option
@common_options
def run(directory: str, **values: Any) -> None:
    """Call a signature of a SavedModel and print its outputs."""
    given, called = take_options(InputOptions, values), take_options(CallOptions, values)
    options = RunOptions(given, called, **values)
    if current_settings().own_process:
        continue_in_child(_leave_nothing_of(options.output), directory)
    model, choice = choose_from_disk(directory, options.called)
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
    config, libraries = configure(options.called)
    if choice.signature is not None:  # a mistake is told before the model is loaded
        check_outputs(choice.signature, options.select)
        if options.output is not None:
            _open_sink(options.output, choice.signature, options).require_ready()
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
        _say(*feed.notes)
        unfed = {name: value for name, value in defaults.items() if name not in feed.names}
        yield Run(opened.signature, opened.call, feed, unfed)


def _open_feed(signature: Signature, defaults: Mapping[str, Array], options: RunOptions) -> Feed:
    return open_signature_feed(signature, defaults, options.given, options.batch)


def _execute(run: Run, options: RunOptions) -> tuple[OutputPreview, ...]:
    from tfexport.data.preview import Preview
    from tfexport.runtime.running import row_outputs

    dtypes = {spec.name or "": spec.dtype for spec in _selected_specs(run.signature, options)}
    whole = options.as_json and options.output is None
    preview = Preview(dtypes, row_outputs(run.signature), whole=whole)
    if options.output is None:
        _run(run, options, preview.write)
        return preview.results()
    with _open_sink(options.output, run.signature, options) as sink:

        def write(outputs: Arrays) -> None:
            sink.write(outputs)
            preview.write(outputs)

        _run(run, options, write)
    return preview.results()


def _selected_specs(signature: Signature, options: RunOptions) -> list[TensorSpec]:
    outputs = signature.outputs
    return [t.graph_spec for t in outputs if not options.select or t.name in options.select]


def _open_sink(output: str, signature: Signature, options: RunOptions) -> Sink:
    from tfexport.data.writing import open_sink
    from tfexport.runtime.running import row_outputs

    return open_sink(
        output,
        _selected_specs(signature, options),
        with_rows=None if options.batch_size is None else row_outputs(signature),
        force=options.force,
    )


def _say(*notes: str) -> None:
    if not current_settings().quiet:
        for note in notes:
            click.echo(printable(note), err=True)


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
