"""The files beside the graph: assets, extra assets, fingerprint, debug information."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def show_fingerprint(model: ModelDescription) -> Iterator[Block]:
    """What identifies the model, and whether its graph can be traced back to source lines."""
    rows = [] if model.fingerprint is None else list(_fingerprint_rows(model.fingerprint))
    if model.debug_info is not None:
        rows.append((Cell("debug information"), Cell(format_bytes(model.debug_info.size))))
    if rows:
        yield Heading("Fingerprint")
        yield Table(tuple(rows))


def _asset_row(asset: Asset) -> tuple[Cell, ...]:
    size = Cell("missing", "warning") if asset.size is None else Cell(format_bytes(asset.size))
    unused = "" if asset.tensor_names else "not read by the graph"
    return Cell(asset.filename, "name"), size, Cell(unused, "dim")


def _extra_row(file: File) -> tuple[Cell, ...]:
    return Cell(file.path, "name"), Cell(format_bytes(file.size)), Cell("extra", "dim")


def _fingerprint_rows(fingerprint: Fingerprint) -> Iterator[tuple[Cell, ...]]:
    pairs: Sequence[tuple[str, str | None]] = (
        ("uuid", fingerprint.uuid),
        ("saved_model.pb", fingerprint.saved_model_checksum),
        ("graph", fingerprint.graph_def_program_hash),
        ("signatures", fingerprint.signature_def_hash),
        ("objects", fingerprint.saved_object_graph_hash),
        ("checkpoint", fingerprint.checkpoint_hash),
    )
    return ((Cell(name), Cell(value, "dim")) for name, value in pairs if value)
