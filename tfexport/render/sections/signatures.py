"""Signatures: all of them in short, or one with everything that is known about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfexport.render.page import Block, Cell, Heading, Line, Table
from tfexport.render.sections.rest import say_more, write_words
from tfexport.savedmodel.description import Signature, SignatureTensor
from tfexport.spec import format_shape

_MOST_SIGNATURES = 8
_MOST_TENSORS = 16
_PREDICT = "tensorflow/serving/predict"

_ENCODINGS = {
    "sparse": "a sparse tensor in COO encoding: its values, the index of each, the dense shape.",
    "composite": "a composite tensor, passed as its parts in this order.",
    "none": "nothing in the graph stands for it.",
}


def show_signatures(signatures: Sequence[Signature]) -> Iterator[Block]:
    """Each signature's inputs and outputs: name, dtype, shape, and what is special."""
    if not signatures:
        return
    yield Heading("Signatures")
    shown = signatures[:_MOST_SIGNATURES]
    yield Table(tuple(row for signature in shown for row in _rows(signature)), indent=4)
    if len(signatures) > len(shown):
        names = ", ".join(signature.name for signature in signatures[len(shown) :])
        yield say_more(f"and {len(signatures) - len(shown)} more: {names}")


def show_signature(signature: Signature) -> Iterator[Block]:
    """One signature with the graph's tensor names, defaults, and how each tensor is encoded."""
    yield Heading(signature.name, signature.method_name)
    rows = [
        row
        for direction, tensors in _directions(signature)
        for tensor in tensors
        for row in _detailed_rows(direction, tensor)
    ]
    yield Table(tuple(rows))
    for _, tensors in _directions(signature):
        for tensor in tensors:
            yield from _explain(tensor)


def _directions(signature: Signature) -> tuple[tuple[str, tuple[SignatureTensor, ...]], ...]:
    return ("in", signature.inputs), ("out", signature.outputs)


def _rows(signature: Signature) -> Iterator[tuple[Cell, ...] | Line]:
    kind = () if signature.method_name == _PREDICT else (Cell(signature.method_name, "dim"),)
    yield Line((Cell(signature.name, "name"), *kind), indent=2, separator="  ")
    for direction, tensors in _directions(signature):
        for tensor in tensors[:_MOST_TENSORS]:
            yield (*_row(direction, tensor), _note(tensor))
        if len(tensors) > _MOST_TENSORS:
            more = Cell(f"and {len(tensors) - _MOST_TENSORS:,} more", "dim")
            yield Line((Cell(direction, "dim"), more), indent=4, separator="  ")


def _row(direction: str, tensor: SignatureTensor) -> tuple[Cell, ...]:
    return (
        Cell(direction, "dim"),
        Cell(tensor.name),
        Cell(tensor.dtype, "type"),
        Cell(format_shape(tensor.shape), "type"),
    )


def _note(tensor: SignatureTensor) -> Cell:
    if tensor.contradicted:
        return Cell(f"the graph says {tensor.graph_spec.display()}", "warning")
    if tensor.default is not None:
        return Cell(f"default {tensor.default.value}", "dim")
    if tensor.encoding == "composite":
        return Cell(tensor.type_spec or "composite", "dim")
    return Cell("" if tensor.encoding == "dense" else tensor.encoding, "dim")


def _detailed_rows(direction: str, tensor: SignatureTensor) -> Iterator[tuple[Cell, ...]]:
    yield (*_row(direction, tensor), Cell(tensor.tensor_name or tensor.encoding, "dim"))
    for part in tensor.components:
        for row in _detailed_rows("", part):
            yield (row[0], Cell(f"  .{row[1].text.lstrip()}", "dim"), *row[2:])


def _explain(tensor: SignatureTensor) -> Iterator[Block]:
    if tensor.contradicted:
        graph = (
            f"{tensor.name}: the graph says {tensor.graph_spec.display()}, and the graph is right."
        )
        yield write_words(graph, "warning")
    if tensor.default is not None:
        yield write_words(f"{tensor.name} defaults to {tensor.default.value}.", "dim")
    if tensor.encoding in _ENCODINGS:
        kind = f"{tensor.type_spec}, " if tensor.type_spec else ""
        yield write_words(f"{tensor.name}: {kind}{_ENCODINGS[tensor.encoding]}", "dim")
