"""The manifest: how a SavedModel was made, and the calls that it was verified with.

``assets.extra/tfexport/manifest.json``, a JSON object of the schema ``tfexport.manifest/1``:
``target``, ``arguments``, ``signatures`` (method, inputs, constants), ``seed``, ``weights``,
``created``, ``versions``, ``git``, ``source``, ``verified`` and ``calls``. The calls are in the
order in which they are to be made on a freshly loaded model; their files lie beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.callables import file_of
from tfexport.exporting.calling import Call
from tfexport.exporting.environment import hash_file, read_git, read_time, read_versions
from tfexport.exporting.options import Origin, SaveOptions
from tfexport.exporting.results import KeptInputs, Verification
from tfexport.exporting.samples import keep_calls
from tfexport.exporting.type_specs import own_spec

SCHEMA = "tfexport.manifest/1"
DIRECTORY = "assets.extra/tfexport"


def write_manifest(
    directory: Path,
    module: object,
    origin: Origin,
    options: SaveOptions,
    methods: Sequence[BoundMethod],
    verified: Sequence[Verification],
    calls: Sequence[Call],
) -> KeptInputs | None:
    """Write the manifest and the calls to keep into ``directory``; gives the first inputs kept."""
    directory.mkdir(parents=True)
    file = origin.file or file_of(module)
    kept = keep_calls(directory / "samples", calls) if options.keep_samples else []
    manifest = {
        "schema": SCHEMA,
        "target": origin.target,
        "arguments": list(origin.arguments),
        "signatures": {bound.entry.signature: _describe(bound) for bound in methods},
        "seed": options.seed,
        "weights": _name(options.weights or options.checkpoint),
        "created": read_time(),
        "versions": read_versions(),
        "git": read_git(file),
        "source": hash_file(file),
        "verified": [_describe_verification(found) for found in verified],
        "calls": kept,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (directory / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return next((_as_kept(call) for call in kept if call["inputs"]["file"]), None)


def _as_kept(call: Mapping[str, Any]) -> KeptInputs:
    return KeptInputs(call["signature"], f"{DIRECTORY}/{call['inputs']['file']}")


def _describe(bound: BoundMethod) -> Mapping[str, Any]:
    specs = {leaf.name: own_spec(leaf.value) for leaf in bound.leaves}
    return {
        "method": bound.method.name,
        "inputs": {name: {"dtype": s.dtype, "shape": s.shape} for name, s in specs.items()},
        "constants": {name: repr(value) for name, value in bound.constants.items()},
    }


def _describe_verification(found: Verification) -> Mapping[str, Any]:
    return {
        "signature": found.signature,
        "calls": len(found.calls),
        "absolute": found.absolute,
        "relative": found.relative,
        "random": found.random,
    }


def _name(path: Path | None) -> str | None:
    return None if path is None else path.name
