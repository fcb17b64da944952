""".csv: a table whose first line names the columns, streamed. See ``columns`` for the names.

Cells are separated by a comma, a semicolon or a tab, whichever the first line has most of, and
quoted as in RFC 4180. A first line of nothing but numbers is a row, not names.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfexport.data.arrays import Array, Arrays
from tfexport.data.casting import family
from tfexport.data.columns import ColumnGroup, match_columns, match_features, name_columns
from tfexport.data.json_values import build_array, format_complex
from tfexport.data.matching import find_input
from tfexport.data.parts import require_same_tail
from tfexport.data.places import Place, damage_reported
from tfexport.data.records import require_rows
from tfexport.data.shortening import shorten
from tfexport.data.sources import RowSource, Source
from tfexport.errors import DestinationError, InputDataError
from tfexport.spec import TensorSpec

# The module's own limit, 128 KiB a cell, is none of a text that a model may well take.
csv.field_size_limit(sys.maxsize)

_DELIMITERS = ",;\t"
_WORDS = {"true": True, "false": False}
_EXACT = 2.0**53  # every smaller integer is exact as a float64

# A record and the number of the line it begins on.
Record = tuple[int, str]


@dataclass(frozen=True)
class Table:
    """How one file is to be read."""

    place: Place
    delimiter: str
    width: int
    has_header: bool
    groups: Sequence[ColumnGroup]
    header: Sequence[str]


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """The rows of one or more tables for the inputs that their columns name."""
    tables = [_open_table(place, inputs, name) for place in places]
    names = tuple(group.name for group in tables[0].groups)
    for table in tables:
        if tuple(group.name for group in table.groups) != names:
            raise InputDataError(
                f"'{table.place.label}' has other columns than '{places[0].label}'."
            )
    return RowSource(label, names, partial(_read_blocks, tables))


def _open_table(place: Place, inputs: Sequence[TensorSpec], name: str | None) -> Table:
    line = _decode(b"".join(place.peek_lines(1)), place.label)
    delimiter = max(_DELIMITERS, key=partial(_count_cells, line))
    header = [cell.strip() for cell in _split(line, delimiter, place.label)]
    if not any(header):
        raise InputDataError(f"'{place.label}' has no first line with the names of its columns.")
    if all(map(_is_number, header)):
        numbered = [f"column {at + 1}" for at in range(len(header))]
        groups = [match_features(numbered, find_input(inputs, name, place.label), place.label)]
        return Table(place, delimiter, len(header), False, groups, numbered)
    groups = match_columns(header, inputs, name, place.label)
    return Table(place, delimiter, len(header), True, groups, header)


def _decode(line: bytes, label: str) -> str:
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputDataError(f"'{label}' is UTF-16. Save it as UTF-8.")
    if b"\0" in line:  # which Python 3.10's csv refuses and later ones take
        raise InputDataError(f"'{label}' is no CSV: its first line has a NUL.")
    return line.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")


def _split(record: str, delimiter: str, label: str) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise InputDataError(f"'{label}' is no CSV: {error}, in {record[:40]!r}.") from None


def _count_cells(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_blocks(tables: Sequence[Table], size: int) -> Iterator[Arrays]:
    for table in tables:
        with damage_reported(table.place.label), table.place.open() as stream:
            records = _read_records(stream, table)
            while block := list(itertools.islice(records, size)):
                yield _build_block(block, table)


def _read_records(stream: BinaryIO, table: Table) -> Iterator[Record]:
    # surrogateescape carries bytes that are no UTF-8 through to a string input as they are.
    text = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="")
    lines = enumerate(text, 1)
    if table.has_header:
        next(lines)
    for number, line in lines:
        # An odd number of quotes: a cell goes on after the end of the line.
        while line.count('"') % 2:
            _, more = next(lines, (0, ""))
            if not more:
                break
            line += more
        if line.strip("\r\n"):
            yield number, line


def _build_block(block: Sequence[Record], table: Table) -> Arrays:
    _require_width(block, table)
    numeric = [group for group in table.groups if _is_plain_number(group.spec)]
    numbers = _load_numbers(block, table, numeric)
    rows: list[list[str]] | None = None
    arrays: Arrays = {}
    for group in table.groups:
        array = numbers.get(group.name)
        if array is None:
            rows = rows or [
                _split(record, table.delimiter, table.place.label) for _, record in block
            ]
            array = _parse_cells(rows, block, table, group)
        arrays[group.name] = array.reshape(len(block), *group.tail)
    return arrays


def _is_plain_number(spec: TensorSpec) -> bool:
    return spec.dtype != "string" and not spec.dtype.startswith("complex")


def _require_width(block: Sequence[Record], table: Table) -> None:
    marks = table.width - 1
    for number, record in block:
        if record.count(table.delimiter) != marks:
            width = len(_split(record, table.delimiter, table.place.label))
            if width != table.width:
                raise InputDataError(
                    f"'{table.place.label}' line {number} has another number of cells "
                    f"({width}) than the first line ({table.width})."
                )


def _load_numbers(
    block: Sequence[Record], table: Table, groups: Sequence[ColumnGroup]
) -> dict[str, Array]:
    """The columns as float64, in one go of numpy's own reader; nothing where one is no number."""
    positions = sorted({position for group in groups for position in group.positions})
    if not positions:
        return {}
    try:
        cells = np.loadtxt(
            [record for _, record in block],
            delimiter=table.delimiter,
            usecols=positions,
            comments=None,
            quotechar='"',
            ndmin=2,
        )
    except ValueError:
        return {}
    where = {position: at for at, position in enumerate(positions)}
    columns = {group: cells[:, [where[at] for at in group.positions]] for group in groups}
    return {
        group.name: array
        for group, array in columns.items()
        if _is_float(group.spec) or _is_exact(array)
    }


