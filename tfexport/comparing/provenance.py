"""How two models were made, from the manifests that ``tfexport save`` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfexport.savedmodel.layout import MANIFEST

_MOST_BYTES = 1 << 24
# Of a call and its verification only the files' names would be compared.
_LEFT_OUT = ("schema", "calls", "verified", "signatures")


def read_facts(directory: Path) -> dict[str, str]:
    """What the manifest says, by dotted names (``git.commit``); nothing where there is none."""
    try:
        with (directory / MANIFEST).open("rb") as file:
            manifest = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(manifest, dict):
        return {}
    facts = {name: value for name, value in manifest.items() if name not in _LEFT_OUT}
    return dict(_flatten(facts, ""))


def _flatten(values: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict) and not prefix:
            yield from _flatten(value, f"{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value)
