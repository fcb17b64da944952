"""The files beside the graph: assets and extra assets, and those that say where it is from."""

from __future__ import annotations

from collections.abc import Iterator

from tfexport.render.page import Block, Cell, Heading, Table
from tfexport.render.quantities import format_bytes
from tfexport.render.sections.rest import say_more
from tfexport.savedmodel.description import Asset, File, Fingerprint, ModelDescription

_MOST_FILES = 8


def show_assets(model: ModelDescription, most: int | None = _MOST_FILES) -> Iterator[Block]:
    """The files that the graph reads, then those of assets.extra; ``most`` of them, or all."""
    rows = [*map(_asset_row, model.assets), *map(_extra_row, model.extra_assets)]
    if not rows:
        return
    yield Heading("Assets")
    yield Table(tuple(rows[:most]), right=frozenset({1}))
    if most is not None and len(rows) > most:
        yield say_more(f"and {len(rows) - most:,} more")


def show_origin(model: ModelDescription) -> Iterator[Block]:
    """What the model was made with, what identifies it, and whether source lines are kept."""
    rows = list(_origin_rows(model))
    if rows:
        yield Heading("Origin")
        yield Table(tuple((Cell(name), Cell(value, "dim")) for name, value in rows))


def _asset_row(asset: Asset) -> tuple[Cell, ...]:
    size = Cell("missing", "warning") if asset.size is None else Cell(format_bytes(asset.size))
    unused = "" if asset.tensor_names else "not read by the graph"
    return Cell(asset.filename, "name"), size, Cell(unused, "dim")


def _extra_row(file: File) -> tuple[Cell, ...]:
    return Cell(file.path, "name"), Cell(format_bytes(file.size)), Cell("extra", "dim")


def _origin_rows(model: ModelDescription) -> Iterator[tuple[str, str]]:
    if model.provenance is not None and model.provenance.versions:
        yield "made with", ", ".join(model.provenance.versions)
    if model.tensorflow_git_version:
        yield "TensorFlow build", model.tensorflow_git_version
    if model.fingerprint is not None:
        yield from _fingerprint_rows(model.fingerprint)
    if model.debug_info is not None:
        yield "debug information", format_bytes(model.debug_info.size)


def _fingerprint_rows(fingerprint: Fingerprint) -> Iterator[tuple[str, str]]:
    if fingerprint.uuid:
        yield "uuid", fingerprint.uuid
    yield "hash of saved_model.pb", fingerprint.saved_model_checksum
    yield "hash of the graph", fingerprint.graph_def_program_hash
    yield "hash of the signatures", fingerprint.signature_def_hash
    yield "hash of the objects", fingerprint.saved_object_graph_hash
    yield "hash of the checkpoint", fingerprint.checkpoint_hash
