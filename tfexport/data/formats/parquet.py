""".parquet, through pyarrow: streamed row by row group. See ``columns`` for the names.

A column of lists (fixed or of one length) is a column of rows with more dimensions. Missing
values (nulls) have no place in a tensor and are an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tfexport.data.arrays import Array, Arrays
from tfexport.data.columns import ColumnGroup, match_columns
from tfexport.data.extras import import_extra
from tfexport.data.parts import require_same_tail, storable, storable_dtype
from tfexport.data.places import Place, damage_reported
from tfexport.data.records import require_rows
from tfexport.data.sources import RowSource, Source
from tfexport.errors import DestinationError, InputDataError
from tfexport.spec import TensorSpec

# Without both, pyarrow holds all column chunks of a row group: twice the memory (measured).
_STREAMING = {"buffer_size": 1 << 20, "pre_buffer": False}
_PURPOSE = "A .parquet file"
# Batches are gathered into row groups of this size: readers are slow with many small ones.
_ROW_GROUP_BYTES = 1 << 25


@dataclass(frozen=True)
class _Table:
    place: Place
    rows: int
    groups: Sequence[ColumnGroup]
    header: Sequence[str]


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """The rows of one or more files for the inputs that their columns name."""
    tables = [_open_table(place, inputs, name) for place in places]
    names = tuple(group.name for group in tables[0].groups)
    for table in tables:
        if tuple(group.name for group in table.groups) != names:
            raise InputDataError(
                f"'{table.place.label}' has other columns than '{places[0].label}'."
            )
    rows = sum(table.rows for table in tables)
    return RowSource(label, names, partial(_read_blocks, tables), rows)


def _open_table(place: Place, inputs: Sequence[TensorSpec], name: str | None) -> _Table:
    with _open_file(place) as file:
        header = file.schema_arrow.names
        groups = match_columns(header, inputs, name, place.label)
        return _Table(place, file.metadata.num_rows, groups, header)


@contextmanager
def _open_file(place: Place) -> Iterator[Any]:
    parquet = import_extra("pyarrow.parquet", "tables", _PURPOSE)
    with _damage_reported(place.label), place.open_seekable() as stream:
        yield parquet.ParquetFile(stream, **_STREAMING)


@contextmanager
def _damage_reported(label: str) -> Iterator[None]:
    import pyarrow

    try:
        with damage_reported(label):
            yield
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputDataError(f"'{label}' is no readable .parquet file: {reason}.") from None


def _read_blocks(tables: Sequence[_Table], size: int) -> Iterator[Arrays]:
    for table in tables:
        positions = sorted({at for group in table.groups for at in group.positions})
        names = [table.header[at] for at in positions]
        with _open_file(table.place) as file:
            first = 0
            for batch in file.iter_batches(batch_size=size, columns=names):
                yield {g.name: _build_array(batch, table, g, first) for g in table.groups}
                first += batch.num_rows


def _build_array(batch: Any, table: _Table, group: ColumnGroup, first: int) -> Array:
    columns = []
    for position in group.positions:
        name = table.header[position]
        shown = f"'{table.place.label}' column '{name}'"
        column = batch.column(batch.schema.get_field_index(name))
        if column.null_count:
            row = first + column.is_null().to_pylist().index(True)
            raise InputDataError(f"{shown} has no value in row {row}. Fill it in first.")
        columns.append(_convert_column(column, shown))
    if not group.tail:
        return columns[0]
    if any(column.ndim > 1 for column in columns):
        raise InputDataError(
            f"'{table.place.label}' has lists in the columns of input '{group.name}', of which "
            f"there are {len(columns)}. Call one of them '{group.name}'."
        )
    rows: Array = np.stack(columns, 1).reshape(batch.num_rows, *group.tail)
    return rows


def _convert_column(column: Any, shown: str) -> Array:
    import pyarrow
    from pyarrow import types

    if column.null_count:
        raise InputDataError(f"{shown} has lists with missing values. Fill them in first.")
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_list(column.type) or types.is_large_list(column.type):
        return _convert_lists(column, column.value_lengths().to_numpy(zero_copy_only=False), shown)
    if types.is_fixed_size_list(column.type):
        return _convert_lists(column, np.full(len(column), column.type.list_size), shown)
    if isinstance(column, pyarrow.ExtensionArray):
        return _convert_column(column.storage, shown)
    return _convert_values(column, shown)


def _convert_lists(column: Any, lengths: Array, shown: str) -> Array:
    if len(set(lengths.tolist())) > 1:
        raise InputDataError(
            f"{shown} has lists of different lengths ({lengths.min()} to {lengths.max()}), which "
            "make no array."
        )
    flat = _convert_column(column.flatten(), shown)
    size = int(lengths[0]) if len(lengths) else 0
    rows: Array = flat.reshape(len(column), size, *flat.shape[1:])
    return rows


def _convert_values(column: Any, shown: str) -> Array:
    from pyarrow import types

    kind = column.type
    if types.is_decimal(kind):
        kind = "float64"
        column = column.cast(kind)
    if types.is_integer(column.type) or types.is_floating(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if types.is_boolean(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False)).astype(bool)
    if _is_text(column.type):
        values = np.empty(len(column), object)
        values[:] = column.to_pylist()
        return values
    raise InputDataError(f"{shown} holds {column.type}, which no input takes.")


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or str(kind) in ("string_view", "binary_view")
    )


def require_writable(path: Path, outputs: Sequence[TensorSpec]) -> None:
    """Raise DestinationError for complex outputs, and UsageError where pyarrow is missing."""
    import_extra("pyarrow.parquet", "tables", _PURPOSE)
    for spec in outputs:
        if spec.dtype.startswith("complex"):
            raise DestinationError(
                f"'{path}' cannot hold output '{spec.name}' ({spec.display()}): Parquet has no "
                "complex numbers. Write .npz, .json or .csv."
            )


def make_writer(
    staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
) -> ParquetWriter:
    """A writer of ``outputs`` that works in ``staging``."""
    return ParquetWriter(staging, outputs, with_rows)


class ParquetWriter:
    """Writes a column an output: of (nested, fixed-size) lists where its rows have dimensions.

    Text is a column of strings as long as all of it is UTF-8, and of binary from the first batch
    on where it is not.
    """

    def __init__(
        self, staging: Path, outputs: Sequence[TensorSpec], with_rows: Collection[str] | None
    ) -> None:
        self._staging = staging
        self._names = [str(spec.name) for spec in outputs]
        self._with_rows = with_rows
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._binary: set[str] = set()
        self._held: list[Any] = []
        self._writer: Any = None
        self._number = 0

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Append one batch."""
        rows = require_rows({n: arrays[n] for n in self._names}, self._with_rows, ".parquet")
        for name, array in rows.items():
            require_same_tail(name, self._shapes.setdefault(name, array.shape), array)
        newly_binary = {
            name
            for name, array in rows.items()
            if array.dtype.hasobject and name not in self._binary and not _is_utf8(array)
        }
        if newly_binary:
            self._binary |= newly_binary
            self._rewrite(self._schema(rows))
        self._held.append(self._build_table(rows))
        if sum(table.nbytes for table in self._held) >= _ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow

        if self._held:
            group = pyarrow.concat_tables(self._held)
            self._open(group.schema).write_table(group)
            self._held = []

    def _open(self, schema: Any) -> Any:
        import pyarrow.parquet

        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(self._path, schema)
        return self._writer

    @property
    def _path(self) -> Path:
        return self._staging / f"table-{self._number}.parquet"

    def _schema(self, rows: Mapping[str, Array]) -> Any:
        import pyarrow

        return pyarrow.schema(
            [pyarrow.field(n, self._type(n, a), nullable=False) for n, a in rows.items()]
        )

    def _type(self, name: str, array: Array) -> Any:
        import pyarrow

        if array.dtype.hasobject:
            kind = pyarrow.binary() if name in self._binary else pyarrow.string()
        else:
            kind = pyarrow.from_numpy_dtype(_writable_dtype(array))
        for size in reversed(array.shape[1:]):
            kind = pyarrow.list_(pyarrow.field("item", kind, nullable=False), size)
        return kind

    def _build_table(self, rows: Mapping[str, Array]) -> Any:
        import pyarrow

        schema = self._schema(rows)
        columns = [_build_column(rows[field.name], field.type) for field in schema]
        return pyarrow.table(columns, schema=schema)

    def _rewrite(self, schema: Any) -> None:
        """Write what there is once more, a row group at a time, with binary for text."""
        import pyarrow.parquet

        self._held = [table.cast(schema) for table in self._held]
        if self._writer is None:
            return
        self._writer.close()
        before, self._writer = self._path, None
        self._number += 1
        writer = self._open(schema)
        with pyarrow.parquet.ParquetFile(before) as file:
            for number in range(file.num_row_groups):
                writer.write_table(file.read_row_group(number).cast(schema))
        before.unlink()

    def finish(self) -> Path:
        """Write what is held back, close the file and return it."""
        self._flush()
        self.close()
        return self._path

    def close(self) -> None:
        """Close the file as it is."""
        if self._writer is not None:
            self._writer.close()


def _is_utf8(array: Array) -> bool:
    try:
        for text in array.reshape(-1).tolist():
            text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _writable_dtype(array: Array) -> np.dtype[Any]:
    # pyarrow writes half floats only since its version 15, and other readers know none.
    dtype = storable_dtype(array.dtype)
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def _build_column(array: Array, kind: Any) -> Any:
    import pyarrow

    leaf = kind
    while pyarrow.types.is_fixed_size_list(leaf):
        leaf = leaf.value_type
    flat = array.reshape(-1)
    if array.dtype.hasobject:
        column = pyarrow.array(flat.tolist(), pyarrow.binary()).cast(leaf)
    else:
        column = pyarrow.array(storable(flat).astype(_writable_dtype(array)), leaf)
    return _nest(column, kind)


def _nest(column: Any, kind: Any) -> Any:
    import pyarrow

    if not pyarrow.types.is_fixed_size_list(kind):
        return column
    return pyarrow.FixedSizeListArray.from_arrays(_nest(column, kind.value_type), type=kind)
