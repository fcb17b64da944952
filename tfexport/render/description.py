"""A ModelDescription as a page: the one screen that says what a SavedModel is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from tfexport.render.page import Block, Cell, Heading, Line, Page, Table
from tfexport.render.quantities import format_bytes, format_count
from tfexport.savedmodel.description import (
    Asset,
    Function,
    ModelDescription,
    ModelWarning,
    Provenance,
    Signature,
    SignatureTensor,
    Variable,
)
from tfexport.spec import format_shape

_MOST_SIGNATURES = 8
_MOST_TENSORS = 12
_MOST_VARIABLES = 10
_MOST_FUNCTIONS = 8
_MOST_ASSETS = 8
_PREDICT = "tensorflow/serving/predict"


def describe_model(model: ModelDescription) -> Page:
    """The default page: what a user of the model needs, on one screen."""
    return Page(
        (
            *_header(model),
            *_signatures(model.signatures),
            *_variables(model),
            *_functions(model.functions),
            *_assets(model.assets),
            *warnings_section(model.warnings),
        )
    )


def _header(model: ModelDescription) -> Iterator[Block]:
    facts = [Cell(model.name or model.directory, "title"), *_facts(model)]
    yield Line(tuple(facts), separator=" · ")
    if model.other_versions:
        others = ", ".join(map(str, model.other_versions))
        yield Line((Cell(f"other versions: {others}", "dim"),), indent=2)
    if model.other_tags:
        others = "; ".join(",".join(tags) or "no tags" for tags in model.other_tags)
        yield Line((Cell(f"other metagraphs, by --tags: {others}", "dim"),), indent=2)
    if model.provenance is not None:
        yield Line(tuple(_provenance(model.provenance)), indent=2)


def _facts(model: ModelDescription) -> Iterator[Cell]:
    if model.version is not None:
        yield Cell(f"version {model.version}")
    yield Cell(f"TensorFlow {model.tensorflow_version or 'of unknown version'}")
    yield Cell(f"tags {','.join(model.tags)}" if model.tags else "no tags")
    yield Cell(f"{format_bytes(model.size)} on disk")
    if model.variables:
        parameters = format_count(model.parameters, "parameter")
        yield Cell(f"{parameters} ({format_bytes(model.variable_bytes)})")


def _provenance(provenance: Provenance) -> Iterator[Cell]:
    parts = ["saved by tfexport"]
    if provenance.target:
        parts.append(f"from {provenance.target}")
    if provenance.created:
        parts.append(f"on {provenance.created}")
    if provenance.versions:
        parts.append(f"with {', '.join(provenance.versions)}")
    return (Cell(part, "dim") for part in parts)


def _signatures(signatures: Sequence[Signature]) -> Iterator[Block]:
    if not signatures:
        return
    yield Heading("Signatures")
    shown = signatures[:_MOST_SIGNATURES]
    yield Table(tuple(row for signature in shown for row in _signature_rows(signature)), indent=4)
    if len(signatures) > len(shown):
        names = ", ".join(signature.name for signature in signatures[len(shown) :])
        yield _more(f"and {len(signatures) - len(shown)} more: {names}")


def _signature_rows(signature: Signature) -> Iterator[tuple[Cell, ...] | Line]:
    kind = () if signature.method_name == _PREDICT else (Cell(signature.method_name, "dim"),)
    yield Line((Cell(signature.name, "name"), *kind), indent=2, separator="  ")
    for direction, tensors in (("in", signature.inputs), ("out", signature.outputs)):
        for tensor in tensors[:_MOST_TENSORS]:
            yield tensor_row(direction, tensor)
        if len(tensors) > _MOST_TENSORS:
            yield Line((Cell(f"and {len(tensors) - _MOST_TENSORS} more", "dim"),), indent=4)


def tensor_row(direction: str, tensor: SignatureTensor) -> tuple[Cell, ...]:
    """``in  x  float32  [?, 5]``, and a note on what is special about it."""
    return (
        Cell(direction, "dim"),
        Cell(tensor.name),
        Cell(tensor.dtype, "type"),
        Cell(format_shape(tensor.shape), "type"),
        _tensor_note(tensor),
    )


def _tensor_note(tensor: SignatureTensor) -> Cell:
    if tensor.contradicted:
        return Cell(f"the graph says {tensor.graph_spec.display()}", "warning")
    if tensor.default is not None:
        return Cell(f"default {tensor.default.value}", "dim")
    if tensor.encoding == "composite":
        return Cell(tensor.type_spec or "composite", "dim")
    return Cell("" if tensor.encoding == "dense" else tensor.encoding, "dim")


def _variables(model: ModelDescription) -> Iterator[Block]:
    if not model.variables:
        return
    total = f"{format_count(model.parameters, 'parameter')}, {format_bytes(model.variable_bytes)}"
    yield Heading("Variables", f"{len(model.variables):,}: {total}")
    shown = model.variables[:_MOST_VARIABLES]
    yield variable_table(shown)
    rest = model.variables[_MOST_VARIABLES:]
    if rest:
        parameters = format_count(sum(v.parameters or 0 for v in rest), "parameter")
        size = format_bytes(sum(v.bytes or 0 for v in rest))
        yield _more(f"and {len(rest):,} more: {parameters}, {size}")


def variable_table(variables: Sequence[Variable]) -> Table:
    """Name, dtype, shape, parameters and bytes, a row a variable."""
    return Table(tuple(map(_variable_row, variables)), right=frozenset({3, 4}))


def _variable_row(variable: Variable) -> tuple[Cell, ...]:
    return (
        Cell(variable.object_path or variable.name, "name"),
        Cell(variable.dtype, "type"),
        Cell(format_shape(variable.shape), "type"),
        Cell("?" if variable.parameters is None else f"{variable.parameters:,}", "number"),
        Cell("?" if variable.bytes is None else format_bytes(variable.bytes), "number"),
    )


def _functions(functions: Sequence[Function]) -> Iterator[Block]:
    if not functions:
        return
    yield Heading("Functions")
    for function in islice(functions, _MOST_FUNCTIONS):
        yield Line(function_cells(function), indent=2, separator="")
    if len(functions) > _MOST_FUNCTIONS:
        yield _more(f"and {len(functions) - _MOST_FUNCTIONS:,} more")


def function_cells(function: Function) -> tuple[Cell, ...]:
    """``encode(x)``, the name and its Python parameters."""
    return Cell(function.path, "name"), Cell(function.signature or "(…)")


def _assets(assets: Sequence[Asset]) -> Iterator[Block]:
    if not assets:
        return
    yield Heading("Assets")
    yield Table(tuple(map(_asset_row, assets[:_MOST_ASSETS])), right=frozenset({1}))
    if len(assets) > _MOST_ASSETS:
        yield _more(f"and {len(assets) - _MOST_ASSETS:,} more")


def _asset_row(asset: Asset) -> tuple[Cell, ...]:
    size = Cell("missing", "warning") if asset.size is None else Cell(format_bytes(asset.size))
    unused = "" if asset.tensor_names else "not read by the graph"
    return Cell(asset.filename, "name"), size, Cell(unused, "dim")


def warnings_section(warnings: Sequence[ModelWarning]) -> Iterator[Block]:
    """One line each; nothing at all where there are none."""
    if not warnings:
        return
    yield Heading("Warnings")
    for warning in warnings:
        words = tuple(Cell(word, "warning") for word in warning.message.split(" "))
        yield Line(words, indent=2)


def _more(text: str) -> Line:
    return Line(tuple(Cell(word, "dim") for word in text.split(" ")), indent=2)
