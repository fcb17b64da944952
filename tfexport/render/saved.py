"""What ``tfexport save`` ends with: the model, what was verified, the next command to type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfexport.render.description import describe_model
from tfexport.render.escaping import printable
from tfexport.render.page import Block, Cell, Heading, Line, Page, Table
from tfexport.savedmodel.description import ModelDescription
from tfexport.spec import TensorSpec

if TYPE_CHECKING:
    from tfexport.exporting.results import SaveResult, Verification


@dataclass(frozen=True)
class SaveReport:
    """What ``--json`` adds to the description of the model."""

    verified: tuple[Verification, ...]
    notes: tuple[str, ...]


def describe_saved(model: ModelDescription, result: SaveResult) -> Page:
    """The page of the model as ``inspect`` shows it, and what was verified."""
    return Page(
        (
            *describe_model(model).blocks,
            Heading("Verified"),
            *_verified(result.verified),
        )
    )


def render_next(result: SaveResult) -> str:
    """The last section: a command to type, which is never cut off or wrapped."""
    return f"\nNext\n  {printable(_next_command(result))}\n"


def _next_command(result: SaveResult) -> str:
    directory = shlex.quote(str(result.directory))
    if result.inputs is None:
        return f"tfexport inspect {directory}"
    signature = result.inputs.signature
    chosen = "" if signature == "serving_default" else f" --signature {shlex.quote(signature)}"
    file = shlex.quote(str(result.directory / result.inputs.file))
    return f"tfexport run {directory}{chosen} --input {file}"


def _verified(verified: Sequence[Verification]) -> Iterator[Block]:
    if not verified:
        yield Line((Cell("nothing: what was saved was not called", "warning"),), indent=2)
        return
    yield Table(tuple(_row(found) for found in verified))


def _row(found: Verification) -> tuple[Cell, ...]:
    inputs = " and ".join(_shapes(specs) for specs in found.calls)
    return (Cell(found.signature, "name"), Cell(_outcome(found), "good"), Cell(inputs, "dim"))


def _outcome(found: Verification) -> str:
    if found.random:
        return "random: same dtypes and shapes as the module"
    sizes = _sizes(found)
    if found.absolute == 0:
        return f"equal to the module{sizes}"
    return f"within {found.absolute:.1e} of the module (relative {found.relative:.1e}){sizes}"


def _sizes(found: Verification) -> str:
    if not found.one_size:
        return ""
    return ", at one size only" if len(found.calls) < 2 else ", at one size of some dimensions"


def _shapes(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"{spec.name} {spec.display()}" for spec in specs) or "no input"
