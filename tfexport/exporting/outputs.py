"""What a method returns, as the named tensors of a signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfexport.errors import TargetError, UsageError
from tfexport.exporting.specs import OutputName
from tfexport.exporting.structures import field_names, list_leaves

# Names travel as keys of JSON and of protobuf maps, as graph nodes, and as file names.
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][\w.\-/]*\Z", re.ASCII)


def is_servable_name(name: str) -> bool:
    """Whether servers and their clients take ``name`` for an input, output or signature.

    >>> is_servable_name("scores/top-5"), is_servable_name("top 5"), is_servable_name("../x")
    (True, False, False)
    """
    return bool(_NAME.match(name)) and not name.endswith("/") and not name.startswith("__")


def name_outputs(result: Any, renames: Sequence[OutputName], owner: str) -> dict[str, Any]:
    """The tensors of ``result`` by name.

    Dict keys and the fields of named tuples are names; a tensor on its own is ``output_0``, those
    of a tuple or list ``output_0``, ``output_1`` … What is nested is joined by dots, None is left
    out. Raises TargetError where there is no tensor or no name, UsageError where ``renames`` do
    not fit. ``owner`` is how messages call the method.
    """
    leaves = list(_list_outputs(result, owner))
    if not leaves:
        raise TargetError(f"{owner} returns no tensor: a signature has at least one output.")
    named = dict(leaves)
    if len(named) < len(leaves):
        names = [name for name, _ in leaves]
        twice = next(name for name in names if names.count(name) > 1)
        raise TargetError(f"{owner} returns two outputs of the name '{twice}'.")
    return _rename(named, renames, owner)


def _list_outputs(result: Any, owner: str) -> Iterator[tuple[str, Any]]:
    for name, value in _top_level(result):
        _check_keys(name, value, owner)
        for leaf in list_leaves(str(name), value):
            if leaf.value is not None:
                yield leaf.name, _as_tensor(leaf.name, leaf.value, owner)


def _top_level(result: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(result, Mapping):
        yield from result.items()
    elif field_names(result):
        yield from zip(field_names(result), result, strict=True)
    elif isinstance(result, (list, tuple)):
        yield from ((f"output_{index}", value) for index, value in enumerate(result))
    else:
        yield "output_0", result


def _check_keys(name: Any, value: Any, owner: str) -> None:
    keys = [name, *(value if isinstance(value, Mapping) else ())]
    for key in keys:
        if not isinstance(key, str):
            raise TargetError(
                f"{owner} returns a dict with the key {key!r}. "
                f"Outputs have names: write it as text, '{key}'."
            )
    for inner in value.values() if isinstance(value, Mapping) else ():
        _check_keys(name, inner, owner)


def _as_tensor(name: str, value: Any, owner: str) -> Any:
    try:
        return tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        raise TargetError(
            f"{owner} returns '{name}' as {type(value).__name__}: only tensors can be outputs."
        ) from None


def _rename(named: Mapping[str, Any], renames: Sequence[OutputName], owner: str) -> dict[str, Any]:
    new_names = dict(_resolve(rename, named, owner) for rename in renames)
    renamed = [new_names.get(name, name) for name in named]
    for name in renamed:
        _check_name(name, renamed, owner)
    return dict(zip(renamed, named.values(), strict=True))


def _resolve(rename: OutputName, named: Mapping[str, Any], owner: str) -> tuple[str, str]:
    names = ", ".join(named)
    if rename.old is None and len(named) > 1:
        raise UsageError(
            f"Output name '{rename}': {owner} has {len(named)} outputs: {names}. "
            f"Write which: --output-name {next(iter(named))}={rename.new}"
        )
    if rename.old is not None and rename.old not in named:
        raise UsageError(
            f"Output name '{rename}': {owner} has no output '{rename.old}'. It has: {names}."
        )
    return rename.old or next(iter(named)), rename.new


def _check_name(name: str, names: Sequence[str], owner: str) -> None:
    if names.count(name) > 1:
        raise UsageError(f"{owner} would have two outputs of the name '{name}'.")
    if not is_servable_name(name):
        better = re.sub(r"[^A-Za-z0-9_.\-]+", "_", name).strip("_.") or "output"
        raise UsageError(
            f"{owner} has an output '{name}': no server accepts that name. "
            f"Give it another: --output-name '{name}={better}'"
        )
