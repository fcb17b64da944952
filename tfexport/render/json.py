"""Results as JSON: one way for all commands, with a versioned schema. See docs/json.md."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any


def render_json(schema: str, *results: Any) -> str:
    """Frozen dataclasses as one JSON object, its ``schema`` (``tfexport.inspect/1``) first.

    Fields come in the order in which they are declared, tuples as arrays. Everything beyond
    ASCII is escaped, so that no name from a model reaches a terminal as a control code. A float
    that JSON has no number for is the string ``NaN``, ``Infinity`` or ``-Infinity``.
    """
    document: dict[str, Any] = {"schema": schema}
    for result in results:
        document.update(_fields(result))
    return _dump(document)


def render_json_list(schema: str, name: str, results: Sequence[Any]) -> str:
    """Several results of one kind as a JSON object with the array ``name``."""
    return _dump({"schema": schema, name: [_fields(result) for result in results]})


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _fields(value: Any) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(value)]
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return _plain_float(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, PurePath) else _fields(value)


def _plain_float(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
