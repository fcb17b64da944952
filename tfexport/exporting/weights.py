"""Values from a file into the variables of a module, by name."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfexport.data.arrays import Array
from tfexport.errors import InputDataError
from tfexport.exporting.fitting import fit_exactly
from tfexport.exporting.state import as_variable
from tfexport.exporting.value_files import Values, open_values
from tfexport.spec import format_shape

_SHOWN = 5  # names in a message


@dataclass(frozen=True)
class NamedVariable:
    """A variable, the path of attributes that leads to it, and the other names that it goes by."""

    variable: Any
    path: str
    aliases: tuple[str, ...]


def load_weights(module: object, path: Path, partial: bool) -> None:
    """Give every variable the value of its name in a .npz or .safetensors file.

    Names are paths (``layers.0.kernel``, or with slashes) or variables' own names. Raises
    InputDataError for shapes that differ, and where a variable gets no value or a value finds no
    variable, unless ``partial`` allows that.
    """
    assign_by_name(list_named_variables(module), open_values(path), str(path), partial)


def assign_by_name(
    variables: Sequence[NamedVariable], values: Values, label: str, partial: bool
) -> None:
    """As load_weights, for values that are open already. ``label`` is where they come from."""
    by_name = _index(variables)
    found = {
        id(by_name[_normalise(name)].variable): name
        for name in values
        if _normalise(name) in by_name
    }
    used = set(found.values())
    unfilled = [named.path for named in variables if id(named.variable) not in found]
    check_complete(unfilled, [name for name in values if name not in used], label, partial, used)
    for named in variables:
        name = found.get(id(named.variable))
        if name is not None:
            assign(named, values[name](), f"'{name}' of {label}")


def assign(named: NamedVariable, value: Array, label: str) -> None:
    """Assign one value. Raises InputDataError where shape or dtype do not fit."""
    variable = named.variable
    if not variable.shape.is_compatible_with(value.shape):
        raise InputDataError(
            f"{label} is {format_shape(value.shape)}, and the variable {named.path} "
            f"{format_shape(tuple(variable.shape.as_list()))}."
        )
    variable.assign(fit_exactly(value, variable.dtype.name, label))


def check_complete(
    unfilled: Sequence[str], unused: Sequence[str], label: str, partial: bool, used: set[str]
) -> None:
    """Raise InputDataError for what found no counterpart, unless ``partial`` and something did."""
    problems = []
    if unfilled:
        problems.append(f"has no value for {_listed(unfilled)}")
    if unused:
        problems.append(f"has {_listed(unused)}, for which there is no variable")
    if not problems or (partial and used):
        return
    advice = "Allow it with --partial." if used else "None of its names is a variable's."
    raise InputDataError(f"{label} {' and '.join(problems)}. {advice}")


def list_named_variables(module: object) -> list[NamedVariable]:
    """Every tracked variable with its names, in the order of their paths' length."""
    found: dict[int, NamedVariable] = {}
    for path, trackable in walk_paths(module):
        variable = as_variable(trackable)
        if variable is not None and id(variable) not in found:
            own = {getattr(trackable, "path", None), variable.name.partition(":")[0]}
            aliases = tuple(name for name in own if isinstance(name, str))
            found[id(variable)] = NamedVariable(variable, path, aliases)
    return list(found.values())


def walk_paths(root: Any) -> Iterator[tuple[str, Any]]:
    """Every tracked object with the shortest path of attributes to it, ``layers.0.kernel``."""
    view = tf.train.TrackableView(root)
    seen, queue = {id(root)}, deque([("", root)])
    while queue:
        path, trackable = queue.popleft()
        yield path, trackable
        for name, child in view.children(trackable).items():
            if id(child) not in seen:
                seen.add(id(child))
                queue.append((f"{path}.{name}" if path else name, child))


def _index(variables: Sequence[NamedVariable]) -> Mapping[str, NamedVariable]:
    """By every name that stands for one variable only; a path comes before other names."""
    by_alias: dict[str, list[NamedVariable]] = {}
    for named in variables:
        for alias in {_normalise(alias) for alias in named.aliases}:
            by_alias.setdefault(alias, []).append(named)
    unique = {alias: found[0] for alias, found in by_alias.items() if len(found) == 1}
    return {**unique, **{_normalise(named.path): named for named in variables}}


def _normalise(name: str) -> str:
    return name.removesuffix(":0").replace("/", ".")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
