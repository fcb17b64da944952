"""The values of two checkpoints, variable by variable and block by block: memory stays the same."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from tfexport.data.arrays import Array
from tfexport.dtypes import item_size, numpy_dtype
from tfexport.records import dataclass
from tfexport.runtime.isolation import map_isolated
from tfexport.savedmodel.checkpoint import BundleEntry, CheckpointError, CheckpointIndex
from tfexport.savedmodel.description import count_elements
from tfexport.savedmodel.slices import Piece, find_pieces, slice_key

Advance = Callable[[int], None]

_BLOCK = 1 << 16  # elements; what is computed from them stays in a core's cache
_PART = 1 << 22  # elements that are compared in one piece of work
_WORTH_SHARING = 1 << 26  # bytes: fewer are read before another process has started
_MOST_WORKERS = 8


@dataclass(frozen=True)
class ValueChange:
    """How the values of a variable changed, from the one checkpoint to the other.

    ``differing`` of ``elements`` differ. ``absolute`` and ``relative`` are the largest changes of
    one element; ``norm`` is the norm of all changes together, ``norm_before`` that of the values
    before. None where there are no numbers. ``problem`` says why they could not be compared.
    """

    name: str
    elements: int
    differing: int = 0
    absolute: float | None = None
    relative: float | None = None
    norm: float | None = None
    norm_before: float | None = None
    problem: str | None = None

    @property
    def change(self) -> float:
        """The norm of the change against the norm: what changes are sorted by."""
        if self.problem is not None or self.norm is None or not self.norm_before:
            return math.inf if self.differing or self.problem else 0.0
        return self.norm / self.norm_before


@dataclass(frozen=True)
class ValuePair:
    """A variable's entries in two checkpoints."""

    name: str
    first: BundleEntry
    second: BundleEntry

    @property
    def bytes(self) -> int:
        """How many bytes there are to read; of slices, as many as their shape needs."""
        return sum(_size_of(entry) for entry in (self.first, self.second))


def compare_values(
    first: CheckpointIndex,
    second: CheckpointIndex,
    pairs: Sequence[ValuePair],
    advance: Advance,
    *,
    isolated: bool = False,
) -> list[ValueChange]:
    """The variables whose values differ, those that changed most first.

    ``advance`` is told the bytes that are read. ``isolated`` lets child processes share the work,
    which only a process without threads may ask for: threads would wait for each other, because
    what numpy does at once is done in some microseconds.
    """
    found: list[ValueChange] = []
    numbers: list[_Numbers] = []
    for pair in pairs:
        task = _plan(first, second, pair, advance)
        if isinstance(task, ValueChange):
            found.append(task)
        else:
            numbers.append(task)
    found.extend(_compare_numbers(numbers, advance, isolated))
    changed = [change for change in found if change.differing or change.problem]
    return sorted(changed, key=lambda change: (-change.change, change.name))


def compare_checksums(
    first: CheckpointIndex, second: CheckpointIndex, pairs: Sequence[ValuePair]
) -> list[ValueChange]:
    """The variables whose checksums, dtypes or sizes differ, by name; no value is read."""
    return [
        ValueChange(pair.name, count_elements(pair.first.shape) or 0, problem="another checksum")
        for pair in sorted(pairs, key=lambda pair: pair.name)
        if _checksums(first, pair.first) != _checksums(second, pair.second)
    ]


def _checksums(index: CheckpointIndex, entry: BundleEntry) -> list[object]:
    keys = (slice_key(entry.key, extents) for extents in entry.slices)
    parts = [index.entries.get(key) for key in keys] if entry.slices else [entry]
    return [entry.dtype, *((part.size, part.crc32c) if part else None for part in parts)]


@dataclass(frozen=True)
class _Numbers:
    """A variable to compare element by element, and the pieces it is cut into."""

    name: str
    types: tuple[np.dtype[Any], np.dtype[Any]]
    parts: tuple[tuple[Piece, Piece], ...]


