"""A SavedModel that was read once, for all parts of its check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfexport.errors import SavedModelError
from tfexport.records import dataclass
from tfexport.savedmodel.description import ModelDescription
from tfexport.savedmodel.layout import ModelLocation, locate_model
from tfexport.savedmodel.parsing import parse_saved_model
from tfexport.savedmodel.protos import MetaGraphDef, SavedModelProto
from tfexport.savedmodel.reader import describe


@dataclass(frozen=True)
class MetaGraphView:
    """One metagraph, as the message and as a description."""

    metagraph: MetaGraphDef
    description: ModelDescription

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags, sorted."""
        return self.description.tags


@dataclass(frozen=True)
class CheckedModel:
    """A SavedModel's message with all of its metagraphs."""

    location: ModelLocation
    saved_model: SavedModelProto
    views: tuple[MetaGraphView, ...]

    @property
    def directory(self) -> Path:
        """Where it lies."""
        return self.location.directory

    @property
    def name(self) -> str:
        """Its file: ``saved_model.pb``."""
        return self.location.file.name


def read_checked_model(directory: str | Path) -> CheckedModel:
    """Read a SavedModel. Errors: those of read_description."""
    location = locate_model(directory)
    saved_model = parse_saved_model(location.file)
    views = tuple(
        MetaGraphView(metagraph, describe(location, saved_model, metagraph, constants=True))
        for metagraph in saved_model.meta_graphs
    )
    return CheckedModel(location, saved_model, views)


def find_models(directory: Path) -> Iterator[Path]:
    """The SavedModels of a folder that is none itself: those of its folders, by their names.

    A folder of numeric versions is one model.
    """
    for child in sorted(directory.iterdir()):
        if child.is_dir() and not child.name.startswith("."):
            try:
                locate_model(child)
            except SavedModelError:
                continue
            yield child
