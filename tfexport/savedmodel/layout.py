"""Where things lie in a SavedModel's directory, and which directory is meant.

File names as in ``tensorflow/cc/saved_model/constants.h``; directories of numeric versions as
TensorFlow Serving lays them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfexport.errors import SavedModelError
from tfexport.records import dataclass
from tfexport.suggestions import did_you_mean

SAVED_MODEL_PB = "saved_model.pb"
SAVED_MODEL_PBTXT = "saved_model.pbtxt"
SAVED_MODEL_CPB = "saved_model.cpb"
SAVED_MODEL_FILES = (SAVED_MODEL_PB, SAVED_MODEL_PBTXT, SAVED_MODEL_CPB)
FINGERPRINT = "fingerprint.pb"
KERAS_METADATA = "keras_metadata.pb"
ASSETS = "assets"
ASSETS_EXTRA = "assets.extra"
OWN_FILES = "assets.extra/tfexport"
MANIFEST = "assets.extra/tfexport/manifest.json"
DEBUG_INFO = "debug/saved_model_debug_info.pb"
VARIABLES = "variables"
VARIABLES_INDEX = "variables/variables.index"

# What people have when they have no SavedModel: how the file ends, and what to do about it.
_OTHER_FORMATS = {
    ".keras": "a Keras file: load it with keras.saving.load_model and call model.export(DIR)",
    ".h5": "a Keras HDF5 file: load it with keras.saving.load_model and call model.export(DIR)",
    ".tflite": "a TensorFlow Lite model, which tfexport does not read",
    ".onnx": "an ONNX model, which tfexport does not read",
    ".ckpt.index": "a checkpoint: restore it into its module and save that",
    ".pb": "perhaps a frozen graph, which has no signatures: a SavedModel's is saved_model.pb",
}


@dataclass(frozen=True)
class ModelLocation:
    """The directory of one SavedModel, and how it was arrived at.

    ``version`` and ``other_versions`` are set where ``directory`` was chosen among numeric
    version directories.
    """

    directory: Path
    file: Path
    version: int | None = None
    other_versions: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """What the model is called: its directory's name, without the version."""
        directory = self.directory.resolve()
        return (directory.parent if self.version is not None else directory).name


def locate_model(directory: str | Path) -> ModelLocation:
    """Find the SavedModel that ``directory`` is or, by numeric version, holds.

    Raises SavedModelError that says what is there instead, and where the model may be.
    """
    path = Path(directory)
    try:
        return _locate(path)
    except OSError as error:
        raise SavedModelError(f"Cannot read {path}: {error.strerror or error}.") from error


def shard_path(directory: Path, shard: int, shards: int) -> Path:
    """A data file of the checkpoint: ``variables/variables.data-00000-of-00001``."""
    return directory / VARIABLES / f"variables.data-{shard:05d}-of-{shards:05d}"


def _locate(path: Path) -> ModelLocation:
    if not path.exists():
        raise SavedModelError(
            f"No directory {path}.{_near(path)} Expected one that holds {SAVED_MODEL_PB}."
        )
    if not path.is_dir():
        raise SavedModelError(_describe_file(path))
    file = _model_file(path)
    if file is not None:
        return ModelLocation(path, file)
    return _locate_version(path)


def _near(path: Path) -> str:
    parent = path.absolute().parent
    if not parent.is_dir():
        return ""
    return did_you_mean(path.name, (child.name for child in _children_with_model(parent)))


def _model_file(directory: Path) -> Path | None:
    files = (directory / name for name in SAVED_MODEL_FILES)
    return next((file for file in files if file.is_file()), None)


def _locate_version(path: Path) -> ModelLocation:
    found = {int(child.name): child for child in _children_with_model(path) if _is_version(child)}
    if not found:
        raise SavedModelError(_describe_directory(path))
    version = max(found)
    file = _model_file(found[version])
    assert file is not None
    others = tuple(sorted(set(found) - {version}, reverse=True))
    return ModelLocation(found[version], file, version, others)


def _is_version(directory: Path) -> bool:
    name = directory.name
    return name.isascii() and name.isdigit() and len(name) <= 19  # Serving: a 64-bit number


def _children_with_model(path: Path) -> Iterator[Path]:
    for child in sorted(path.iterdir()):
        if child.is_dir() and _model_file(child) is not None:
            yield child


def _describe_file(path: Path) -> str:
    if _model_file(path.parent) is not None:
        return f"{path} is a file. Give the directory that holds it: {path.parent}"
    return f"{path} is {_other_format(path) or 'a file'}. Expected a SavedModel's directory."


def _other_format(path: Path) -> str | None:
    return next((text for end, text in _OTHER_FORMATS.items() if path.name.endswith(end)), None)


def _describe_directory(path: Path) -> str:
    inside = [str(child) for child in _children_with_model(path)]
    if len(inside) == 1:
        return f"No SavedModel in {path} itself. There is one in {inside[0]}"
    if inside:
        return f"No SavedModel in {path} itself. There are some inside: {_enumerate(inside)}"
    start = f"No SavedModel in {path}: it has no {SAVED_MODEL_PB} or {SAVED_MODEL_PBTXT}."
    names = sorted(child.name for child in path.iterdir())
    for name in names:
        other = _other_format(path / name)
        if other is not None:
            return f"{start} {name} is {other}."
    return f"{start} It has: {_enumerate(names)}." if names else f"{start} It is empty."


def _enumerate(names: list[str], limit: int = 5) -> str:
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