def _plan(
    first: CheckpointIndex, second: CheckpointIndex, pair: ValuePair, advance: Advance
) -> ValueChange | _Numbers:
    elements = count_elements(pair.first.shape) or 0
    if pair.first.shape != pair.second.shape:
        return ValueChange(pair.name, elements, problem="other shapes")
    try:
        parts = list(_parts(first, second, pair))
        if "string" in (pair.first.dtype, pair.second.dtype):
            return _compare_texts(pair, elements, parts, advance)
        types = _dtype(pair.first, first), _dtype(pair.second, second)
        cut = [part for pieces in parts for part in _cut(*pieces, types)]
    except (CheckpointError, OSError) as error:
        return ValueChange(pair.name, elements, problem=str(error))
    except KeyError as error:
        return ValueChange(pair.name, elements, problem=f"a {error.args[0]} has no values")
    return _Numbers(pair.name, types, tuple(cut))


def _size_of(entry: BundleEntry) -> int:
    if entry.size or not entry.slices:
        return entry.size
    return (item_size(entry.dtype) or 0) * (count_elements(entry.shape) or 0)


def _dtype(entry: BundleEntry, index: CheckpointIndex) -> np.dtype[Any]:
    dtype = numpy_dtype(entry.dtype)
    return dtype.newbyteorder(">") if index.big_endian else dtype


def _parts(
    first: CheckpointIndex, second: CheckpointIndex, pair: ValuePair
) -> Iterator[tuple[Piece, Piece]]:
    if pair.first.slices != pair.second.slices:
        raise CheckpointError("the two are stored in other slices")
    pieces = find_pieces(first, pair.first), find_pieces(second, pair.second)
    yield from zip(*pieces, strict=True)


def _compare_texts(
    pair: ValuePair, elements: int, parts: Sequence[tuple[Piece, Piece]], advance: Advance
) -> ValueChange:
    same = [_are_equal(old, new, advance) for old, new in parts]
    return ValueChange(pair.name, elements, 0 if all(same) else _count_texts(parts, elements))


def _are_equal(old: Piece, new: Piece, advance: Advance) -> bool:
    advance(old.size + new.size)
    if old.size != new.size:
        return False
    with old.path.open("rb") as first, new.path.open("rb") as second:
        first.seek(old.offset)
        second.seek(new.offset)
        left = old.size
        while left:
            size = min(left, 1 << 20)
            if first.read(size) != second.read(size):
                return False
            left -= size
    return True


def _count_texts(parts: Sequence[tuple[Piece, Piece]], elements: int) -> int:
    from tfexport.savedmodel.text_values import read_texts

    try:
        return sum(
            old != new
            for pieces in parts
            for old, new in zip(*(read_texts(piece) for piece in pieces), strict=True)
        )
    except (CheckpointError, ValueError):
        return elements


def _compare_numbers(
    numbers: Sequence[_Numbers], advance: Advance, isolated: bool
) -> Iterator[ValueChange]:
    work = [(index, part) for index, task in enumerate(numbers) for part in task.parts]
    size = sum(old.size + new.size for _, (old, new) in work)
    workers = min(os.cpu_count() or 1, _MOST_WORKERS) if isolated and size > _WORTH_SHARING else 1

    desks: dict[Any, _Desk] = {}  # memory is set aside once: the first use of it is slow

    def compare(item: tuple[int, tuple[Piece, Piece]]) -> list[float | str]:
        index, part = item
        types = numbers[index].types
        desk = desks.get(types) or desks.setdefault(types, _Desk(types))
        try:
            return desk.compare(*part).to_list()
        except (CheckpointError, OSError) as error:
            return [str(error)]

    totals = [Sums() for _ in numbers]
    problems: dict[int, str] = {}
    for (index, (old, new)), sums in zip(work, map_isolated(compare, work, workers), strict=True):
        advance(old.size + new.size)
        if len(sums) == 1:
            problems[index] = f"cannot be read: {sums[0]}"
        else:
            totals[index].add(Sums(*sums))
    for index, task in enumerate(numbers):
        if index in problems:
            yield ValueChange(task.name, 0, problem=problems[index])
        else:
            yield totals[index].describe(task.name)


