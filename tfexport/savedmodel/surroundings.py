"""The files that lie beside ``saved_model.pb``: assets, fingerprint, Keras metadata, manifest."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfexport.savedmodel import protos
from tfexport.savedmodel.description import Asset, File, Fingerprint, KerasMetadata, Provenance
from tfexport.savedmodel.entries import asset_definitions
from tfexport.savedmodel.layout import (
    ASSETS,
    ASSETS_EXTRA,
    DEBUG_INFO,
    FINGERPRINT,
    KERAS_METADATA,
    MANIFEST,
    OWN_FILES,
)
from tfexport.savedmodel.ordering import natural_key
from tfexport.savedmodel.protos import MetaGraphDef
from tfexport.savedmodel.wire import read_fields

_MAX_MANIFEST = 1 << 20  # bytes; tfexport's own has a few hundred


class DamagedFileError(Exception):
    """A file beside the model that cannot be read. The message is one line, no full stop."""


def list_files(directory: Path) -> list[File]:
    """Every file below a directory, by its path in it, with its size. Links are not followed."""
    found = []
    for root, _, names in os.walk(directory):
        for name in names:
            path = Path(root, name)
            with contextlib.suppress(FileNotFoundError):  # it may go away meanwhile
                found.append(File(path.relative_to(directory).as_posix(), path.lstat().st_size))
    return sorted(found, key=lambda file: natural_key(file.path))


def read_assets(metagraph: MetaGraphDef, files: list[File]) -> tuple[Asset, ...]:
    """The files of ``assets/``: those that the graph reads, by which tensors, and the others.

    A file that the graph reads and that is not there has the size None.
    """
    sizes = {file.path.removeprefix(f"{ASSETS}/"): file.size for file in _below(ASSETS, files)}
    readers: dict[str, list[str]] = {name: [] for name in sizes}
    for definition in asset_definitions(metagraph):
        readers.setdefault(definition.filename, []).append(definition.tensor_info.name)
    return tuple(
        Asset(name, sizes.get(name), tuple(readers[name]))
        for name in sorted(readers, key=natural_key)
    )


def read_extra_assets(files: list[File]) -> tuple[File, ...]:
    """The files of ``assets.extra/``, which the graph does not read; tfexport's own left out."""
    extra = _below(ASSETS_EXTRA, files)
    return tuple(file for file in extra if not file.path.startswith(f"{OWN_FILES}/"))


def find_debug_info(files: list[File]) -> File | None:
    """``debug/saved_model_debug_info.pb``: where in the source each node was made."""
    return next((file for file in files if file.path == DEBUG_INFO), None)


def read_fingerprint(directory: Path) -> Fingerprint | None:
    """``fingerprint.pb``, or None. Raises DamagedFileError where it does not parse."""
    content = _read_optional(directory, FINGERPRINT)
    if content is None:
        return None
    proto = _parse(protos.fingerprint_pb2.FingerprintDef, content, FINGERPRINT)
    return Fingerprint(
        str(proto.saved_model_checksum),
        str(proto.graph_def_program_hash),
        str(proto.signature_def_hash),
        str(proto.saved_object_graph_hash),
        str(proto.checkpoint_hash),
        getattr(proto, "uuid", "") or None,
    )


def read_provenance(directory: Path) -> Provenance | None:
    """tfexport's manifest, or None. Raises DamagedFileError where it is no JSON object."""
    content = _read_optional(directory, MANIFEST)
    if content is None:
        return None
    import json  # 2 ms, and most models have no such file

    try:
        manifest = json.loads(content[:_MAX_MANIFEST])
    except (ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict):
        raise DamagedFileError(f"{MANIFEST} is no JSON object")
    target, created, versions = (manifest.get(key) for key in ("target", "created", "versions"))
    return Provenance(
        target if isinstance(target, str) else None,
        created if isinstance(created, str) else None,
        tuple(_list_versions(versions)),
    )


def _list_versions(versions: Any) -> Iterator[str]:
    if isinstance(versions, dict):
        for name, version in sorted(versions.items()):
            yield f"{name} {version}"


def read_keras_metadata(directory: Path) -> KerasMetadata | None:
    """``keras_metadata.pb``, or None. Raises DamagedFileError where it does not parse."""
    content = _read_optional(directory, KERAS_METADATA)
    if content is None:
        return None
    try:
        objects = list(_keras_objects(content))
    except (ValueError, RecursionError):
        raise DamagedFileError(f"{KERAS_METADATA} does not parse") from None
    root = next((found for path, found in objects if path == "root"), {})
    layers = sum(path.startswith("root.layer") for path, _ in objects)
    return KerasMetadata(_text(root.get("class_name")), layers, _text(root.get("keras_version")))


def _below(folder: str, files: list[File]) -> Iterator[File]:
    return (file for file in files if file.path.startswith(f"{folder}/"))


def _keras_objects(content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    # SavedMetadata (tensorflow/python/keras/protobuf/saved_metadata.proto): nodes = 1, of which
    # node_path = 3, metadata = 5 (JSON). Its generated module lies behind tensorflow.python.
    import json

    for number, node in read_fields(content):
        if number == 1 and isinstance(node, bytes):
            fields = dict(read_fields(node))
            metadata = json.loads(_decode(fields.get(5)) or "null")
            yield _decode(fields.get(3)), metadata if isinstance(metadata, dict) else {}


def _decode(value: int | bytes | None) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else ""


def _read_optional(directory: Path, name: str) -> bytes | None:
    try:
        return (directory / name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedFileError(f"{name} cannot be read: {error.strerror or error}") from error


def _parse(message: Any, content: bytes, name: str) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return message.FromString(content)
    except DecodeError:
        raise DamagedFileError(f"{name} does not parse") from None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
