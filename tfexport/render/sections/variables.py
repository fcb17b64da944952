"""Variables: the largest, or all of them with where each one lies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tfexport.render.page import Block, Cell, Heading, Table
from tfexport.render.quantities import format_bytes, format_count
from tfexport.render.sections.rest import say_more
from tfexport.savedmodel.description import CheckpointTensor, ModelDescription, Variable
from tfexport.spec import format_shape

_MOST_VARIABLES = 10
_NAMELESS = re.compile(r"Variable(_\d+)?\Z")  # what TensorFlow calls one that was given no name
_TITLES = (
    "variable",
    "name",
    "dtype",
    "shape",
    "parameters",
    "size",
    "trainable",
    "device",
    "data file",
)
_NUMBERS = (4, 5)  # which of them are numbers


def show_largest_variables(model: ModelDescription) -> Iterator[Block]:
    """The largest variables, and the sum of the others."""
    if not model.variables:
        return
    yield _heading(model)
    originals = [variable for variable in model.variables if variable.copy_of is None]
    shown = originals[:_MOST_VARIABLES]
    named = any(map(_own_name, shown))
    rows = (_short_row(variable, named) for variable in shown)
    yield Table(tuple(rows), right=frozenset({3 + named, 4 + named}))
    if len(originals) > len(shown):
        yield say_more(_describe_rest(originals[len(shown) :]))


def show_variables(model: ModelDescription) -> Iterator[Block]:
    """All variables: name, path, dtype, shape, size, trainable, device and data file."""
    if not model.variables:
        yield Heading("Variables", "none")
    else:
        yield _heading(model)
        yield _long_table(model)
    yield from _show_other_tensors(model)


def _long_table(model: ModelDescription) -> Table:
    rows = [_long_row(variable, model) for variable in model.variables]
    used = [i for i in range(len(_TITLES)) if any(row[i].text for row in rows)]
    titles = tuple(Cell(title, "dim") for title in _TITLES)
    right = frozenset(used.index(i) for i in _NUMBERS)
    return Table(tuple(tuple(row[i] for i in used) for row in (titles, *rows)), right=right)


def _heading(model: ModelDescription) -> Heading:
    notes = [f"{len(model.variables):,}"]
    fixed = sum(v.parameters or 0 for v in model.variables if v.trainable is False)
    if fixed:
        notes.append(f"{fixed:,} of {format_count(model.parameters, 'parameter')} not trainable")
    copies = sum(variable.copy_of is not None for variable in model.variables)
    if copies:
        notes.append(f"{copies:,} of them copies that Keras exports")
    return Heading("Variables", ", ".join(notes))


def _describe_rest(rest: Sequence[Variable]) -> str:
    parameters = format_count(sum(variable.parameters or 0 for variable in rest), "parameter")
    size = format_bytes(sum(variable.bytes or 0 for variable in rest))
    return f"and {len(rest):,} more: {parameters}, {size}"


def _own_name(variable: Variable) -> str:
    """The variable's name where it has one that its path does not say already."""
    if variable.object_path is None or _NAMELESS.match(variable.name):
        return ""
    last = variable.object_path.rpartition(".")[2]
    return "" if variable.name.rpartition("/")[2] == last else variable.name


def _short_row(variable: Variable, named: bool) -> tuple[Cell, ...]:
    names = [Cell(variable.object_path or variable.name, "name")]
    if named:
        names.append(Cell(_own_name(variable), "dim"))
    return (*names, *_size_cells(variable))


def _size_cells(variable: Variable) -> tuple[Cell, ...]:
    return (
        Cell(variable.dtype, "type"),
        Cell(format_shape(variable.shape), "type"),
        Cell("?" if variable.parameters is None else f"{variable.parameters:,}", "number"),
        Cell("?" if variable.bytes is None else format_bytes(variable.bytes), "number"),
    )


def _long_row(variable: Variable, model: ModelDescription) -> tuple[Cell, ...]:
    trainable = {None: "?", True: "yes", False: "no"}[variable.trainable]
    return (
        Cell(variable.object_path or variable.name, "name"),
        Cell(_own_name(variable), "dim"),
        *_size_cells(variable),
        Cell(trainable if variable.copy_of is None else f"a copy of {variable.copy_of}", "dim"),
        Cell(variable.device or "", "dim"),
        Cell(_place(variable, model), "dim" if variable.checkpoint_key else "warning"),
    )


def _place(variable: Variable, model: ModelDescription) -> str:
    if variable.checkpoint_key is None or model.checkpoint is None:
        return "none"
    if variable.slices:
        return format_count(variable.slices, "slice")
    return f"{variable.shard} of {model.checkpoint.shards:,}"


def _show_other_tensors(model: ModelDescription) -> Iterator[Block]:
    known = {variable.checkpoint_key for variable in model.variables}
    stored = () if model.checkpoint is None else model.checkpoint.tensors
    others = [tensor for tensor in stored if tensor.key not in known]
    if others:
        yield Heading("Other tensors in the checkpoint", f"{len(others):,}")
        yield Table(tuple(map(_tensor_row, others)), right=frozenset({3}))


def _tensor_row(tensor: CheckpointTensor) -> tuple[Cell, ...]:
    return (
        Cell(tensor.key, "name"),
        Cell(tensor.dtype, "type"),
        Cell(format_shape(tensor.shape), "type"),
        Cell(format_bytes(tensor.bytes), "number"),
    )
