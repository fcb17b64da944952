"""Two SavedModels side by side: everything that differs between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfexport.comparing.files import hash_assets
from tfexport.comparing.provenance import read_facts
from tfexport.errors import ExecutionError
from tfexport.records import dataclass
from tfexport.runtime.isolation import CrashError, run_isolated
from tfexport.runtime.opening import ModelOnDisk, read_model
from tfexport.savedmodel.checkpoint import (
    BundleEntry,
    CheckpointError,
    CheckpointIndex,
    read_checkpoint_index,
)
from tfexport.savedmodel.description import Variable
from tfexport.savedmodel.difference import (
    Change,
    OpChange,
    SignatureChange,
    compare_functions,
    compare_ops,
    compare_signatures,
    compare_texts,
    compare_variables,
    compare_versions,
    variable_name,
)
from tfexport.savedmodel.graph_difference import NodeChange, compare_graphs

if TYPE_CHECKING:
    from tfexport.comparing.outputs import CallDifference, OutputOptions
    from tfexport.comparing.values import ValueChange, ValuePair

Advance = Callable[[int], None]
Progress = Callable[[int], AbstractContextManager[Advance]]


@dataclass(frozen=True)
class ValuesDifference:
    """The variables whose values differ, of how many that both models have.

    ``by_checksum`` says that only the checksums were compared. ``problem`` is set where a
    checkpoint could not be read.
    """

    compared: int
    changed: tuple[ValueChange, ...]
    by_checksum: bool = False
    problem: str | None = None


@dataclass(frozen=True)
class DiffReport:
    """What differs between two SavedModels.

    ``equal`` leaves ``provenance`` out: how a model was made is not what it is. ``outputs`` is
    None where the models were not called.
    """

    first: str
    second: str
    equal: bool
    breaking: bool
    signatures: tuple[SignatureChange, ...]
    variables: tuple[Change, ...]
    values: ValuesDifference
    ops: tuple[OpChange, ...]
    functions: tuple[Change, ...]
    nodes: tuple[NodeChange, ...]
    assets: tuple[Change, ...]
    versions: tuple[Change, ...]
    provenance: tuple[Change, ...]
    outputs: tuple[CallDifference, ...] | None = None


@dataclass(frozen=True)
class DiffOptions:
    """How to compare.

    ``quick`` compares the checksums of values instead of the values. ``outputs`` calls both
    models. ``isolated`` does so in a child process, and shares the comparison of large values
    among several: only a process without threads may ask for it.
    """

    tags: tuple[str, ...] | None = None
    quick: bool = False
    outputs: OutputOptions | None = None
    isolated: bool = False


def compare_models(
    first: str | Path,
    second: str | Path,
    options: DiffOptions | None = None,
    progress: Progress | None = None,
) -> DiffReport:
    """Compare two SavedModels.

    ``progress`` is called with the number of bytes to read, and gives what is told of those that
    were. Raises SavedModelError where one cannot be read, and what compare_outputs raises.
    """
    options = options or DiffOptions()
    models = read_model(first, options.tags), read_model(second, options.tags)
    old, new = (model.description for model in models)
    signatures = compare_signatures(old.signatures, new.signatures)
    variables, pairs = compare_variables(old.variables, new.variables)
    values = _compare_values(models, pairs, options, progress)
    ops = compare_ops(old.graph.ops, new.graph.ops)
    functions = compare_functions(old.functions, new.functions)
    nodes = compare_graphs(models[0].metagraph, models[1].metagraph)
    assets = compare_texts(hash_assets(old), hash_assets(new))
    versions = compare_versions(old, new)
    provenance = compare_texts(*(read_facts(Path(m.directory)) for m in (old, new)))
    outputs = None if options.outputs is None else _compare_outputs(models, options)
    changes = (signatures, variables, values.changed, ops, functions, nodes, assets, versions)
    called = any(call.is_different for call in outputs or ())
    return DiffReport(
        old.directory,
        new.directory,
        equal=not (any(changes) or values.problem or called),
        breaking=any(change.breaking for change in signatures),
        signatures=signatures,
        variables=variables,
        values=values,
        ops=ops,
        functions=functions,
        nodes=nodes,
        assets=assets,
        versions=versions,
        provenance=provenance,
        outputs=outputs,
    )


def _compare_outputs(
    models: tuple[ModelOnDisk, ModelOnDisk], options: DiffOptions
) -> tuple[CallDifference, ...]:
    from tfexport.comparing.outputs import compare_outputs, from_plain, to_plain

    asked = options.outputs
    assert asked is not None

    def call() -> Any:
        return to_plain(compare_outputs(*models, asked))

    try:
        return from_plain(run_isolated(call) if options.isolated else call())
    except CrashError as error:
        directories = " and ".join(model.description.directory for model in models)
        raise ExecutionError(
            f"TensorFlow crashed ({error.signal_name}) while calling {directories}.",
            detail=error.detail,
        ) from None


def _compare_values(
    models: tuple[ModelOnDisk, ModelOnDisk],
    pairs: tuple[tuple[Variable, Variable], ...],
    options: DiffOptions,
    progress: Progress | None,
) -> ValuesDifference:
    try:
        first, second = (_read_index(model) for model in models)
    except CheckpointError as error:
        return ValuesDifference(0, (), options.quick, str(error))
    from tfexport.comparing.values import compare_checksums, compare_values

    found = list(_pair_entries(first, second, pairs))
    if options.quick:
        others = compare_checksums(first, second, found)
        return ValuesDifference(len(found), tuple(others), by_checksum=True)
    changed: list[ValueChange] = []
    if found:
        show = progress or (lambda size: nullcontext(lambda done: None))
        with show(sum(pair.bytes for pair in found)) as advance:
            changed = compare_values(first, second, found, advance, isolated=options.isolated)
    return ValuesDifference(len(found), tuple(changed))


def _read_index(model: ModelOnDisk) -> CheckpointIndex:
    directory = Path(model.description.directory)
    try:
        return read_checkpoint_index(directory)
    except FileNotFoundError:
        return CheckpointIndex(directory, 1, False, {})
    except CheckpointError as error:
        raise CheckpointError(f"{directory}: {error}") from error


def _pair_entries(
    first: CheckpointIndex,
    second: CheckpointIndex,
    pairs: tuple[tuple[Variable, Variable], ...],
) -> Iterator[ValuePair]:
    """Variables of the same shape, and whatever else both checkpoints have under one key."""
    from tfexport.comparing.values import ValuePair

    used: set[str] = set()
    for old, new in pairs:
        entries = _entry(first, old), _entry(second, new)
        if entries[0] is None or entries[1] is None:
            continue
        used.add(entries[0].key)
        if entries[0].shape == entries[1].shape:
            yield ValuePair(variable_name(old), entries[0], entries[1])
    for key, entry in sorted(first.entries.items()):
        other = second.entries.get(key)
        if entry.is_value and key not in used and other is not None and other.shape == entry.shape:
            yield ValuePair(key, entry, other)


def _entry(index: CheckpointIndex, variable: Variable) -> BundleEntry | None:
    return index.entries.get(variable.checkpoint_key or "")
