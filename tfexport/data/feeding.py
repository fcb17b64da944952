"""The inputs of a run: every source checked, cast and brought in step with the signature."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tfexport.data.arrays import Array, Arrays
from tfexport.data.batching import (
    count_rows,
    names_with_rows,
    regroup_rows,
    require_streamable,
)
from tfexport.data.casting import fit_dtype
from tfexport.data.fitting import check_shape, fits_shape
from tfexport.data.sources import ArraySource, RowSource, Source, StoredArray
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec, format_shape

# Rows of a text file that are read together where it is read whole.
_BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Feed:
    """What a signature is called with. Make one with ``open_feed``."""

    sources: Sequence[Source]
    specs: Mapping[str, TensorSpec]
    cast: bool

    @property
    def names(self) -> frozenset[str]:
        """The inputs that are fed."""
        return frozenset(name for source in self.sources for name in source.names)

    @property
    def with_rows(self) -> frozenset[str]:
        """The inputs whose rows come batch by batch; others are whole in every batch."""
        with_rows = names_with_rows(list(self.specs.values()))
        return frozenset(
            name
            for source in self.sources
            for name in source.names
            if name in with_rows and _may_have_rows(source, name)
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the values that a user would want to know (images resized, say)."""
        return tuple(note for source in self.sources for note in source.notes)

    @property
    def rows(self) -> int | None:
        """How many rows ``batches`` goes through, or None where only its end will tell."""
        counts = {stream.rows for stream in self._streams()}
        return None if None in counts or not counts else max(filter(None, counts), default=0)

    def read(self) -> Arrays:
        """All values of every input, of exactly its dtype and a shape that fits.

        An .npy that needs no cast is memory-mapped. Raises InputDataError.
        """
        for source in self.sources:
            self._check_shapes(source)
        arrays: Arrays = {}
        for source in self.sources:
            if isinstance(source, ArraySource):
                arrays.update(self._read_arrays(source, source.names))
            else:
                arrays.update(self._read_rows(source))
        return arrays

    def batches(self, size: int, *, together: int = 1) -> Iterator[Arrays]:
        """The inputs ``size`` rows at a time, the last batch as short as it comes.

        With ``together`` as many batches come as one, to be split by who takes them. Inputs
        without rows (a scalar, say) are whole in every batch. Raises UsageError where the
        signature has no batch of that size, InputDataError for what does not fit.
        """
        require_streamable(list(self.specs.values()), size)
        for source in self.sources:
            self._check_shapes(source, any_batch=True)
        streams = self._streams()
        _require_equal_rows(streams)
        constants: Arrays = {}
        for source in self.sources:
            constants.update(self._read_constants(source))
        return self._merge(constants, streams, size * together)

    def _merge(self, constants: Arrays, streams: Sequence[_Stream], size: int) -> Iterator[Arrays]:
        for parts in _in_step([stream.batches(self, size) for stream in streams], streams):
            yield {**constants, **{name: part[name] for part in parts for name in part}}

    def _streams(self) -> list[_Stream]:
        with_rows = self.with_rows
        streams: list[_Stream] = []
        for source in self.sources:
            if isinstance(source, RowSource):
                streams.append(_RowStream(source))
                continue
            for name, array in source.arrays.items():
                if name in with_rows:
                    streams.append(_ArrayStream(source.label, name, array))
        return streams

    def _check_shapes(self, source: Source, *, any_batch: bool = False) -> None:
        if isinstance(source, ArraySource):
            with_rows = self.with_rows
            for name, array in source.arrays.items():
                free = any_batch and name in with_rows
                label = _label(name, source.label)
                check_shape(array, self.specs[name], label=label, any_batch=free)

    def _read_arrays(self, source: ArraySource, names: Collection[str]) -> Arrays:
        return {
            name: self.fit(name, source.arrays[name].read(), source.label)
            for name in source.arrays
            if name in names
        }

    def _read_constants(self, source: Source) -> Arrays:
        with_rows = self.with_rows
        constants = [name for name in source.names if name not in with_rows]
        if isinstance(source, ArraySource):
            return self._read_arrays(source, constants)
        for name in constants:
            raise _one_value_for(name, self.specs[name], source.label)
        return {}

    def _read_rows(self, source: RowSource) -> Arrays:
        blocks = list(self.fit_blocks(source, _BLOCK_ROWS))
        if not blocks:
            raise _no_rows(source.label)
        arrays = {}
        for name in blocks[0]:
            rows = _join_rows([block[name] for block in blocks], name, source.label)
            arrays[name] = self._choose_shape(rows, name, source.label)
        return arrays

    def _choose_shape(self, rows: Array, name: str, label: str) -> Array:
        """The rows; or the only one, for an input that has the shape of a row."""
        spec = self.specs[name]
        if fits_shape(rows, spec):
            return rows
        if len(rows) == 1 and fits_shape(rows[0, ...], spec):
            only: Array = rows[0, ...]
            return only
        if fits_shape(rows[0, ...], spec):
            raise _one_value_for(name, spec, label)
        check_shape(rows, spec, label=_label(name, label))
        return rows

    def fit_blocks(self, source: RowSource, size: int) -> Iterator[Arrays]:
        """The blocks of ``source``, cast to the dtypes of their inputs."""
        first_row = 0
        for block in source.read_blocks(size):
            fitted = {}
            for name, array in block.items():
                values = self.fit(name, array, source.label, first_row)
                fitted[name] = _add_unit_axis(values, self.specs[name])
            yield fitted
            first_row += count_rows(block)

    def check_rows(self, blocks: Iterator[Arrays], label: str) -> Iterator[Arrays]:
        """The same blocks, their shapes checked but for the number of rows."""
        for block in blocks:
            for name, rows in block.items():
                check_shape(rows, self.specs[name], label=_label(name, label), any_batch=True)
            yield block

    def fit(self, name: str, array: Array, label: str, first_row: int = 0) -> Array:
        """``array`` with the dtype of input ``name``."""
        dtype = self.specs[name].dtype
        label = _label(name, label)
        return fit_dtype(array, dtype, label=label, cast=self.cast, first_row=first_row)