def _is_float(spec: TensorSpec) -> bool:
    return spec.dtype.startswith(("float", "bfloat"))


def _is_exact(array: Array) -> bool:
    return bool((np.abs(array) < _EXACT).all())


def _parse_cells(
    rows: Sequence[Sequence[str]], block: Sequence[Record], table: Table, group: ColumnGroup
) -> Array:
    """The columns cell by cell: text, complex numbers, words, and integers beyond a float64."""
    values = []
    for row, (number, _) in zip(rows, block, strict=True):
        for position in group.positions:
            try:
                values.append(_parse_cell(row[position], group.spec.dtype))
            except ValueError as error:
                raise InputDataError(
                    f"'{table.place.label}' line {number}, column '{table.header[position]}': "
                    f"{error}."
                ) from None
    if group.spec.dtype == "string":
        array = np.empty(len(values), object)
        array[:] = values
        return array

    def describe(index: Sequence[int]) -> str:
        row, at = divmod(index[0], len(group.positions))
        return f"column '{table.header[group.positions[at]]}' in line {block[row][0]}"

    return build_array(values, group.spec.dtype, f"'{table.place.label}'", describe)


def _parse_cell(text: str, dtype: str) -> Any:
    if dtype == "string":
        return text.encode(errors="surrogateescape")
    text = text.strip()
    if not text:
        raise ValueError("the cell is empty")
    if dtype.startswith("complex"):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        if "_" in text:  # Python's 1_000 is its own
            raise ValueError
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise ValueError(f"'{text}' is no number") from None


def require_writable(path: Path, outputs: Sequence[TensorSpec]) -> None:
    """Every output can be written, if it has rows."""


def make_writer(
    staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
) -> CsvWriter:
    """A writer of ``outputs`` that works in ``staging``."""
    return CsvWriter(staging, outputs, with_rows)


class CsvWriter:
    """Writes a line for every row; an output with more dimensions has a column an element."""

    def __init__(
        self, staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
    ) -> None:
        self._path = staging / "table.csv"
        self._names = [str(spec.name) for spec in outputs]
        self._with_rows = with_rows
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._stream = self._path.open("w", encoding="utf-8", errors="surrogateescape", newline="")

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Append one batch."""
        rows = require_rows({name: arrays[name] for name in self._names}, self._with_rows, ".csv")
        if not self._shapes:
            self._write_header(rows)
        for name, array in rows.items():
            require_same_tail(name, self._shapes[name], array)
        columns = [_format_cells(array) for array in rows.values()]
        for cells in zip(*columns, strict=True):
            self._stream.write(",".join(itertools.chain.from_iterable(cells)) + "\n")

    def _write_header(self, rows: Mapping[str, Array]) -> None:
        header = []
        for name, array in rows.items():
            self._shapes[name] = array.shape
            header += name_columns(name, array.shape[1:])
        twice = next((name for name, count in Counter(header).items() if count > 1), None)
        if twice is not None:
            raise DestinationError(
                f"Two outputs would both be the column '{twice}'. Write an .npz, or choose one of "
                "them with --select."
            )
        self._stream.write(",".join(map(_quote, header)) + "\n")

    def finish(self) -> Path:
        """Close the file and return it."""
        self._stream.close()
        return self._path

    def close(self) -> None:
        """Close the file as it is."""
        self._stream.close()


def _format_cells(array: Array) -> list[list[str]]:
    """The cells of every row."""
    rows = (shorten(array) if family(array.dtype) == "float" else array).reshape(len(array), -1)
    kind = "text" if array.dtype.hasobject else family(array.dtype)
    form: Any = {"text": _format_text, "bool": _format_bool, "complex": format_complex}.get(
        kind, repr
    )
    return [[form(cell) for cell in row] for row in rows.tolist()]


def _format_text(text: bytes) -> str:
    return _quote(text.decode(errors="surrogateescape"))


def _format_bool(value: bool) -> str:
    return "true" if value else "false"


def _quote(cell: str) -> str:
    # The empty text is quoted to tell it from a missing one, and from an empty line.
    if cell and not any(mark in cell for mark in '",\r\n\t;') and cell == cell.strip():
        return cell
    return '"' + cell.replace('"', '""') + '"'
