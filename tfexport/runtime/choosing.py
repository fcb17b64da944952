"""Which signature is meant, and which of its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfexport.errors import SavedModelError, UsageError
from tfexport.savedmodel.description import ModelDescription, Signature
from tfexport.suggestions import did_you_mean

DEFAULT_SIGNATURE = "serving_default"


def choose_signature(description: ModelDescription, name: str | None = None) -> Signature:
    """The signature called ``name``; without a name ``serving_default``, else the only one.

    Raises UsageError that lists them where the name is wrong or has to be given, and
    SavedModelError where the model has none.
    """
    if not description.signatures:
        raise SavedModelError(_no_signature(description))
    found = description.signature(DEFAULT_SIGNATURE if name is None else name)
    if found is None and name is None and len(description.signatures) == 1:
        return description.signatures[0]
    if found is not None:
        return found
    names = [signature.name for signature in description.signatures]
    if name is None:
        raise UsageError(
            f"{description.directory} has {len(names)} signatures and no {DEFAULT_SIGNATURE}. "
            f"Choose one with --signature: {', '.join(names)}."
        )
    raise UsageError(
        f"No signature '{name}' in {description.directory}.{did_you_mean(name, names)} "
        f"It has: {', '.join(names)}."
    )


def _no_signature(description: ModelDescription) -> str:
    functions = [function.path for function in description.functions]
    if not functions:
        return f"{description.directory} has no signature and no function: nothing to run."
    return (
        f"{description.directory} has no signature. "
        f"Call one of its functions with --function: {', '.join(functions)}."
    )


def check_outputs(signature: Signature, select: Sequence[str]) -> None:
    """Raise UsageError if ``select`` names an output that ``signature`` does not have."""
    names = [tensor.name for tensor in signature.outputs]
    for name in select:
        if name not in names:
            raise UsageError(
                f"No output '{name}' in signature '{signature.name}'."
                f"{did_you_mean(name, names)} It has: {', '.join(names)}."
            )


def check_inputs(signature: Signature, given: Iterable[str]) -> None:
    """Raise UsageError if ``given`` names an input that ``signature`` does not have."""
    names = [tensor.name for tensor in signature.inputs]
    for name in given:
        if name not in names:
            raise UsageError(
                f"No input '{name}' in signature '{signature.name}'."
                f"{did_you_mean(name, names)} It has: {', '.join(names) or 'no inputs'}."
            )


def unknown_function(path: str, known: Sequence[str]) -> UsageError:
    """What to raise for a function that the model does not have; ``known`` are those it has."""
    return UsageError(
        f"No function '{path}' in the model.{did_you_mean(path, known)} "
        f"It has: {', '.join(known) or 'none'}."
    )
