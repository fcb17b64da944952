""".jsonl: an instance a line, streamed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tfexport.data.arrays import Array, Arrays
from tfexport.data.formats.json_document import is_object, split_rows
from tfexport.data.json_values import (
    Describe,
    build_array,
    describe_index,
    list_values,
    parse_json,
)
from tfexport.data.matching import find_input, match_arrays
from tfexport.data.places import Place, damage_reported
from tfexport.data.records import require_rows
from tfexport.data.sources import RowSource, Source
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """The rows of one or more files. A line is an object by input names, or a value alone."""
    line = b"".join(places[0].peek_lines(1))
    if not line.strip():
        raise InputDataError(f"'{places[0].label}' has no rows.")
    first = parse_json(line, f"'{places[0].label}' line 1")
    if is_object(first):
        specs = match_arrays({key: key for key in first}, inputs, name, label, only_fits=False)
    else:
        specs = {str(find_input(inputs, name, label).name): ""}
    dtypes = {str(spec.name): spec.dtype for spec in inputs}
    fields = {key: (field, dtypes[key]) for key, field in specs.items()}
    return RowSource(label, tuple(fields), partial(_read_blocks, places, fields))


def _read_blocks(
    places: Sequence[Place], fields: Mapping[str, tuple[str, str]], size: int
) -> Iterator[Arrays]:
    for place in places:
        with damage_reported(place.label), place.open() as stream:
            lines = ((number, line) for number, line in enumerate(stream, 1) if line.strip())
            while block := list(itertools.islice(lines, size)):
                yield _build_block(block, fields, place.label)


def _build_block(
    block: Sequence[tuple[int, bytes]], fields: Mapping[str, tuple[str, str]], label: str
) -> Arrays:
    def name_row(row: int) -> str:
        return f"'{label}' line {block[row][0]}"

    rows = [parse_json(line, name_row(row)) for row, (_, line) in enumerate(block)]
    names = [field for field, _ in fields.values()]
    columns: Mapping[str, Any] = {"": rows}
    if names != [""]:
        columns = split_rows(rows, names, name_row)
    return {
        key: build_array(columns[field], dtype, f"'{label}'", _describe_lines(key, block))
        for key, (field, dtype) in fields.items()
    }


def _describe_lines(key: str, block: Sequence[tuple[int, bytes]]) -> Describe:
    def describe(index: Sequence[int]) -> str:
        if not index:
            return key
        return f"{describe_index(key)(index[1:])} in line {block[index[0]][0]}"

    return describe


def require_writable(path: Path, outputs: Sequence[TensorSpec]) -> None:
    """Every output can be written, if it has rows."""


def make_writer(
    staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
) -> JsonLinesWriter:
    """A writer of ``outputs`` that works in ``staging``."""
    return JsonLinesWriter(staging, outputs, with_rows)


class JsonLinesWriter:
    """Writes a line for every row: an object by output names."""

    def __init__(
        self, staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
    ) -> None:
        self._path = staging / "lines.jsonl"
        self._names = [str(spec.name) for spec in outputs]
        self._with_rows = with_rows
        self._stream = self._path.open("w")

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Append one batch."""
        rows = require_rows({name: arrays[name] for name in self._names}, self._with_rows, ".jsonl")
        columns = [list_values(array) for array in rows.values()]
        for values in zip(*columns, strict=True):
            self._stream.write(json.dumps(dict(zip(self._names, values, strict=True))) + "\n")

    def finish(self) -> Path:
        """Close the file and return it."""
        self._stream.close()
        return self._path

    def close(self) -> None:
        """Close the file as it is."""
        self._stream.close()
