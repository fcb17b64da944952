"""The bytes of ``saved_model.pb`` or ``.pbtxt`` as TensorFlow's message, and its metagraph."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tfexport.errors import SavedModelError
from tfexport.savedmodel import protos
from tfexport.savedmodel.layout import SAVED_MODEL_CPB, SAVED_MODEL_PBTXT, locate_model
from tfexport.savedmodel.protos import MetaGraphDef, SavedModelProto

DEFAULT_TAGS = frozenset({"serve"})

# The first bytes of every file of records: github.com/google/riegeli, "File signature".
_RIEGELI = bytes.fromhex("83af70d10d884a3f")

_SAVE_AGAIN = "Copy the model again, or save it again"


def read_saved_model(directory: str | Path) -> SavedModelProto:
    """The SavedModel message of a directory.

    Raises SavedModelError where there is none, or its file is empty, damaged, chunked or has no
    metagraph.
    """
    return parse_saved_model(locate_model(directory).file)


def parse_saved_model(file: Path) -> SavedModelProto:
    """The SavedModel message of one file, its format told by the file's name.

    Raises SavedModelError as read_saved_model does.
    """
    if file.name == SAVED_MODEL_CPB:
        raise SavedModelError(_describe_chunked(file))
    parse = _parse_text if file.name == SAVED_MODEL_PBTXT else _parse_binary
    saved_model = parse(file, _read_bytes(file))
    if not saved_model.meta_graphs:
        raise SavedModelError(f"{file} is no SavedModel: it holds no metagraph. {_SAVE_AGAIN}.")
    return saved_model


def choose_metagraph(
    saved_model: SavedModelProto, tags: Iterable[str] | None, directory: str | Path
) -> MetaGraphDef:
    """The metagraph with exactly ``tags``; without tags, ``serve``'s, or the only one.

    Raises SavedModelError that lists the tag sets there are.
    """
    metagraphs = list(saved_model.meta_graphs)
    wanted = DEFAULT_TAGS if tags is None else frozenset(tags)
    for metagraph in metagraphs:
        if frozenset(metagraph.meta_info_def.tags) == wanted:
            return metagraph
    if tags is None and len(metagraphs) == 1:
        return metagraphs[0]
    raise SavedModelError(_describe_choice(metagraphs, None if tags is None else wanted, directory))


def tags_of(metagraph: MetaGraphDef) -> tuple[str, ...]:
    """A metagraph's tags, sorted."""
    return tuple(sorted(metagraph.meta_info_def.tags))


def _read_bytes(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SavedModelError(f"Cannot read {file}: {error.strerror or error}.") from error
    if not content:
        raise SavedModelError(f"{file} is empty (0 bytes). {_SAVE_AGAIN}.")
    return content


def _parse_binary(file: Path, content: bytes) -> SavedModelProto:
    saved_model = protos.saved_model_pb2.SavedModel()
    from google.protobuf.message import DecodeError

    try:
        saved_model.ParseFromString(content)
    except (DecodeError, RecursionError) as error:
        message = f"{file} is damaged or no SavedModel: its {len(content):,} bytes do not parse."
        raise SavedModelError(f"{message} {_SAVE_AGAIN}.", detail=str(error)) from error
    return saved_model


def _parse_text(file: Path, content: bytes) -> SavedModelProto:
    saved_model = protos.saved_model_pb2.SavedModel()
    from google.protobuf import text_format

    try:
        text_format.Parse(content.decode("utf-8"), saved_model)
    except (text_format.ParseError, ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        message = f"{file} is damaged or no SavedModel: {' '.join(reason.split())}"
        raise SavedModelError(f"{message.rstrip('.')}. {_SAVE_AGAIN}.") from error
    return saved_model


def _describe_chunked(file: Path) -> str:
    if not _read_bytes(file).startswith(_RIEGELI):
        return f"{file} is damaged: a chunked SavedModel holds riegeli records. {_SAVE_AGAIN}."
    return (
        f"{file} is a chunked SavedModel (riegeli records, for models over 2 GB), which tfexport "
        "does not read. TensorFlow Serving does. Save it without "
        "SaveOptions(experimental_image_format=True), or merge it into a saved_model.pb with "
        "Merger::Read of TensorFlow's proto_splitter."
    )


def _describe_choice(
    metagraphs: list[MetaGraphDef], wanted: frozenset[str] | None, directory: str | Path
) -> str:
    known = "; ".join(sorted(",".join(tags_of(metagraph)) or "no tags" for metagraph in metagraphs))
    if wanted is None:
        return f"{directory} holds several metagraphs. Choose one with --tags: {known}."
    asked = ",".join(sorted(wanted))
    return f"No metagraph with the tags '{asked}' in {directory}. It has: {known}."
