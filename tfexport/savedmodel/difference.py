"""Two ModelDescriptions side by side: what a client of the one would find changed in the other.

A change is *breaking* where a client of A's signatures would fail on B: a signature or an input
or an output is gone, an input has to be given that did not exist or had a default, takes another
dtype or fewer shapes, an output has another dtype or a shape that A ruled out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from tfexport.records import dataclass
from tfexport.savedmodel.description import (
    Function,
    ModelDescription,
    OpCount,
    Signature,
    SignatureTensor,
    Variable,
)
from tfexport.savedmodel.ordering import natural_key
from tfexport.spec import Shape, TensorSpec, format_shape

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

Item = TypeVar("Item")


@dataclass(frozen=True)
class Change:
    """One thing that is different.

    ``kind`` is ``added``, ``removed`` or ``changed``; ``name`` what it is about; ``before`` and
    ``after`` say what it was and is, as text, None where it was or is not there. ``why`` is set
    where the change is breaking.
    """

    kind: str
    name: str
    before: str | None = None
    after: str | None = None
    breaking: bool = False
    why: str | None = None


@dataclass(frozen=True)
class SignatureChange:
    """A signature that was added, removed, or has other inputs and outputs.

    ``inputs`` and ``outputs`` list only what changed.
    """

    kind: str
    name: str
    breaking: bool
    inputs: tuple[Change, ...] = ()
    outputs: tuple[Change, ...] = ()
    method: Change | None = None


@dataclass(frozen=True)
class OpChange:
    """How often an op stands in the models, TensorFlow's own saving and restoring left out."""

    op: str
    before: int
    after: int


def compare_signatures(
    first: Iterable[Signature], second: Iterable[Signature]
) -> tuple[SignatureChange, ...]:
    """What changed between the signatures, in the order of their names."""
    before, after = _by_name(first), _by_name(second)
    return tuple(
        change
        for name in _names(before, after)
        if (change := _compare_signature(name, before.get(name), after.get(name))) is not None
    )


def compare_variables(
    first: Iterable[Variable], second: Iterable[Variable]
) -> tuple[tuple[Change, ...], tuple[tuple[Variable, Variable], ...]]:
    """Variables that were added, removed or have another dtype or shape, and the pairs to compare.

    Two variables are one where they have the same name, if that tells all of them apart, and
    otherwise where they hang in the same place: Keras puts its variables into lists without order.
    """
    before, after = _match_variables(list(first), list(second))
    changes, pairs = [], []
    for name in _names(before, after):
        old, new = before.get(name), after.get(name)
        if old is not None and new is not None:
            pairs.append((old, new))
        texts = _kind_of(old), _kind_of(new)
        if texts[0] != texts[1]:
            changes.append(_change(name, *texts))
    return tuple(changes), tuple(pairs)


def compare_ops(first: Iterable[OpCount], second: Iterable[OpCount]) -> tuple[OpChange, ...]:
    """Ops of which there are more or fewer, those that changed most first."""
    before = {count.op: count.own for count in first}
    after = {count.op: count.own for count in second}
    changes = [OpChange(op, before.get(op, 0), after.get(op, 0)) for op in {**before, **after}]
    changed = (change for change in changes if change.before != change.after)
    return tuple(sorted(changed, key=lambda c: (-abs(c.after - c.before), c.op)))


def compare_functions(first: Iterable[Function], second: Iterable[Function]) -> tuple[Change, ...]:
    """The functions of the loaded object: gone, new, or with other parameters or traces."""
    return _compare_texts(
        {function.path: _describe_function(function) for function in first},
        {function.path: _describe_function(function) for function in second},
    )


def compare_versions(first: ModelDescription, second: ModelDescription) -> tuple[Change, ...]:
    """The TensorFlow that they were made with, and their tags."""
    return _compare_texts(_versions(first), _versions(second))


def compare_texts(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Change, ...]:
    """Texts by name: those that were added, removed, or are others."""
    return _compare_texts(first, second)


def _match_variables(
    first: list[Variable], second: list[Variable]
) -> tuple[dict[str, Variable], dict[str, Variable]]:
    own = [[variable for variable in side if variable.copy_of is None] for side in (first, second)]
    names = [sorted(variable.name for variable in side) for side in own]
    by_name = names[0] == names[1] and len(set(names[0])) == len(names[0])
    if not by_name:
        before, after = ({variable_name(v): v for v in side} for side in own)
        return before, after
    shown = {variable.name: variable_name(variable) for variable in own[0]}
    before, after = ({shown[variable.name]: variable for variable in side} for side in own)
    return before, after


def variable_name(variable: Variable) -> str:
    """What a variable goes by: its place in the object tree, else its name."""
    return variable.object_path or variable.name


def _by_name(signatures: Iterable[Signature]) -> dict[str, Signature]:
    return {signature.name: signature for signature in signatures}


