"""The first lines: which model, made by what, how large."""

from __future__ import annotations

from collections.abc import Iterator

from tfexport.render.page import Block, Cell, Line
from tfexport.render.quantities import format_bytes, format_count
from tfexport.savedmodel.description import KerasMetadata, ModelDescription, Provenance


def show_header(model: ModelDescription) -> Iterator[Block]:
    """Name, TensorFlow version, tags, size and parameters; then where it came from."""
    title = Cell(model.name or model.directory, "title")
    yield Line((title, *_facts(model)), separator=" · ")
    for line in _origins(model):
        yield Line(tuple(Cell(word, "dim") for word in line.split(" ")), indent=2)


def _facts(model: ModelDescription) -> Iterator[Cell]:
    if model.version is not None:
        yield Cell(f"version {model.version}")
    yield Cell(f"TensorFlow {model.tensorflow_version or 'of unknown version'}")
    yield Cell(f"tags {','.join(model.tags)}" if model.tags else "no tags")
    yield Cell(f"{format_bytes(model.size)} on disk")
    if model.variables:
        parameters = format_count(model.parameters, "parameter")
        yield Cell(f"{parameters} ({format_bytes(model.variable_bytes)})")


def _origins(model: ModelDescription) -> Iterator[str]:
    if model.other_versions:
        yield f"other versions: {', '.join(map(str, model.other_versions))}"
    if model.other_tags:
        others = "; ".join(",".join(tags) or "no tags" for tags in model.other_tags)
        yield f"other metagraphs, by --tags: {others}"
    if model.provenance is not None:
        yield " ".join(_describe_provenance(model.provenance))
    if model.keras is not None:
        yield _describe_keras(model.keras)


def _describe_provenance(provenance: Provenance) -> Iterator[str]:
    own = [version for version in provenance.versions if version.startswith("tfexport ")]
    yield f"saved by {own[0] if own else 'tfexport'}"
    if provenance.target:
        yield f"from {provenance.target}"
    if provenance.created:
        yield f"at {provenance.created}"


def _describe_keras(keras: KerasMetadata) -> str:
    version = f"Keras {keras.keras_version}" if keras.keras_version else "Keras"
    return f"{version}: {keras.root_class or 'a model'}, {format_count(keras.layers, 'layer')}"
