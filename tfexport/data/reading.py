"""Opens what stands after ``--input``: a file, a folder, a glob, JSON, or ``-`` for stdin."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tfexport.data.arguments import parse_input
from tfexport.data.finding import find_matches, find_places, is_there, pick_format
from tfexport.data.places import Place
from tfexport.data.sources import Source
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec

Inputs = Sequence[TensorSpec]

_STDIN = "-"
_SHOWN = 40  # letters of inline JSON in a message
_LIKE_JSON = re.compile(
    r"\s*([\[{\"]|(-?(\d[\d.eE+-]*|Infinity)|NaN|true|false|null)\s*\Z)", re.DOTALL
)


def open_sources(
    texts: Sequence[str], inputs: Inputs, stdin: BinaryIO | None = None
) -> list[Source]:
    """The sources of several ``[NAME=]WHERE``, in their order; ``-`` reads ``stdin``.

    Raises InputDataError.
    """
    names = [str(spec.name) for spec in inputs]
    parsed = [parse_input(text, names) for text in texts]
    if [where for _, where in parsed].count(_STDIN) > 1:
        raise InputDataError("stdin is given twice (--input -), and can be read once.")
    return [open_source(where, inputs, name, stdin) for name, where in parsed]


def open_source(
    where: str, inputs: Inputs, name: str | None = None, stdin: BinaryIO | None = None
) -> Source:
    """The values at ``where`` for the input ``name``, or for those that it names itself.

    Raises InputDataError for what is not there, is of no known format, or feeds no input.
    """
    if where == _STDIN:
        return _open_stream("stdin", stdin or sys.stdin.buffer, inputs, name)
    path = Path(where)
    if _LIKE_JSON.match(where) and not is_there(path) and not find_matches(where):
        return _open_inline(where, inputs, name)
    if is_there(path) and not path.is_file() and not path.is_dir():  # a pipe: <(zcat x.csv)
        return _open_stream(where, path.open("rb"), inputs, name)
    return _open_files(where, inputs, name)


def _open_files(where: str, inputs: Inputs, name: str | None) -> Source:
    try:
        places = find_places(where)
    except InputDataError as error:
        if "/" in where or Path(where).suffix or not _takes_text(inputs, name):
            raise
        raise InputDataError(f"{error} For the text itself write JSON: '\"{where}\"'") from None
    module = pick_format(places, where)
    if module == "npy" and Path(where).is_dir():
        module = "folder"
    return _open_format(module, where, places, inputs, name)


def _open_inline(text: str, inputs: Inputs, name: str | None) -> Source:
    from tfexport.data.formats.json_document import make_source
    from tfexport.data.json_values import parse_json

    label = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return make_source(parse_json(text, f"'{label}'"), inputs, name, label)


def _open_stream(label: str, stream: BinaryIO, inputs: Inputs, name: str | None) -> Source:
    from tfexport.data.sniffing import detect_format

    place = Place(label, stream=stream)
    names = [str(spec.name) for spec in inputs]
    module = detect_format(place, names, takes_text=_takes_text(inputs, name))
    return _open_format(module, label, [place], inputs, name)


def _takes_text(inputs: Inputs, name: str | None) -> bool:
    return any(spec.dtype == "string" and name in (None, spec.name) for spec in inputs)


def _open_format(
    module: str, label: str, places: Sequence[Place], inputs: Inputs, name: str | None
) -> Source:
    # Imported when asked for: a run that reads an .npy need not wait for JSON or pyarrow.
    opened: Source = importlib.import_module(f"tfexport.data.formats.{module}").open_source(
        label, places, inputs, name
    )
    return opened
