"""A SavedModel's directory as a ModelDescription."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from tfexport.savedmodel.checkpoint import (
    CheckpointError,
    CheckpointIndex,
    read_checkpoint_index,
)
from tfexport.savedmodel.description import (
    Checkpoint,
    CheckpointTensor,
    ModelDescription,
    ModelWarning,
)
from tfexport.savedmodel.graph import GraphScan
from tfexport.savedmodel.layout import VARIABLES_INDEX, ModelLocation, locate_model
from tfexport.savedmodel.objects import find_paths, read_functions, read_objects
from tfexport.savedmodel.parsing import choose_metagraph, parse_saved_model, tags_of
from tfexport.savedmodel.protos import MetaGraphDef, SavedModelProto
from tfexport.savedmodel.signatures import read_signatures, signature_nodes
from tfexport.savedmodel.surroundings import (
    DamagedFileError,
    find_debug_info,
    list_files,
    read_assets,
    read_extra_assets,
    read_fingerprint,
    read_keras_metadata,
    read_provenance,
)
from tfexport.savedmodel.variables import read_variables
from tfexport.savedmodel.warnings import (
    warn_of_assets,
    warn_of_hazards,
    warn_of_signatures,
    warn_of_variables,
)

T = TypeVar("T")


def read_description(
    directory: str | Path, tags: Iterable[str] | None = None, *, constants: bool = True
) -> ModelDescription:
    """Everything that the SavedModel in ``directory`` holds.

    ``tags`` chooses among several metagraphs; without it ``serve`` is taken, or the only one. A
    directory of numeric versions stands for its highest one. What is missing or damaged beside
    ``saved_model.pb`` becomes a warning of the description. Without ``constants`` the largest
    ones are not searched for, which takes as long as all the rest in a graph of 100,000 nodes.

    Raises SavedModelError where there is no SavedModel, it does not parse, or has no such
    metagraph.
    """
    location = locate_model(directory)
    saved_model = parse_saved_model(location.file)
    metagraph = choose_metagraph(saved_model, tags, directory)
    return describe(location, saved_model, metagraph, constants=constants)


def describe(
    location: ModelLocation,
    saved_model: SavedModelProto,
    metagraph: MetaGraphDef,
    *,
    constants: bool = True,
) -> ModelDescription:
    """The description of one metagraph of a SavedModel that is parsed already."""
    directory, warnings = location.directory, _Warnings()
    files = list_files(directory)
    scan = GraphScan(metagraph, signature_nodes(metagraph))
    graph = scan.describe(constants)
    paths = find_paths(metagraph)
    index = warnings.catch("damaged-checkpoint", lambda: _read_index(directory))
    variables = read_variables(metagraph, paths, scan, index)
    signatures = read_signatures(metagraph, scan)
    functions = read_functions(metagraph, paths)
    assets = read_assets(metagraph, files)
    if index is not None:
        warnings.add(warn_of_variables(variables, index))
    elif variables and not warnings.found:
        warnings.add(_warn_of_missing_index())
    warnings.add(warn_of_assets(assets))
    warnings.add(warn_of_signatures(signatures, functions))
    warnings.add(warn_of_hazards(metagraph, graph))
    info = metagraph.meta_info_def
    return ModelDescription(
        directory=str(directory),
        name=location.name,
        file=location.file.name,
        version=location.version,
        other_versions=location.other_versions,
        tags=tags_of(metagraph),
        other_tags=_other_tags(saved_model, metagraph),
        tensorflow_version=info.tensorflow_version or None,
        tensorflow_git_version=info.tensorflow_git_version or None,
        size=sum(file.size for file in files),
        provenance=warnings.catch("damaged-manifest", lambda: read_provenance(directory)),
        signatures=signatures,
        variables=variables,
        parameters=sum(v.parameters or 0 for v in variables if v.copy_of is None),
        variable_bytes=sum(v.bytes or 0 for v in variables if v.copy_of is None),
        checkpoint=None if index is None else _describe_checkpoint(index),
        functions=functions,
        objects=read_objects(metagraph, paths),
        assets=assets,
        extra_assets=read_extra_assets(files),
        graph=graph,
        fingerprint=warnings.catch("damaged-fingerprint", lambda: read_fingerprint(directory)),
        keras=warnings.catch("damaged-keras-metadata", lambda: read_keras_metadata(directory)),
        debug_info=find_debug_info(files),
        warnings=tuple(warnings.found),
    )


class _Warnings:
    """Collects what went wrong beside ``saved_model.pb`` while the rest is read."""

    def __init__(self) -> None:
        self.found: list[ModelWarning] = []

    def add(self, warnings: Iterable[ModelWarning]) -> None:
        self.found.extend(warnings)

    def catch(self, code: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except (CheckpointError, DamagedFileError) as error:
            self.found.append(ModelWarning(code, f"{error}."))
            return None


def _read_index(directory: Path) -> CheckpointIndex | None:
    try:
        return read_checkpoint_index(directory)
    except FileNotFoundError:
        return None


def _warn_of_missing_index() -> Iterator[ModelWarning]:
    message = f"{VARIABLES_INDEX} is missing: no variable can be restored."
    yield ModelWarning("missing-checkpoint", message)


def _describe_checkpoint(index: CheckpointIndex) -> Checkpoint:
    entries = [entry for entry in index.entries.values() if entry.is_value]
    tensors = tuple(
        CheckpointTensor(entry.key, entry.dtype, entry.shape, entry.shard, entry.size)
        for entry in entries
    )
    return Checkpoint(index.shards, sum(entry.size for entry in entries), tensors)


def _other_tags(saved_model: SavedModelProto, chosen: MetaGraphDef) -> tuple[tuple[str, ...], ...]:
    others = (found for found in saved_model.meta_graphs if found is not chosen)
    return tuple(sorted(tags_of(metagraph) for metagraph in others))
