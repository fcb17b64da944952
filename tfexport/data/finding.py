"""Finds the files that a path, a folder or a glob stands for, and tells their format."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from tfexport.data.places import Place
from tfexport.errors import InputDataError
from tfexport.suggestions import did_you_mean

# The module of formats/ that opens files of a suffix.
FORMATS = {
    ".npy": "npy",
    ".npz": "npz",
    ".json": "json_document",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".csv": "csv_table",
    ".tsv": "csv_table",
    ".parquet": "parquet",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
    ".txt": "text_lines",
    ".png": "image",
    ".jpg": "image",
    ".jpeg": "image",
}


def find_places(where: str) -> list[Place]:
    """The file at a path, or the files of a folder or a glob in natural order.

    Raises InputDataError where there is none.
    """
    path = Path(where)
    if not is_there(path):
        found = sorted(find_matches(where), key=_in_natural_order)
        if not found:
            raise InputDataError(_describe_missing(where, path))
        return [place for match in found for place in find_places(match)]
    return _list_folder(path) if path.is_dir() else [Place(where, path)]


def find_matches(where: str) -> list[str]:
    """What a glob matches; nothing for a text that is no glob."""
    # Path.glob takes no absolute patterns.
    return glob.glob(where, recursive=True) if glob.has_magic(where) else []  # noqa: PTH207


def is_there(path: Path) -> bool:
    """Whether a path leads to something; texts that can be no path lead to nothing."""
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than a path can be, or with a NUL in it
        return False


def pick_format(places: Sequence[Place], where: str) -> str:
    """The module of formats/ for ``places``, by their suffixes (``.gz`` apart).

    Raises InputDataError for a suffix that is not known, and for several formats at once.
    """
    formats: dict[str, Place] = {}
    for place in places:
        suffix = _suffix(place)
        if suffix not in FORMATS:
            raise InputDataError(
                f"'{place.label}' is of no known format. Known are: {', '.join(FORMATS)}."
            )
        formats.setdefault(FORMATS[suffix], place)
    if len(formats) > 1:
        first, second, *_ = formats.values()
        raise InputDataError(
            f"'{where}' has files of several formats ('{first.label}', '{second.label}'). "
            "Choose one with a glob."
        )
    return next(iter(formats))


def _list_folder(folder: Path) -> list[Place]:
    # Writers leave marks beside their parts: _SUCCESS, .part-0.crc.
    files = [
        str(file)
        for file in folder.rglob("*")
        if not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
        and file.is_file()
    ]
    if not files:
        raise InputDataError(f"The folder '{folder}' has no files.")
    return [Place(file, Path(file)) for file in sorted(files, key=_in_natural_order)]


def _in_natural_order(path: str) -> list[tuple[int, str]]:
    # part-2 before part-10
    pieces = re.split(r"([0-9]+)", path)
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces]


def _describe_missing(where: str, path: Path) -> str:
    if glob.has_magic(where):
        return f"No file matches '{where}'."
    try:
        neighbours = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):
        neighbours = []
    return f"There is no file '{where}'.{did_you_mean(path.name, neighbours)}"


def _suffix(place: Place) -> str:
    assert place.path is not None
    return Path(place.path.name.lower().removesuffix(".gz")).suffix
