"""What the two engines have in common: open a SavedModel, prepare a signature, call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from tfexport.errors import UsageError
from tfexport.runtime.config import SessionConfig, require_gpu
from tfexport.savedmodel.description import ModelDescription, Signature

if TYPE_CHECKING:
    from tfexport.data.arrays import Array

NATIVE, PYTHON = "native", "python"


class BatchedCall(Protocol):
    """A prepared signature that is called for one batch after the other."""

    def call_each(self, batches: Sequence[Mapping[str, Array]]) -> Iterable[dict[str, Array]]:
        """The outputs for each of ``batches``, in order."""


class Call(BatchedCall, Protocol):
    """A prepared signature: arrays that fit its inputs in, an array an output out."""

    def __call__(self, arrays: Mapping[str, Array]) -> dict[str, Array]: ...


class Engine(Protocol):
    """An open SavedModel."""

    def prepare(self, signature: Signature, select: Sequence[str] | None = None) -> Call:
        """Resolve a signature once, to be called many times; ``select`` names its outputs."""

    def devices(self) -> tuple[str, ...]:
        """The names of the devices that it can run on."""

    def close(self) -> None:
        """Free what the model holds."""

    def __enter__(self) -> Engine: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def choose_engine(asked: str | None) -> str:
    """``asked``, or the native engine wherever the C library is found, else the Python one.

    Raises UsageError where the native engine is asked for and the library is not there.
    """
    from tfexport.runtime.library import library_path

    if asked == PYTHON:
        return PYTHON
    if library_path() is not None:
        return NATIVE
    if asked == NATIVE:
        raise UsageError(
            "The installed TensorFlow has no C library here. Use --engine python instead."
        )
    return PYTHON


def open_engine(
    engine: str,
    description: ModelDescription,
    config: SessionConfig,
    *,
    libraries: Sequence[Path] = (),
    debug: bool = False,
) -> Engine:
    """Load the SavedModel that was described, after the op ``libraries`` that it needs.

    Raises SavedModelError with TensorFlow's reason, UsageError where the GPU that ``config`` asks
    for is not there.
    """
    opened = _open(engine, description, config, libraries=libraries, debug=debug)
    if config.gpu:
        try:
            require_gpu(config, opened.devices())
        except BaseException:
            opened.close()
            raise
    return opened


def _open(
    engine: str,
    description: ModelDescription,
    config: SessionConfig,
    *,
    libraries: Sequence[Path],
    debug: bool,
) -> Engine:
    directory = Path(description.directory)
    if engine == PYTHON:
        from tfexport.runtime.python_engine import open_python_session

        return open_python_session(
            directory, description.tags, config, libraries=libraries, debug=debug
        )
    from tfexport.runtime.session import open_session

    return open_session(
        directory,
        description.tags,
        config=config.serialize(description.graph),
        libraries=libraries,
        debug=debug,
    )