def _cut(
    old: Piece, new: Piece, types: tuple[np.dtype[Any], np.dtype[Any]]
) -> Iterator[tuple[Piece, Piece]]:
    for piece, dtype in zip((old, new), types, strict=True):
        if piece.size != piece.elements * dtype.itemsize:
            needed = piece.elements * dtype.itemsize
            raise CheckpointError(f"it has {piece.size:,} bytes, and its shape needs {needed:,}")
    for start in range(0, old.elements, _PART):
        count = min(_PART, old.elements - start)
        yield _part(old, start, count, types[0]), _part(new, start, count, types[1])


def _part(piece: Piece, start: int, count: int, dtype: np.dtype[Any]) -> Piece:
    size = dtype.itemsize
    return Piece(piece.path, piece.offset + start * size, count * size, count)


class Sums:
    """Running figures over the elements of a variable."""

    def __init__(self, *values: Any) -> None:
        given = values or (0, 0, 0.0, 0.0, 0.0, 0.0)
        self.elements, self.differing, self.absolute, self.relative = given[:4]
        self.squares, self.squares_before = given[4:]

    def to_list(self) -> list[Any]:
        """The figures, as the constructor takes them."""
        figures = (self.elements, self.differing, self.absolute, self.relative)
        return [*figures, self.squares, self.squares_before]

    def add(self, other: Sums) -> None:
        """Take another part of the variable in."""
        self.elements += other.elements
        self.differing += other.differing
        self.absolute = max(self.absolute, other.absolute)
        self.relative = max(self.relative, other.relative)
        self.squares += other.squares
        self.squares_before += other.squares_before

    def describe(self, name: str) -> ValueChange:
        """The figures as a ValueChange."""
        return ValueChange(
            name,
            self.elements,
            self.differing,
            self.absolute,
            self.relative,
            math.sqrt(self.squares),
            math.sqrt(self.squares_before),
        )


def _working_dtype(first: np.dtype[Any], second: np.dtype[Any]) -> np.dtype[Any] | None:
    """float32 or float64, whichever holds the values of both exactly; None where neither does."""
    exact = [_holder(dtype) for dtype in (first, second)]
    if None in exact:
        return None
    return np.dtype(np.float64 if np.float64 in exact else np.float32)


def _holder(dtype: np.dtype[Any]) -> type[np.floating[Any]] | None:
    if dtype.kind == "f":
        return np.float64 if dtype.itemsize == 8 else np.float32
    if dtype.kind in "biuV" and dtype.itemsize <= 2:  # V: bfloat16, float8 and such of ml_dtypes
        return np.float32
    return np.float64 if dtype.kind in "iu" and dtype.itemsize == 4 else None


def _fill(file: BinaryIO, memory: memoryview) -> None:
    filled = 0
    while filled < len(memory):
        count = file.readinto(memory[filled:])  # type: ignore[attr-defined]
        if not count:
            raise CheckpointError("a data file ended while it was read")
        filled += count


