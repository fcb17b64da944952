"""Reads what a user wrote after ``--input``: ``[NAME=]WHERE``."""

from __future__ import annotations

import glob
import re
from collections.abc import Collection
from pathlib import Path

from tfexport.errors import InputDataError
from tfexport.suggestions import did_you_mean

_LIKE_A_NAME = re.compile(r"[^\W\d][\w.\-:]*\Z")


def parse_input(text: str, names: Collection[str]) -> tuple[str | None, str]:
    """Split ``[NAME=]WHERE`` into the input's name, or None, and where its values are.

    An ``=`` inside of a path or of inline JSON belongs to it: only one of ``names`` stands for a
    name, and a file that exists is that file.

    >>> parse_input("x=a.npy", ["x", "y"])
    ('x', 'a.npy')
    >>> parse_input('{"x": "a=b"}', ["x", "y"])
    (None, '{"x": "a=b"}')

    Raises InputDataError for what looks like a name and is none of ``names``, and for ``NAME=``
    with nothing behind it.
    """
    named = [name for name in names if text.startswith(f"{name}=")]
    if named:
        name = max(named, key=len)
        return name, _require_value(text, text[len(name) + 1 :])
    head, equals, _ = text.partition("=")
    if not equals or not _LIKE_A_NAME.match(head) or _exists(text):
        return None, _require_value(text, text)
    raise InputDataError(f"--input {text}: {describe_unknown(head, names)}")


def describe_unknown(name: str, names: Collection[str]) -> str:
    """``There is no input 'y'. The signature has: x.``, with the name that was probably meant."""
    if not names:
        return f"There is no input '{name}'. The signature takes none."
    listed = ", ".join(names)
    return f"There is no input '{name}'. The signature has: {listed}.{did_you_mean(name, names)}"


def _require_value(text: str, where: str) -> str:
    if not where:
        raise InputDataError(
            f"--input '{text}' says no place. Expected [NAME=]WHERE, as in 'x=x.npy' or 'x=[1, 2]'."
        )
    return where


def _exists(text: str) -> bool:
    # date=2024-01-*/*.parquet: Hive's partitions have an `=` in their folders' names.
    try:
        return Path(text).exists() or (glob.has_magic(text) and bool(glob.glob(text)))  # noqa: PTH207
    except (OSError, ValueError):  # longer than a path can be, or with a NUL in it
        return False
