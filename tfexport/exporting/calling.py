"""The calls that a module is verified with, and what the module itself gives for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfexport.errors import UserCodeError
from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.generating import Array, Sizes, generate_inputs
from tfexport.exporting.keeping import kept_state
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
    bound: BoundMethod, samples: Sequence[Mapping[str, Array]], sizes: Sizes | None
) -> Plan:
    """The user's samples, else generated inputs of ``sizes`` and of others.

    All dimensions grow by one, else all are doubled, else only one kind of them grows.
    """
    if samples or sizes is None:
        return Plan(bound, samples)
    first = generate_inputs(bound, sizes)
    if not has_unknown_dimensions(bound):
        return Plan(bound, [first])
    rows, others = sizes.rows, sizes.others
    larger = [
        Sizes(rows + 1, others + 1),
        Sizes(2 * rows, 2 * others),
        Sizes(rows + 1, others),
        Sizes(rows, others + 1),
    ]
    candidates = [generate_inputs(bound, other) for other in larger]
    return Plan(bound, [first], [inputs for inputs in candidates if _differs(inputs, first)])


def _differs(inputs: Mapping[str, Array], others: Mapping[str, Array]) -> bool:
    return any(inputs[name].shape != others[name].shape for name in inputs)


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
        try:
            with kept_state(module, on_failure_only=True):
                return [_call(plan.bound, inputs)]
        except UserCodeError:
            continue
    return []


def _as_array(value: object) -> Array:
    import numpy as np

    # A scalar string comes as bytes, of which numpy would make a dtype that drops trailing NULs.
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)
