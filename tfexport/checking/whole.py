"""Is it whole? Every file that the model names is there, and what it was when it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tfexport.checking.findings import CRITICAL, MEDIUM, WHOLE, Finding
from tfexport.checking.model import CheckedModel
from tfexport.dtypes import item_size
from tfexport.savedmodel.checkpoint import (
    BundleEntry,
    CheckpointError,
    CheckpointIndex,
    read_checkpoint_index,
)
from tfexport.savedmodel.description import Variable, count_elements
from tfexport.savedmodel.layout import FINGERPRINT, MANIFEST, VARIABLES, VARIABLES_INDEX
from tfexport.savedmodel.sstable import TableError
from tfexport.spec import format_shape

Advance = Callable[[int], None]

_DATA_FILE = re.compile(r"variables\.data-([0-9]{5,12})-of-[0-9]{5,12}\Z")
_MOST_NAMED = 5  # of values that share one fault
_DAMAGED_FILES = {"damaged-fingerprint": FINGERPRINT, "damaged-manifest": MANIFEST}
_VALUE_KEY = "/.ATTRIBUTES/VARIABLE_VALUE"  # at the end of a variable's key


class CheckpointFiles:
    """The data files of a checkpoint against its index.

    ``readable`` are the entries whose bytes are there, by data file, once ``findings`` has been
    gone through.
    """

    def __init__(self, index: CheckpointIndex) -> None:
        self.index = index
        self.readable: dict[int, list[BundleEntry]] = {}

    @property
    def bytes(self) -> int:
        """How many bytes the readable entries have."""
        return sum(entry.size for entries in self.readable.values() for entry in entries)

    @property
    def tensors(self) -> int:
        """How many readable entries there are."""
        return sum(map(len, self.readable.values()))

    def findings(self) -> Iterator[Finding]:
        """Data files that are missing, cut off or of another checkpoint; entries out of place."""
        entries: dict[int, list[BundleEntry]] = {}
        for entry in self.index.entries.values():
            if entry.size and not entry.slices:
                entries.setdefault(entry.shard, []).append(entry)
        for shard, own in sorted(entries.items()):
            yield from self._check_shard(shard, own)
        yield from self._find_stale()
        yield from _check_sizes(self.index)

    def _check_shard(self, shard: int, entries: list[BundleEntry]) -> Iterator[Finding]:
        path = self.index.data_file(shard)
        name = f"{VARIABLES}/{path.name}"
        end = max(entry.offset + entry.size for entry in entries)
        try:
            size = path.stat().st_size
        except OSError:
            message = f"is missing: {_count(entries, 'value')} cannot be restored"
            yield Finding(WHOLE, CRITICAL, "missing-file", name, message, name)
            return
        if size < end:
            lost = [entry for entry in entries if entry.offset + entry.size > size]
            message = f"is cut off: it has {size:,} of {end:,} bytes, which {_name(lost)} need"
            yield Finding(WHOLE, CRITICAL, "cut-off-file", name, message, name)
        elif size > end:
            message = f"goes on after its last value: it has {size:,} bytes, {end:,} are in use"
            yield Finding(WHOLE, MEDIUM, "longer-file", name, message, name)
        inside = [entry for entry in entries if entry.offset + entry.size <= size]
        self.readable[shard], shared = _without_overlaps(inside)
        if shared:
            message = f"{_name(shared)} share bytes with another value"
            yield Finding(WHOLE, CRITICAL, "shared-bytes", name, message, name)

    def _find_stale(self) -> Iterator[Finding]:
        try:
            names = sorted(path.name for path in (self.index.directory / VARIABLES).iterdir())
        except OSError:
            return
        for name in names:
            numbers = _DATA_FILE.match(name)
            if numbers and not self._is_named(int(numbers[1]), name):
                message = f"is none of the {self.index.shards} data files that the index names"
                name = f"{VARIABLES}/{name}"
                yield Finding(WHOLE, MEDIUM, "stale-file", name, message, name)

    def _is_named(self, shard: int, name: str) -> bool:
        return shard < self.index.shards and self.index.data_file(shard).name == name


def check_files(model: CheckedModel) -> Iterator[Finding]:
    """Assets that are missing, files beside the model that cannot be read."""
    missing = {
        asset.filename
        for view in model.views
        for asset in view.description.assets
        if asset.size is None
    }
    for name in sorted(missing):
        message = "is missing, and the graph reads it"
        yield Finding(WHOLE, CRITICAL, "missing-asset", f"asset '{name}'", message)
    for warning in model.views[0].description.warnings:
        if warning.code in _DAMAGED_FILES:
            name = _DAMAGED_FILES[warning.code]
            message = warning.message.removeprefix(f"{name} ").rstrip(".")
            yield Finding(WHOLE, MEDIUM, warning.code, name, message, name)


def check_variables(model: CheckedModel, index: CheckpointIndex | None) -> Iterator[Finding]:
    """Variables without a value in the checkpoint, or with one of another dtype or shape."""
    for view in model.views:
        variables = view.description.variables
        if index is None:
            if variables:
                message = f"is missing: {_count(variables, 'variable')} cannot be restored"
                yield Finding(
                    WHOLE, CRITICAL, "missing-checkpoint", VARIABLES_INDEX, message, VARIABLES_INDEX
                )
            continue
        for variable in variables:
            fault = _compare_stored(variable, index)
            if fault is not None:
                name = variable.object_path or variable.name
                yield Finding(WHOLE, CRITICAL, "missing-values", f"variable '{name}'", fault)


def _compare_stored(variable: Variable, index: CheckpointIndex) -> str | None:
    if variable.checkpoint_key is None:
        return "has no value in the checkpoint"
    entry = index.entries.get(variable.checkpoint_key)
    if entry is None or None in (variable.shape, entry.shape) or None in (variable.shape or ()):
        return None
    if (variable.dtype, variable.shape) == (entry.dtype, entry.shape):
        return None
    stored = f"{entry.dtype} {format_shape(entry.shape)}"
    return f"is {variable.dtype} {format_shape(variable.shape)}, and its value is {stored}"


def read_index(model: CheckedModel) -> tuple[CheckpointFiles | None, list[Finding]]:
    """The checkpoint of a model, None where it has none or its index cannot be read."""
    path = model.directory / VARIABLES_INDEX
    try:
        return CheckpointFiles(read_checkpoint_index(model.directory)), _check_index(path)
    except FileNotFoundError:
        return None, []
    except CheckpointError as error:
        message = str(error).removeprefix(f"{VARIABLES_INDEX} ")
        return None, [_damaged_index(message)]


def check_values(files: CheckpointFiles, advance: Advance) -> Iterator[Finding]:
    """Read every value of the checkpoint, and compare its checksum."""
    from tfexport.checking.checksums import damaged_tensors

    for shard, entries in sorted(files.readable.items()):
        name = f"{VARIABLES}/{files.index.data_file(shard).name}"
        try:
            for entry, problem in damaged_tensors(files.index, shard, entries, advance):
                message = f"is damaged in {name}: {problem}"
                yield Finding(WHOLE, CRITICAL, "damaged-values", _subject(entry), message, name)
        except OSError as error:
            message = f"cannot be read: {error.strerror or error}"
            yield Finding(WHOLE, CRITICAL, "unreadable-file", name, message, name)


def _check_index(path: Path) -> list[Finding]:
    from tfexport.checking.checksums import check_table

    try:
        check_table(path.read_bytes())
    except (TableError, OSError) as error:
        return [_damaged_index(f"is damaged: {error}")]
    return []


def _damaged_index(message: str) -> Finding:
    return Finding(WHOLE, CRITICAL, "damaged-index", VARIABLES_INDEX, message, VARIABLES_INDEX)


def _check_sizes(index: CheckpointIndex) -> Iterator[Finding]:
    for entry in index.entries.values():
        size, count = item_size(entry.dtype), count_elements(entry.shape)
        if size is None or count is None or entry.slices or entry.size == size * count:
            continue
        message = f"has {entry.size:,} bytes in the index, and its shape needs {size * count:,}"
        yield Finding(WHOLE, CRITICAL, "wrong-size", _subject(entry), message, VARIABLES_INDEX)


def _without_overlaps(entries: list[BundleEntry]) -> tuple[list[BundleEntry], list[BundleEntry]]:
    apart, shared, end = [], [], 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < end:
            shared.append(entry)
            continue
        apart.append(entry)
        end = entry.offset + entry.size
    return apart, shared


def _count(found: Sequence[object], noun: str) -> str:
    return f"1 {noun}" if len(found) == 1 else f"{len(found):,} {noun}s"


def _name(entries: Sequence[BundleEntry]) -> str:
    names = ", ".join(_shown(entry) for entry in entries[:_MOST_NAMED])
    rest = len(entries) - _MOST_NAMED
    return f"{names} and {rest:,} more" if rest > 0 else names


def _subject(entry: BundleEntry) -> str:
    return f"value '{_shown(entry)}'"


def _shown(entry: BundleEntry) -> str:
    # A slice's key is binary; everything else is a path.
    return "a slice" if entry.key.startswith("\0") else entry.key.removesuffix(_VALUE_KEY)