class _Desk:
    """Compares pieces, block after block, in memory that stays its own."""

    def __init__(self, types: tuple[np.dtype[Any], np.dtype[Any]]) -> None:
        self.sums = Sums()
        self._types = types
        self._dtype = _working_dtype(*types)
        self._buffers = [bytearray(_BLOCK * dtype.itemsize) for dtype in types]
        self._difference = np.empty(_BLOCK, self._dtype or np.float32)
        self._quotient = np.empty(_BLOCK, self._dtype or np.float32)
        self._differs = np.empty(_BLOCK, np.bool_)

    def compare(self, old: Piece, new: Piece) -> Sums:
        """The figures of two pieces."""
        self.sums = Sums()
        arrays = [np.frombuffer(b, t) for b, t in zip(self._buffers, self._types, strict=True)]
        with open(old.path, "rb", 0) as first, open(new.path, "rb", 0) as second:  # noqa: PTH123
            first.seek(old.offset)
            second.seek(new.offset)
            for start in range(0, old.elements, _BLOCK):
                size = min(_BLOCK, old.elements - start)
                for file, buffer, dtype in zip(
                    (first, second), self._buffers, self._types, strict=True
                ):
                    _fill(file, memoryview(buffer)[: size * dtype.itemsize])
                self._add(arrays[0][:size], arrays[1][:size], self._is_same(size))
        return self.sums

    def _is_same(self, size: int) -> bool:
        first, second = self._buffers
        return self._types[0] == self._types[1] and size == _BLOCK and first == second

    def _add(self, old: Array, new: Array, same: bool) -> None:
        self.sums.elements += old.size
        with np.errstate(all="ignore"):
            if self._dtype is not None:
                before, after = (array.astype(self._dtype, copy=False) for array in (old, new))
                if self._add_same(before) if same else self._add_usual(before, after):
                    return
            _add_carefully(self.sums, old, new)

    def _add_same(self, old: Array) -> bool:
        squares = float(np.dot(old, old))
        if not math.isfinite(squares):
            return False
        self.sums.squares_before += squares
        return True

    def _add_usual(self, old: Array, new: Array) -> bool:
        """Finite values, in as few passes as there can be; False where there are others."""
        size = old.size
        difference, quotient = self._difference[:size], self._quotient[:size]
        differs = self._differs[:size]
        np.subtract(new, old, out=difference)
        squares, before = float(np.dot(difference, difference)), float(np.dot(old, old))
        if not (math.isfinite(squares) and math.isfinite(before)):
            return False
        np.not_equal(new, old, out=differs)
        np.divide(difference, old, out=quotient)
        # NaN, where both are zero, is passed over by fmax and fmin.
        relative = max(float(np.fmax.reduce(quotient)), -float(np.fmin.reduce(quotient)))
        if math.isinf(relative):  # a change from zero, which has no relative size
            np.copyto(quotient, old)
            np.copyto(quotient, np.inf, where=np.equal(old, 0))
            np.divide(difference, quotient, out=quotient)
            relative = max(float(quotient.max()), -float(quotient.min()))
        sums = self.sums
        sums.squares += squares
        sums.squares_before += before
        sums.differing += int(np.count_nonzero(differs))
        sums.absolute = max(sums.absolute, float(difference.max()), -float(difference.min()))
        sums.relative = max(sums.relative, 0.0 if math.isnan(relative) else relative)
        return True


def _add_carefully(sums: Sums, old: Array, new: Array) -> None:
    """Any dtype; NaN is equal to NaN, and a change to or from it, or to infinity, is infinite."""
    wide = np.complex128 if "c" in (old.dtype.kind, new.dtype.kind) else np.float64
    before, after = old.astype(wide), new.astype(wide)
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    if _may_round(old.dtype) or _may_round(new.dtype):
        same &= np.asarray(old == new)
    change = np.where(same, 0.0, np.abs(after - before))
    change = np.where(np.isnan(change), np.inf, change)
    size = np.where(np.isfinite(before), np.abs(before), 0.0)
    known = size > 0
    sums.differing += int(np.count_nonzero(~same))
    sums.absolute = max(sums.absolute, float(change.max(initial=0.0)))
    sums.relative = max(sums.relative, float((change[known] / size[known]).max(initial=0.0)))
    sums.squares += float(np.dot(change, change))
    sums.squares_before += float(np.dot(size, size))


def _may_round(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "iu" and dtype.itemsize == 8
