"""Calls to replay: those that ``tfexport save`` kept with the model, and those in a user's file.

The manifest's format: ``assets.extra/tfexport/manifest.json``, whose ``calls`` each have a
``signature``, and ``inputs`` and ``outputs`` with a ``file`` (an .npz beside the manifest, None
where there are no arrays) and the ``tensors`` in it by name, with dtype and shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfexport.checking.safe import leads_outside
from tfexport.errors import InputDataError, TfexportError
from tfexport.records import dataclass
from tfexport.savedmodel.description import Signature
from tfexport.savedmodel.layout import MANIFEST

if TYPE_CHECKING:
    from tfexport.data.arrays import Arrays

_MOST_BYTES = 1 << 24  # of a manifest; tfexport's own has some kB
_MOST_VALUES = 1 << 31  # bytes of arrays of one call


class SamplesError(TfexportError):
    """Calls that cannot be read: the manifest or one of its files is damaged."""


@dataclass(frozen=True)
class KeptCall:
    """A call as the manifest tells of it.

    ``random`` says that the signature gives other values each time, so that only dtypes and
    shapes can be compared.
    """

    number: int
    signature: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    inputs_file: Path | None
    outputs_file: Path | None
    random: bool

    def read_inputs(self) -> Arrays:
        """The arrays to call it with, by input."""
        return _read(self.inputs_file, self.inputs)

    def read_outputs(self) -> Arrays:
        """The arrays that it gave, by output."""
        return _read(self.outputs_file, self.outputs)


def read_kept_calls(directory: Path) -> list[KeptCall]:
    """The calls kept with a model, in the order in which they are to be made; none: no calls.

    Raises SamplesError where the manifest is damaged.
    """
    path = directory / MANIFEST
    try:
        with path.open("rb") as file:
            manifest = json.loads(file.read(_MOST_BYTES))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError):
        raise SamplesError(f"{MANIFEST} cannot be read") from None
    calls = manifest.get("calls") if isinstance(manifest, dict) else None
    if calls is None:
        return []
    random = set(_random_signatures(manifest))
    if not isinstance(calls, list):
        raise SamplesError(f"{MANIFEST} has calls that cannot be read")
    return [_parse(call, number, path.parent, random) for number, call in enumerate(calls, 1)]


def read_user_call(path: Path, signature: Signature) -> tuple[Arrays, Arrays]:
    """The inputs and the expected outputs in an .npz: arrays by the names of the signature.

    A name that is both an input and an output has to be written ``inputs/NAME`` and
    ``outputs/NAME``, which any name may be. Raises InputDataError.
    """
    from tfexport.data.formats.npz import open_arrays
    from tfexport.data.places import Place

    if not path.is_file():
        raise InputDataError(f"There is no file '{path}' to take the samples from.")
    arrays = open_arrays(Place(str(path), path))
    inputs: Arrays = {}
    outputs: Arrays = {}
    for name, array in arrays.items():
        side, own = _side_of(name, signature, path)
        (inputs if side == "inputs" else outputs)[own] = array.read()
    if not outputs:
        names = ", ".join(tensor.name for tensor in signature.outputs)
        raise InputDataError(
            f"'{path}' has no output to compare with. Signature '{signature.name}' has: {names}."
        )
    return inputs, outputs


def _side_of(name: str, signature: Signature, path: Path) -> tuple[str, str]:
    own = {
        "inputs": [tensor.name for tensor in signature.inputs],
        "outputs": [tensor.name for tensor in signature.outputs],
    }
    side, slash, rest = name.partition("/")
    if slash and rest in own.get(side, ()):
        return side, rest
    sides = [side for side, names in own.items() if name in names]
    if len(sides) == 1:
        return sides[0], name
    if sides:
        raise InputDataError(
            f"'{path}': '{name}' is an input and an output of '{signature.name}'. "
            f"Call the arrays inputs/{name} and outputs/{name}."
        )
    raise InputDataError(
        f"'{path}': '{name}' is no input or output of signature '{signature.name}'. It has: "
        f"{', '.join([*own['inputs'], *own['outputs']])}."
    )


def _random_signatures(manifest: Mapping[str, Any]) -> Iterator[str]:
    verified = manifest.get("verified")
    for found in verified if isinstance(verified, list) else ():
        if isinstance(found, dict) and found.get("random") and "signature" in found:
            yield str(found["signature"])


def _parse(call: Any, number: int, folder: Path, random: set[str]) -> KeptCall:
    try:
        signature = str(call["signature"])
        inputs, outputs = call["inputs"], call["outputs"]
        return KeptCall(
            number,
            signature,
            {str(name): str(found["dtype"]) for name, found in inputs["tensors"].items()},
            {str(name): str(found["dtype"]) for name, found in outputs["tensors"].items()},
            _file(inputs, folder),
            _file(outputs, folder),
            signature in random,
        )
    except (KeyError, TypeError, AttributeError):
        raise SamplesError(f"call {number} of {MANIFEST} cannot be read") from None


def _file(side: Mapping[str, Any], folder: Path) -> Path | None:
    name = side.get("file")
    if name is None:
        return None
    if not isinstance(name, str) or leads_outside(name):
        raise SamplesError(f"{MANIFEST} names the file '{name}', outside of its folder")
    return folder / name


def _read(path: Path | None, tensors: Mapping[str, str]) -> Arrays:
    from tfexport.data.casting import fit_dtype
    from tfexport.data.filenames import name_members
    from tfexport.data.formats.npz import open_arrays
    from tfexport.data.places import Place

    if path is None:
        return {}
    if not path.is_file():
        raise SamplesError(f"{path.name} is missing")
    arrays = open_arrays(Place(path.name, path))
    members = name_members(tensors)
    found = {}
    for name, dtype in tensors.items():
        if members[name] not in arrays:
            raise SamplesError(f"{path.name} has no array '{name}'")
        found[name] = fit_dtype(arrays[members[name]].read(), dtype, label=f"{path.name}[{name}]")
    return found
