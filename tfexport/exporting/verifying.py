"""Opens what was saved through the C library, and compares it with the module itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfexport.dtypes import dtype_of_numpy
from tfexport.errors import ExecutionError, FindingError, SavedModelError
from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.calling import Call, Plan, repeat_calls
from tfexport.exporting.comparing import (
    OutputDifference,
    compare_outputs,
    describe_difference,
)
from tfexport.exporting.generating import Array
from tfexport.exporting.results import Verification
from tfexport.exporting.warming import display_inputs
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.engine import choose_engine, open_engine
from tfexport.savedmodel.reader import read_description
from tfexport.spec import TensorSpec


def verify(
    stage: Path,
    module: object,
    plans: Sequence[Plan],
    calls: Sequence[Call],
    tolerance: float | None = None,
) -> list[Verification]:
    """Make the calls on the SavedModel in ``stage``, and compare what it gives.

    Raises FindingError for the first call whose outputs are too far from the module's own.
    """
    results = _call_saved(stage, calls)
    differences = [
        compare_outputs(call.outputs, result, tolerance)
        for call, result in zip(calls, results, strict=True)
    ]
    random = _find_random(module, plans, calls, differences)
    for call, found in zip(calls, differences, strict=True):
        _check(call, found, random)
    return [_summarise(plan, calls, differences, random) for plan in plans]


def _call_saved(stage: Path, calls: Sequence[Call]) -> list[Mapping[str, Array]]:
    description = read_description(stage)
    with open_engine(choose_engine(None), description, SessionConfig()) as engine:
        results: list[Mapping[str, Array]] = []
        for call in calls:
            signature = description.signature(call.signature)
            if signature is None:
                raise SavedModelError(f"The signature '{call.signature}' was not saved.")
            try:
                results.append(engine.prepare(signature)(call.inputs))
            except ExecutionError as error:
                raise FindingError(
                    f"Verification failed: the module takes {display_inputs(call.inputs)}, and "
                    f"what was saved does not. {error}",
                    detail=error.detail,
                ) from None
        return results


def _find_random(
    module: object,
    plans: Sequence[Plan],
    calls: Sequence[Call],
    differences: Sequence[Sequence[OutputDifference]],
) -> set[str]:
    """The signatures whose outputs differ from one eager call to the next."""
    if not any(found.is_too_large for call in differences for found in call):
        return set()
    again = repeat_calls(module, calls, plans)
    return {
        call.signature
        for call, other in zip(calls, again, strict=True)
        if any(found.is_too_large for found in compare_outputs(call.outputs, other.outputs))
    }


def _check(call: Call, differences: Sequence[OutputDifference], random: set[str]) -> None:
    for found in differences:
        if not found.is_too_large:
            continue
        if call.signature in random and not _differs_in_kind(found):
            continue
        raise FindingError(
            f"Verification failed: signature '{call.signature}', called with "
            f"{display_inputs(call.inputs)}, gives something else than the module. "
            f"{describe_difference(found)}"
        )


def _differs_in_kind(found: OutputDifference) -> bool:
    """In dtype or shape, or missing: where no element could be compared."""
    return found.problem is not None and not found.expected


def _summarise(
    plan: Plan,
    calls: Sequence[Call],
    differences: Sequence[Sequence[OutputDifference]],
    random: set[str],
) -> Verification:
    name = plan.bound.entry.signature
    own = [(c, d) for c, d in zip(calls, differences, strict=True) if c.signature == name]
    found = [difference for _, call in own for difference in call]
    return Verification(
        name,
        tuple(_specs(call.inputs) for call, _ in own),
        max((difference.absolute for difference in found), default=0.0),
        max((difference.relative for difference in found), default=0.0),
        name in random,
        _keeps_a_size(plan.bound, [call.inputs for call, _ in own]),
    )


def _keeps_a_size(bound: BoundMethod, calls: Sequence[Mapping[str, Array]]) -> bool:
    """Whether some unknown dimension had the same size in all calls."""
    return any(
        len({inputs[leaf.name].shape[part] for inputs in calls}) < 2
        for leaf in bound.leaves
        for part in _unknown_parts(leaf.value.shape)
    )


def _unknown_parts(shape: Any) -> list[slice]:
    """Where a shape leaves something unknown: each such dimension, or all of an unknown rank."""
    if shape.rank is None:
        return [slice(None)]
    sizes = shape.as_list()
    return [slice(axis, axis + 1) for axis, size in enumerate(sizes) if size is None]


def _specs(inputs: Mapping[str, Array]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name, dtype_of_numpy(array.dtype), array.shape) for name, array in inputs.items()
    )
