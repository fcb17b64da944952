"""Looks at what a call would execute, before anything is loaded, and stops what is dangerous."""

from __future__ import annotations

from collections.abc import Iterable

from tfexport.errors import UnsafeModelError
from tfexport.runtime.opening import Choice, ModelOnDisk
from tfexport.savedmodel.hazards import CRITICAL, Hazard, hazards_reached


def refuse_hazards(model: ModelOnDisk, choice: Choice) -> None:
    """Raise UnsafeModelError if the call, or loading, runs Python, writes files or the network.

    Reading the model's own assets, printing and asserting are let through. Only what the chosen
    signature or function reaches counts, and what runs when the model is loaded.
    """
    functions = [] if choice.function is None else _concrete_names(model, choice.function)
    found = hazards_reached(model.metagraph, choice.signature, functions)
    critical = [hazard for hazard in found if hazard.severity == CRITICAL]
    if critical:
        raise UnsafeModelError(_describe(model.description.directory, critical))


def _concrete_names(model: ModelOnDisk, path: str) -> Iterable[str]:
    for function in model.description.functions:
        if function.path == path:
            yield from (concrete.name for concrete in function.concrete_functions)


def _describe(directory: str, hazards: list[Hazard]) -> str:
    first, others = hazards[0], len(hazards) - 1
    place = f"node '{first.node}'" if first.function is None else f"function '{first.function}'"
    target = "" if first.target is None else f" ({first.target})"
    when = "when it is loaded" if first.reached_from == "loading" else "when it is called"
    more = f" {others} more such ops are reached." if others else ""
    return (
        f"{directory} is not run: {when}, {first.op} in {place} {first.why}{target}.{more} "
        f"If you trust the model: --trust. All findings: tfexport check {directory}."
    )
