"""A ModelDescription as a page: one screen by default, or the parts that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tfexport.render.page import Block, Page
from tfexport.render.sections.files import show_assets, show_origin
from tfexport.render.sections.functions import show_functions, show_nearest_functions
from tfexport.render.sections.header import show_header
from tfexport.render.sections.signatures import show_signature, show_signatures
from tfexport.render.sections.variables import show_largest_variables, show_variables
from tfexport.render.sections.warnings import show_warnings
from tfexport.savedmodel.description import ModelDescription, Signature


def describe_model(model: ModelDescription) -> Page:
    """What a user of the model needs, on one screen."""
    return Page(
        (
            *show_header(model),
            *show_signatures(model.signatures),
            *show_largest_variables(model),
            *show_nearest_functions(model.functions),
            *show_assets(model),
            *show_warnings(model.warnings),
        )
    )


def describe_everything(model: ModelDescription) -> Page:
    """The header, every part in full, and the warnings."""
    return Page(
        (
            *show_header(model),
            *_blocks_of_signatures(model.signatures),
            *(block for part in PARTS for block in PARTS[part](model)),
            *show_assets(model, most=None),
            *show_origin(model),
            *show_warnings(model.warnings),
        )
    )


def describe_parts(
    model: ModelDescription, parts: Iterable[str], signatures: Iterable[Signature] = ()
) -> Page:
    """Only these: some of PARTS, each in full, after the details of ``signatures``."""
    blocks = [*_blocks_of_signatures(signatures)]
    for part in parts:
        blocks += PARTS[part](model)
    return Page(tuple(blocks))


def _blocks_of_signatures(signatures: Iterable[Signature]) -> Iterator[Block]:
    for signature in signatures:
        yield from show_signature(signature)


def _show_objects(model: ModelDescription) -> Iterator[Block]:
    from tfexport.render.sections.objects import show_objects  # rarely asked for

    return show_objects(model.objects)


def _show_ops(model: ModelDescription) -> Iterator[Block]:
    from tfexport.render.sections.ops import show_ops

    return show_ops(model.graph)


PARTS: dict[str, Callable[[ModelDescription], Iterator[Block]]] = {
    "variables": show_variables,
    "functions": lambda model: show_functions(model.functions),
    "objects": _show_objects,
    "ops": _show_ops,
}
"""The parts that can be asked for, in the order in which they are shown."""
