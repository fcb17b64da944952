"""Looks at what a call would execute, before anything is loaded, and stops what is dangerous."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from tfexport.errors import UnsafeModelError
from tfexport.runtime.engine import PYTHON
from tfexport.runtime.opening import Choice, ModelOnDisk
from tfexport.savedmodel.description import Signature
from tfexport.savedmodel.hazards import CRITICAL, Hazard, hazards_reached
from tfexport.savedmodel.objects import SIGNATURES, functions_at


def refuse_hazards(model: ModelOnDisk, choice: Choice) -> None:
    """Raise UnsafeModelError if the call, or loading, runs Python, writes files or the network.

    Reading the model's own assets, printing and asserting are let through. Only what the chosen
    signature or function reaches counts, and what runs when the model is loaded.
    """
    signatures = () if choice.signature is None else (choice.signature,)
    path = None if choice.function is None else choice.function.split(".")
    functions = () if path is None else functions_at(model.metagraph, path)
    _refuse(model, choice.engine, signatures, functions, "--trust")


def refuse_any_hazard(model: ModelOnDisk, engine: str) -> None:
    """Raise UnsafeModelError as ``refuse_hazards`` does, if any of the signatures is to be."""
    _refuse(model, engine, model.description.signatures, (), "trust=True")


def _refuse(
    model: ModelOnDisk,
    engine: str,
    signatures: Sequence[Signature],
    functions: Iterable[str],
    remedy: str,
) -> None:
    if engine == PYTHON:
        # There a signature is an object, which need not do what the SignatureDef of its name says.
        paths = [(SIGNATURES, signature.name) for signature in signatures]
        objects = (functions_at(model.metagraph, path) for path in paths)
        functions = dict.fromkeys(chain(functions, chain.from_iterable(objects)))
    found = hazards_reached(model.metagraph, signatures, functions)
    critical = [hazard for hazard in found if hazard.severity == CRITICAL]
    if critical:
        raise UnsafeModelError(_describe(model.description.directory, critical, remedy))


def _describe(directory: str, hazards: list[Hazard], remedy: str) -> str:
    first, others = hazards[0], len(hazards) - 1
    place = f"node '{first.node}'" if first.function is None else f"function '{first.function}'"
    target = "" if first.target is None else f" ({first.target})"
    when = "when it is loaded" if first.reached_from == "loading" else "when it is called"
    more = f" {others} more such ops are reached." if others else ""
    return (
        f"{directory} is not run: {when}, {first.op} in {place} {first.why}{target}.{more} "
        f"If you trust the model: {remedy}. All findings: tfexport check {directory}."
    )
