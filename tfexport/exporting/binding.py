"""Specs and constants onto the parameters of a method: what each is when it is traced."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfexport.errors import SpecError, TfexportError, UsageError
from tfexport.exporting.callables import BY_POSITION, Method, describe_method, variable_names
from tfexport.exporting.outputs import is_servable_name
from tfexport.exporting.specs import (
    DEFAULT_SIGNATURE,
    Constant,
    Entry,
    InputSpec,
    OutputName,
)
from tfexport.exporting.structures import Leaf, list_leaves
from tfexport.exporting.type_specs import as_type, narrow, with_names

# Annotations and defaults that tell a parameter to be a plain Python value.
_PYTHON_TYPES = {"bool": "False", "int": "1", "float": "1.0", "str": "''"}


@dataclass(frozen=True)
class MissingSpecs:
    """What the method of ``entry`` has no spec for.

    ``tensors`` are the names of parameters, ``constants`` texts like ``training=False`` for those
    that are no tensors by their annotations; each with the signature's name before it where that
    is needed.
    """

    entry: Entry
    tensors: tuple[str, ...]
    constants: tuple[str, ...]


class MissingSpecError(SpecError):
    """Methods have no spec for some of their parameters; ``missing`` says which, by method."""

    def __init__(self, message: str, missing: Sequence[MissingSpecs]) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


@dataclass(frozen=True)
class BoundMethod:
    """A method, and what each of its parameters is in one signature.

    ``arguments`` are structures of ``tf.TypeSpec``, ``constants`` Python values; parameters in
    neither keep their defaults. ``renames`` are the new names of its outputs.
    """

    entry: Entry
    method: Method
    arguments: Mapping[str, Any]
    constants: Mapping[str, Any]
    renames: tuple[OutputName, ...] = ()

    @property
    def leaves(self) -> list[Leaf]:
        """The dense tensors that the signature takes, by name, in order."""
        return [leaf for name, value in self.arguments.items() for leaf in list_leaves(name, value)]


def bind_methods(
    module: object,
    entries: Sequence[Entry],
    specs: Sequence[InputSpec],
    constants: Sequence[Constant] = (),
    renames: Sequence[OutputName] = (),
) -> list[BoundMethod]:
    """Give each entry what is meant for it.

    Raises SpecError where specs do not fit the parameters (MissingSpecError, for all entries
    together, where there are too few), UsageError where anything names a signature that is not
    there.
    """
    names = [entry.signature for entry in entries]
    for name in names:
        if not is_servable_name(name):
            raise UsageError(f"'{name}' is a signature's name that no server accepts.")
    for error, kind, given in (
        (SpecError, "Spec", specs),
        (UsageError, "Constant", constants),
        (UsageError, "Output name", renames),
    ):
        for item in given:
            check_signature(error, kind, item, names)
    bound: list[BoundMethod] = []
    missing: list[MissingSpecError] = []
    for entry in entries:
        try:
            bound.append(_bind_entry(module, entry, names, specs, constants, renames))
        except MissingSpecError as error:
            missing.append(error)
    if missing:
        lacking = [method for error in missing for method in error.missing]
        raise MissingSpecError(" ".join(map(str, missing)), lacking)
    return bound


def is_for(wanted: str | None, signature: str, signatures: Sequence[str]) -> bool:
    """Whether what is meant for ``wanted`` (None: the only or default one) is for ``signature``."""
    if wanted is not None:
        return wanted == signature
    return len(signatures) == 1 or signature == DEFAULT_SIGNATURE


def check_signature(
    error: type[TfexportError], kind: str, item: Any, signatures: Sequence[str]
) -> None:
    """Raise ``error`` for an item that is for no signature, or for one that is not there."""
    listed = ", ".join(signatures)
    if item.signature is None and not any(is_for(None, name, signatures) for name in signatures):
        raise error(
            f"{kind} '{item}' does not say which signature it is for: {listed}. "
            f"Write {signatures[0]}/{item}"
        )
    if item.signature is not None and item.signature not in signatures:
        raise error(f"{kind} '{item}': there is no signature '{item.signature}', only {listed}.")


def _bind_entry(
    module: object,
    entry: Entry,
    names: Sequence[str],
    specs: Sequence[InputSpec],
    constants: Sequence[Constant],
    renames: Sequence[OutputName],
) -> BoundMethod:
    return _bind_method(
        entry,
        describe_method(module, entry.method),
        [spec for spec in specs if is_for(spec.signature, entry.signature, names)],
        [value for value in constants if is_for(value.signature, entry.signature, names)],
        [name for name in renames if is_for(name.signature, entry.signature, names)],
    )


def _bind_method(
    entry: Entry,
    method: Method,
    specs: Sequence[InputSpec],
    constants: Sequence[Constant],
    renames: Sequence[OutputName],
) -> BoundMethod:
    own = {name: with_names(name, value) for name, value in method.declared.items()}
    values = _match_constants(constants, method)
    given = _match_specs(specs, method, values)
    for name, found in given.items():
        if name in own:
            given[name] = narrow(found, own[name], method.located)
    arguments = _in_order({**own, **given}, method.signature, values)
    _check_complete(arguments, values, method, entry)
    bound = BoundMethod(entry, method, arguments, values, tuple(renames))
    _check_names(bound.leaves, method.owner)
    return bound


def _match_constants(constants: Sequence[Constant], method: Method) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for constant in constants:
        if not _takes_name(method.signature, constant.name):
            raise UsageError(
                f"Constant '{constant}': {method.owner} has no '{constant.name}'. "
                f"{_takes(method.signature)}"
            )
        values[constant.name] = constant.value
    return values


def _match_specs(
    specs: Sequence[InputSpec], method: Method, constants: Mapping[str, Any]
) -> dict[str, Any]:
    """The type of each parameter that there are specs for: by name, else the next in order."""
    matched: dict[str, Any] = {}
    for spec in specs:
        if spec.tensor.name is not None:
            _add_named(matched, spec, method)
    for name in matched.keys() & constants.keys():
        raise SpecError(f"{method.owner}: '{name}' has a spec and a constant.")
    free = [
        name
        for name, p in method.signature.parameters.items()
        if p.kind in BY_POSITION and name not in matched and name not in constants
    ]
    unnamed = [spec for spec in specs if spec.tensor.name is None]
    free += variable_names(method.signature, len(unnamed) - len(free))
    if len(unnamed) > len(free):
        raise SpecError(
            f"Spec '{unnamed[len(free)]}' is one too many for {method.owner}. "
            f"{_takes(method.signature)}"
        )
    return {**matched, **{n: as_type(s, n) for n, s in zip(free, unnamed, strict=False)}}


def _add_named(matched: dict[str, Any], spec: InputSpec, method: Method) -> None:
    path = str(spec.tensor.name)
    first, *rest = _resolve_alias(path, method).split(".")
    if not _takes_name(method.signature, first):
        raise SpecError(
            f"Spec '{spec}': {method.owner} has no '{first}'. {_takes(method.signature)}"
        )
    place: dict[str, Any] = matched
    for key, inner in zip([first, *rest], rest, strict=False):
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise SpecError(f"Spec '{spec}': '{key}' is a tensor already and has no '{inner}'.")
    last = [first, *rest][-1]
    if last in place:
        raise SpecError(f"Spec '{spec}': '{path}' has a spec already.")
    place[last] = as_type(spec, path)


def _resolve_alias(path: str, method: Method) -> str:
    """The parameter that an ``input_signature`` gives another name: ``TensorSpec(name="x")``."""
    for name, declared in method.declared.items():
        if isinstance(declared, tf.TensorSpec) and declared.name == path:
            return name if path not in method.signature.parameters else path
    return path


def _takes_name(signature: inspect.Signature, name: str) -> bool:
    parameter = signature.parameters.get(name)
    if parameter is None:
        return any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    return parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)


def _in_order(
    arguments: Mapping[str, Any], signature: inspect.Signature, constants: Mapping[str, Any]
) -> dict[str, Any]:
    """In the order of the parameters, so that the same specs always give the same model."""
    names = [*signature.parameters, *(n for n in arguments if n not in signature.parameters)]
    return {name: arguments[name] for name in names if name in arguments and name not in constants}


def _check_complete(
    arguments: Mapping[str, Any], constants: Mapping[str, Any], method: Method, entry: Entry
) -> None:
    missing = [
        p
        for p in method.signature.parameters.values()
        if p.default is p.empty
        and p.name not in arguments
        and p.name not in constants
        and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if not missing:
        return
    prefix = "" if entry.signature == DEFAULT_SIGNATURE else f"{entry.signature}/"
    names = " and ".join(f"'{p.name}'" for p in missing)
    values = {p.name: _PYTHON_TYPES.get(_annotation(p)) for p in missing}
    lacking = MissingSpecs(
        entry,
        tuple(f"{prefix}{name}" for name, value in values.items() if value is None),
        tuple(f"{prefix}{name}={value}" for name, value in values.items() if value is not None),
    )
    raise MissingSpecError(
        f"{method.owner} has no spec for {names}. {_takes(method.signature)}", [lacking]
    )


def _annotation(parameter: inspect.Parameter) -> str:
    annotation = parameter.annotation
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")


def _check_names(leaves: Sequence[Leaf], owner: str) -> None:
    names = [leaf.name for leaf in leaves]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{owner} has two inputs of the name '{name}'. Give each its own name.")
        if not is_servable_name(name):
            raise SpecError(
                f"{owner} has an input '{name}': no server accepts that name. "
                "Rename the parameter, or the TensorSpec of the input_signature."
            )


def _takes(signature: inspect.Signature) -> str:
    names = ", ".join(signature.parameters)
    return f"It takes: {names}." if names else "It takes no arguments."