def _names(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted({**before, **after}, key=natural_key)


def _compare_signature(
    name: str, old: Signature | None, new: Signature | None
) -> SignatureChange | None:
    if old is None or new is None:
        kind = ADDED if old is None else REMOVED
        return SignatureChange(kind, name, breaking=kind == REMOVED)
    inputs = _compare_tensors(old.inputs, new.inputs, _judge_input)
    outputs = _compare_tensors(old.outputs, new.outputs, _judge_output)
    method = None
    if old.method_name != new.method_name:
        why = "another kind of call"
        method = Change(CHANGED, "method", old.method_name, new.method_name, True, why)
    if not (inputs or outputs or method):
        return None
    breaking = any(change.breaking for change in (*inputs, *outputs, *filter(None, [method])))
    return SignatureChange(CHANGED, name, breaking, inputs, outputs, method)


Judge = Callable[["SignatureTensor | None", "SignatureTensor | None"], "str | None"]


def _compare_tensors(
    first: Iterable[SignatureTensor], second: Iterable[SignatureTensor], judge: Judge
) -> tuple[Change, ...]:
    before = {tensor.name: tensor for tensor in first}
    after = {tensor.name: tensor for tensor in second}
    changes = []
    for name in _names(before, after):
        old, new = before.get(name), after.get(name)
        texts = _describe_tensor(old), _describe_tensor(new)
        if texts[0] != texts[1]:
            changes.append(_change(name, *texts, why=judge(old, new)))
    return tuple(changes)


def _judge_input(old: SignatureTensor | None, new: SignatureTensor | None) -> str | None:
    """Why a client that feeds ``old`` would fail on ``new``, None where it would not."""
    if new is None:
        return "a client gives it, and it is not there any more"
    if old is None:
        return None if new.default is not None else "it must be given"
    if old.default is not None and new.default is None:
        return "it has no default any more"
    return _judge_kind(old, new) or _judge_shape(old.graph_spec, new.graph_spec)


def _judge_output(old: SignatureTensor | None, new: SignatureTensor | None) -> str | None:
    if new is None:
        return "a client reads it, and it is not there any more"
    if old is None:
        return None
    kind = _judge_kind(old, new)
    if kind is not None:
        return kind
    if not _can_agree(old.graph_spec.shape, new.graph_spec.shape):
        return "another shape"
    return None


def _judge_kind(old: SignatureTensor, new: SignatureTensor) -> str | None:
    if old.graph_spec.dtype != new.graph_spec.dtype:
        return "another dtype"
    if (old.encoding, old.type_spec) != (new.encoding, new.type_spec):
        return "another encoding"
    return None


def _judge_shape(old: TensorSpec, new: TensorSpec) -> str | None:
    if new.shape is None:
        return None
    if old.shape is None:
        return "a narrower shape"
    if len(old.shape) != len(new.shape):
        return "another rank"
    pairs = list(zip(old.shape, new.shape, strict=True))
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        return "another shape"
    if any(before is None and after is not None for before, after in pairs):
        return "a narrower shape"
    return None


def _can_agree(old: Shape | None, new: Shape | None) -> bool:
    if old is None or new is None:
        return True
    if len(old) != len(new):
        return False
    return all(a is None or b is None or a == b for a, b in zip(old, new, strict=True))


def _change(name: str, before: str | None, after: str | None, why: str | None = None) -> Change:
    kind = ADDED if before is None else REMOVED if after is None else CHANGED
    return Change(kind, name, before, after, why is not None, why)


def _describe_tensor(tensor: SignatureTensor | None) -> str | None:
    if tensor is None:
        return None
    text = tensor.graph_spec.display()
    if tensor.encoding != "dense":
        text += f" {tensor.type_spec or tensor.encoding}"
    if tensor.default is not None:
        text += f", default {tensor.default.value}"
    return text


def _kind_of(variable: Variable | None) -> str | None:
    if variable is None:
        return None
    frozen = "" if variable.trainable is not False else ", not trainable"
    return f"{variable.dtype} {format_shape(variable.shape)}{frozen}"


def _describe_function(function: Function) -> str:
    traces = sorted({f"{found.inputs} -> {found.output}" for found in function.concrete_functions})
    return f"{function.signature or '(…)'}: {'; '.join(traces) or 'never traced'}"


def _versions(model: ModelDescription) -> dict[str, str]:
    texts = {
        "TensorFlow": model.tensorflow_version,
        "tags": ",".join(model.tags) or None,
        "file": model.file,
        "Keras": None if model.keras is None else model.keras.keras_version,
    }
    return {name: text for name, text in texts.items() if text is not None}


def _compare_texts(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Change, ...]:
    return tuple(
        _change(name, first.get(name), second.get(name))
        for name in _names(first, second)
        if first.get(name) != second.get(name)
    )
