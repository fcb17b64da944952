"""From what a user asked for to a signature that can be called: which one, by which engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfexport.errors import UsageError
from tfexport.runtime.choosing import check_outputs, choose_signature, unknown_function
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.dense import make_dense
from tfexport.runtime.engine import PYTHON, Call, Engine, choose_engine, open_engine
from tfexport.savedmodel.description import ModelDescription, Signature
from tfexport.savedmodel.layout import locate_model
from tfexport.savedmodel.objects import functions_at
from tfexport.savedmodel.parsing import choose_metagraph, parse_saved_model
from tfexport.savedmodel.protos import MetaGraphDef
from tfexport.savedmodel.reader import describe


@dataclass(frozen=True)
class ModelOnDisk:
    """A SavedModel that was read and not loaded: its description, and the message behind it."""

    description: ModelDescription
    metagraph: MetaGraphDef


def read_model(
    directory: str | Path, tags: Iterable[str] | None = None, *, constants: bool = False
) -> ModelOnDisk:
    """Read a SavedModel once, for all that comes before loading it. As read_description."""
    location = locate_model(directory)
    saved_model = parse_saved_model(location.file)
    metagraph = choose_metagraph(saved_model, tags, directory)
    return ModelOnDisk(describe(location, saved_model, metagraph, constants=constants), metagraph)


@dataclass(frozen=True)
class Choice:
    """What is to be called: a ``signature``, or the function at ``function``.

    ``note`` says why it is not what would have been expected, None where it is.
    """

    engine: str
    signature: Signature | None
    function: str | None = None
    note: str | None = None


def choose_call(
    model: ModelOnDisk,
    *,
    signature: str | None = None,
    function: str | None = None,
    engine: str | None = None,
) -> Choice:
    """Decide what to call and by which engine; only the Python one can call a function.

    Raises UsageError for names and combinations that do not exist, SavedModelError where the
    model has nothing to call.
    """
    description = model.description
    if function is None and not description.signatures and signature is None:
        function = _only_function(description)
    if function is None:
        chosen = make_dense(choose_signature(description, signature))
        return Choice(choose_engine(engine), chosen)
    if signature is not None:
        raise UsageError("--signature and --function exclude each other. Give one of them.")
    if not functions_at(model.metagraph, function.split(".")):
        raise unknown_function(function, [found.path for found in description.functions])
    if engine not in (None, PYTHON):
        raise UsageError(f"--engine {engine} calls signatures only. Use --engine python.")
    note = None
    if engine is None:
        note = f"'{function}' is a function, not a signature: --engine python is used."
    return Choice(PYTHON, None, function, note)


def _only_function(description: ModelDescription) -> str | None:
    paths = [function.path for function in description.functions if function.concrete_functions]
    if "__call__" in paths:
        return "__call__"
    return paths[0] if len(paths) == 1 else None


@dataclass(frozen=True)
class Opened:
    """A loaded model with the signature that was chosen; ``engine`` is to be closed."""

    engine: Engine
    signature: Signature
    call: Call


def open_choice(
    model: ModelOnDisk,
    choice: Choice,
    config: SessionConfig,
    *,
    select: Sequence[str] = (),
    libraries: Sequence[Path] = (),
    debug: bool = False,
) -> Opened:
    """Load the model and prepare what was chosen, with the outputs of ``select`` or all.

    ``libraries`` of custom ops are loaded first. Raises SavedModelError with TensorFlow's reason.
    """
    engine = open_engine(choice.engine, model.description, config, libraries=libraries, debug=debug)
    signature = choice.signature
    if signature is None:
        from tfexport.runtime.python_engine import PythonSession

        assert isinstance(engine, PythonSession) and choice.function is not None
        known = [function.path for function in model.description.functions]
        signature = engine.function_signature(choice.function, known)
    check_outputs(signature, select)
    return Opened(engine, signature, engine.prepare(signature, select or None))
