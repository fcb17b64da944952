"""The assets of two models, by what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tfexport.savedmodel.description import ModelDescription
from tfexport.savedmodel.layout import ASSETS, MANIFEST

_CHUNK = 1 << 20
_OWN = MANIFEST.rpartition("/")[0]
_SHOWN = 12  # digits of a hash: enough to tell two files apart


def hash_assets(model: ModelDescription) -> dict[str, str]:
    """Size and SHA-256 (its beginning) of each asset, by its path; tfexport's own left out."""
    return dict(_hash_assets(model))


def _hash_assets(model: ModelDescription) -> Iterator[tuple[str, str]]:
    directory = Path(model.directory)
    for asset in model.assets:
        name = f"{ASSETS}/{asset.filename}"
        yield name, "missing" if asset.size is None else _describe(directory / name)
    for file in model.extra_assets:
        if not file.path.startswith(f"{_OWN}/"):
            yield file.path, _describe(directory / file.path)


def _describe(path: Path) -> str:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
    return f"{size:,} bytes, sha256 {digest.hexdigest()[:_SHOWN]}"
