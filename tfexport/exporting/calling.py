"""The calls that a module is verified with, and what the module itself gives for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfexport.errors import UserCodeError
from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.generating import Array, generate_inputs
from tfexport.exporting.state import StateSnapshot, kept_state
from tfexport.exporting.warming import has_unknown_dimensions, run_eagerly


@dataclass(frozen=True)
class Call:
    """A signature called with arrays, and the arrays that came out."""

    signature: str
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]


@dataclass(frozen=True)
class Plan:
    """The inputs to call a method with: all of ``always``, and the first that works of ``one_of``.

    Of the sizes that unknown dimensions could have besides the first, a module may refuse some:
    one that halves images takes no odd ones.
    """

    bound: BoundMethod
    always: Sequence[Mapping[str, Array]]
    one_of: Sequence[Mapping[str, Array]] = ()


def plan_calls(
    bound: BoundMethod, samples: Sequence[Mapping[str, Array]], size: int | None
) -> Plan:
    """The user's samples, else generated inputs of ``size`` and of one more size."""
    if samples or size is None:
        return Plan(bound, samples)
    first = generate_inputs(bound, size)
    if not has_unknown_dimensions(bound):
        return Plan(bound, [first])
    return Plan(bound, [first], [generate_inputs(bound, other) for other in (size + 1, 2 * size)])


def record_calls(module: object, plans: Sequence[Plan]) -> list[Call]:
    """Call the module itself as planned, one call after the other; its state is put back.

    Raises UserCodeError where a call fails.
    """
    calls: list[Call] = []
    with kept_state(module):
        for plan in plans:
            calls.extend(_call(plan.bound, inputs) for inputs in plan.always)
            calls.extend(_call_first(module, plan))
    return calls


def repeat_calls(module: object, calls: Sequence[Call], plans: Sequence[Plan]) -> list[Call]:
    """The same calls once more, from the same state: random modules give something else."""
    bounds = {plan.bound.entry.signature: plan.bound for plan in plans}
    with kept_state(module):
        return [_call(bounds[call.signature], call.inputs) for call in calls]


def _call(bound: BoundMethod, inputs: Mapping[str, Array]) -> Call:
    outputs = run_eagerly(bound, inputs)
    arrays = {name: _as_array(tensor.numpy()) for name, tensor in outputs.items()}
    return Call(bound.entry.signature, inputs, arrays)


def _call_first(module: object, plan: Plan) -> list[Call]:
    for inputs in plan.one_of:
        before = StateSnapshot(module)
        try:
            return [_call(plan.bound, inputs)]
        except UserCodeError:
            before.restore()
    return []


def _as_array(value: object) -> Array:
    import numpy as np

    # A scalar string comes as bytes, of which numpy would make a dtype that drops trailing NULs.
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)