def open_feed(
    sources: Sequence[Source],
    inputs: Sequence[TensorSpec],
    *,
    optional: Collection[str] = (),
    cast: bool = False,
) -> Feed:
    """Bring ``sources`` together into all ``inputs`` of a signature.

    ``optional`` inputs have defaults and need no source. With ``cast`` values may change.
    Raises InputDataError for an input that is given twice or not at all.
    """
    giver: dict[str, str] = {}
    for source in sources:
        for name in source.names:
            if name in giver:
                raise InputDataError(
                    f"Input '{name}' is given twice, by '{giver[name]}' and by '{source.label}'."
                )
            giver[name] = source.label
    feed = Feed(sources, {str(spec.name): spec for spec in inputs}, cast)
    _require_all(feed, optional)
    return feed


def _require_all(feed: Feed, optional: Collection[str]) -> None:
    missing = [name for name in feed.specs if name not in feed.names and name not in optional]
    if missing:
        spec = feed.specs[missing[0]]
        others = f" (nor for {', '.join(missing[1:])})" if missing[1:] else ""
        raise InputDataError(
            f"There is no value for input '{missing[0]}'{others}. It takes {spec.display()}: "
            f"--input {missing[0]}=FILE"
        )


def _may_have_rows(source: Source, name: str) -> bool:
    # An input of unknown rank takes a scalar as well.
    return isinstance(source, RowSource) or bool(source.arrays[name].shape)


@dataclass(frozen=True)
class _ArrayStream:
    label: str
    name: str
    array: StoredArray

    @property
    def rows(self) -> int:
        return self.array.shape[0]

    def batches(self, feed: Feed, size: int) -> Iterator[Arrays]:
        row = 0
        for batch in self.array.batches(size):
            yield {self.name: feed.fit(self.name, batch, self.label, row)}
            row += len(batch)
        if not row:  # one empty batch, so that the outputs have their dtypes and shapes
            yield {self.name: feed.fit(self.name, self.array.read(), self.label)}


@dataclass(frozen=True)
class _RowStream:
    source: RowSource

    @property
    def label(self) -> str:
        return self.source.label

    @property
    def rows(self) -> int | None:
        return self.source.rows

    def batches(self, feed: Feed, size: int) -> Iterator[Arrays]:
        empty = True
        blocks = feed.check_rows(feed.fit_blocks(self.source, size), self.label)
        for batch in regroup_rows(blocks, size):
            empty = False
            yield batch
        if empty:
            raise _no_rows(self.label)


_Stream = _ArrayStream | _RowStream


def _in_step(
    batches: Sequence[Iterator[Arrays]], streams: Sequence[_Stream]
) -> Iterator[list[Arrays]]:
    done = 0
    while True:
        parts = [next(each, None) for each in batches]
        counts = [0 if part is None else count_rows(part) for part in parts]
        if any(count != counts[0] for count in counts):
            short, long = counts.index(min(counts)), counts.index(max(counts))
            raise InputDataError(
                f"'{streams[short].label}' ends after {_count(done + counts[short])}, and "
                f"'{streams[long].label}' has more."
            )
        found = [part for part in parts if part is not None]
        if not found:
            return
        yield found
        done += counts[0]


def _require_equal_rows(streams: Sequence[_Stream]) -> None:
    if not streams:
        raise InputDataError("No input with a batch dimension is given, so there are no batches.")
    known = [stream for stream in streams if stream.rows is not None]
    for stream in known[1:]:
        if stream.rows != known[0].rows:
            raise InputDataError(
                f"The inputs differ in rows: {_describe_rows(known[0])}, {_describe_rows(stream)}."
            )


def _describe_rows(stream: _Stream) -> str:
    name = f"'{stream.name}' " if isinstance(stream, _ArrayStream) else ""
    return f"{name}({stream.label}) has {_count(stream.rows or 0)}".strip()


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _join_rows(blocks: Sequence[Array], name: str, label: str) -> Array:
    for block in blocks:
        if block.shape[1:] != blocks[0].shape[1:]:
            raise InputDataError(
                f"{_label(name, label)}: rows of shape {format_shape(block.shape[1:])} follow rows "
                f"of shape {format_shape(blocks[0].shape[1:])}."
            )
    return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def _add_unit_axis(rows: Array, spec: TensorSpec) -> Array:
    # A value a row is what [?, 1] means, though a file has no brackets around it.
    if spec.shape is not None and len(spec.shape) == rows.ndim + 1 and spec.shape[-1] == 1:
        return rows[..., np.newaxis]
    return rows


def _one_value_for(name: str, spec: TensorSpec, label: str) -> InputDataError:
    return InputDataError(
        f"Input '{name}' takes one {spec.display()} for all rows, and '{label}' has one for "
        f"each. Give it by itself: --input {name}=VALUE"
    )


def _no_rows(label: str) -> InputDataError:
    return InputDataError(f"'{label}' has no rows.")


def _label(name: str, label: str) -> str:
    return f"Input '{name}' ({label})"
