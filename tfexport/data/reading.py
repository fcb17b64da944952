"""Opens what stands after ``--input``: finds the files, picks the format by their names."""

from __future__ import annotations

import glob
import importlib
import re
from collections.abc import Sequence
from pathlib import Path

from tfexport.data.arguments import parse_input
from tfexport.data.places import Place
from tfexport.data.sources import Source
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec
from tfexport.suggestions import did_you_mean

Inputs = Sequence[TensorSpec]

# The module of formats/ that opens files of a suffix.
FORMATS = {
    ".npy": "npy",
    ".npz": "npz",
}


def open_sources(texts: Sequence[str], inputs: Inputs) -> list[Source]:
    """The sources of several ``[NAME=]WHERE``, in their order. Raises InputDataError."""
    names = [str(spec.name) for spec in inputs]
    parsed = [parse_input(text, names) for text in texts]
    return [open_source(where, inputs, name) for name, where in parsed]


def open_source(where: str, inputs: Inputs, name: str | None) -> Source:
    """The values at ``where`` for the input ``name``, or for those that it names itself.

    Raises InputDataError for what is not there, is of no known format, or feeds no input.
    """
    places = find_places(where)
    return _open_format(_pick_format(places), where, places, inputs, name)


def find_places(where: str) -> list[Place]:
    """The file at a path, or the files of a glob in natural order. Raises InputDataError."""
    path = Path(where)
    if _is_there(path):
        return [Place(where, path)]
    found = sorted(_find_matches(where), key=_in_natural_order)
    if not found:
        raise InputDataError(_describe_missing(where, path))
    return [Place(match, Path(match)) for match in found]


def _find_matches(where: str) -> list[str]:
    # Path.glob takes no absolute patterns.
    return glob.glob(where, recursive=True) if glob.has_magic(where) else []  # noqa: PTH207


def _in_natural_order(path: str) -> list[tuple[int, str]]:
    # part-2 before part-10
    pieces = re.split(r"([0-9]+)", path)
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than a path can be, or with a NUL in it
        return False


def _describe_missing(where: str, path: Path) -> str:
    if glob.has_magic(where):
        return f"No file matches '{where}'."
    try:
        neighbours = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):
        neighbours = []
    return f"There is no file '{where}'.{did_you_mean(path.name, neighbours)}"


def _pick_format(places: Sequence[Place]) -> str:
    suffixes = {_suffix(place) for place in places}
    unknown = sorted(suffixes - FORMATS.keys())
    if unknown:
        raise InputDataError(
            f"'{places[0].label}' is of no known format. Known are: {', '.join(FORMATS)}."
        )
    return FORMATS[suffixes.pop()]


def _suffix(place: Place) -> str:
    assert place.path is not None
    name = place.path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _open_format(
    module: str, label: str, places: Sequence[Place], inputs: Inputs, name: str | None
) -> Source:
    # Imported when asked for: a run that reads an .npy need not wait for JSON or pyarrow.
    opened: Source = importlib.import_module(f"tfexport.data.formats.{module}").open_source(
        label, places, inputs, name
    )
    return opened
