""".json: an object of arrays, an array alone, or a request as TensorFlow Serving takes it.

``{"inputs": {NAME: array}}`` (or the array itself, for an only input) and
``{"instances": [{NAME: value}, …]}`` (or a list of values) are the two forms of
https://www.tensorflow.org/tfx/serving/api_rest; an instance is a row.
A document is read whole: JSON has no other order. Rows by the million are better in .jsonl.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfexport.data.arrays import Array
from tfexport.data.json_values import build_array, describe_index, list_values, parse_json
from tfexport.data.matching import find_input, match_arrays
from tfexport.data.parts import require_same_tail
from tfexport.data.places import Place, damage_reported
from tfexport.data.sources import ArraySource, MemoryArray, Source, join_sources
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec

Inputs = Sequence[TensorSpec]


def open_source(label: str, places: Sequence[Place], inputs: Inputs, name: str | None) -> Source:
    """The arrays of a JSON file for the inputs that they name; of several, row after row."""
    return join_sources(label, [_open_document(place, inputs, name) for place in places])


def _open_document(place: Place, inputs: Inputs, name: str | None) -> ArraySource:
    with damage_reported(place.label), place.open() as stream:
        value = parse_json(stream.read(), f"'{place.label}'")
    return make_source(value, inputs, name, place.label)


def make_source(value: Any, inputs: Inputs, name: str | None, label: str) -> ArraySource:
    """The arrays of a JSON value; ``label`` is where it stands."""
    value, is_rows = _unwrap(value, inputs)
    columns = _split_rows(value, inputs, label) if is_rows else value
    if is_object(columns):
        chosen = match_arrays(columns, inputs, name, label, only_fits=False)
    else:
        chosen = {str(find_input(inputs, name, label).name): columns}
    dtypes = {str(spec.name): spec.dtype for spec in inputs}
    arrays = {
        key: build_array(item, dtypes[key], f"'{label}'", describe_index(key))
        for key, item in chosen.items()
    }
    return ArraySource(label, {key: MemoryArray(array) for key, array in arrays.items()})


def is_object(value: Any) -> bool:
    """Whether a value has names: ``{"b64": …}`` is a string."""
    return isinstance(value, dict) and value.keys() != {"b64"}


def _unwrap(value: Any, inputs: Inputs) -> tuple[Any, bool]:
    names = {spec.name for spec in inputs}
    if not is_object(value):
        return value, False
    if "inputs" in value and ("inputs" not in names or is_object(value["inputs"])):
        return value["inputs"], False
    if "instances" in value and "instances" not in names:
        return value["instances"], True
    return value, False


def _split_rows(rows: Any, inputs: Inputs, label: str) -> Any:
    if not isinstance(rows, list):
        raise InputDataError(f"'{label}' has instances that are no list.")
    if not rows or not is_object(rows[0]):
        return rows
    return split_rows(rows, list(rows[0]), lambda row: f"'{label}': instance {row}")


def split_rows(rows: Sequence[Any], names: Collection[str], describe: Any) -> dict[str, list[Any]]:
    """Rows of named values as a column a name.

    Raises InputDataError for a row that is no object or lacks a name; ``describe(row)`` begins it.
    """
    for number, row in enumerate(rows):
        if not is_object(row):
            raise InputDataError(f"{describe(number)} is no object, and others are.")
        for name in names:
            if name not in row:
                raise InputDataError(f"{describe(number)} has no '{name}', and others have.")
    return {name: [row[name] for row in rows] for name in names}


def require_writable(path: Path, outputs: Sequence[TensorSpec]) -> None:
    """Every output can be written."""


def make_writer(
    staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
) -> JsonWriter:
    """A writer of ``outputs`` that works in ``staging``."""
    return JsonWriter(staging, outputs, with_rows)


class JsonWriter:
    """Writes an object of arrays: each into a file of its own, put together at the end."""

    def __init__(
        self, staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
    ) -> None:
        self._path = staging / "document.json"
        self._with_rows = with_rows
        names = [str(spec.name) for spec in outputs]
        self._parts = {name: (staging / f"{i}.json").open("w") for i, name in enumerate(names)}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._begun: set[str] = set()

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Append one batch, a line a row."""
        for name, part in self._parts.items():
            array = arrays[name]
            if self._with_rows is not None and name not in self._with_rows:
                array = array[np.newaxis]
            require_same_tail(name, self._shapes.setdefault(name, array.shape), array)
            if not array.ndim:
                part.write(json.dumps(list_values(array)))
            elif len(array):
                part.write(",\n" if name in self._begun else "")
                part.write(",\n".join(map(json.dumps, list_values(array))))
                self._begun.add(name)

    def finish(self) -> Path:
        """Put the arrays together; returns the file."""
        with self._path.open("wb") as document:
            for number, (name, part) in enumerate(self._parts.items()):
                opening, closing = ("[", "]") if self._shapes[name] else ("", "")
                start = ",\n" if number else "{\n"
                document.write(f"{start}{json.dumps(name)}: {opening}".encode())
                part.close()
                with Path(part.name).open("rb") as written:
                    shutil.copyfileobj(written, document)
                document.write(closing.encode())
            document.write(b"\n}\n")
        return self._path

    def close(self) -> None:
        """Close every file as it is."""
        for part in self._parts.values():
            part.close()
