"""Matches what a file calls its arrays with the inputs of a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from tfexport.data.arguments import describe_unknown
from tfexport.data.filenames import name_files, name_members
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec

Value = TypeVar("Value")


def find_input(inputs: Sequence[TensorSpec], name: str | None, label: str) -> TensorSpec:
    """The input that values without names of their own are for: ``name``, or the only one.

    Raises InputDataError where it is not clear; ``label`` is where the values are.
    """
    names = [str(spec.name) for spec in inputs]
    if name is None and len(inputs) == 1:
        return inputs[0]
    if name is None and not inputs:
        raise InputDataError(f"'{label}' feeds nothing: the signature takes no inputs.")
    if name is None:
        raise InputDataError(
            f"'{label}' names no inputs, and the signature has {len(inputs)}: {', '.join(names)}. "
            f"Say which one it is for: --input {names[0]}={label}"
        )
    if name not in names:
        raise InputDataError(f"'{label}': {describe_unknown(name, names)}")
    return inputs[names.index(name)]


def match_arrays(
    arrays: Mapping[str, Value],
    inputs: Sequence[TensorSpec],
    name: str | None,
    label: str,
    *,
    only_fits: bool = True,
) -> dict[str, Value]:
    """The arrays of a file by the inputs that they feed; others are left out.

    With a ``name`` it is the array of this name that feeds this input; without, every input that
    is named. Where none is, and ``only_fits``, the file's only array feeds the input.
    Raises InputDataError where nothing fits.
    """
    wanted = [name] if name is not None else [str(spec.name) for spec in inputs]
    found = pick_arrays(arrays, wanted)
    if found:
        return found
    if len(arrays) == 1 and only_fits:
        spec = find_input(inputs, name, label)
        return {str(spec.name): next(iter(arrays.values()))}
    listed = ", ".join(arrays) or "nothing"
    if name is not None:
        raise InputDataError(f"'{label}' has no '{name}'. It has: {listed}.")
    raise InputDataError(f"'{label}' has none of the inputs {', '.join(wanted)}. It has: {listed}.")


def pick_arrays(arrays: Mapping[str, Value], wanted: Sequence[str]) -> dict[str, Value]:
    """Those of ``wanted`` that are there, under their own names or as our files name them."""
    # Our own files go by what is safe of a name.
    files, members = name_files(wanted), name_members(wanted)
    found: dict[str, Value] = {}
    for name in wanted:
        for key in (name, files[name], members[name]):
            if key in arrays:
                found.setdefault(name, arrays[key])
    return found
