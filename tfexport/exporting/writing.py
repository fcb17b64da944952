"""Writes a traced module as a SavedModel, without TensorFlow's warnings."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from tfexport.data.places import damage_reported
from tfexport.errors import DestinationError
from tfexport.exporting.keras_models import variables_saved_once
from tfexport.exporting.state import find_trackables
from tfexport.exporting.tracing import TracedModule, attached
from tfexport.exporting.tracking import untracked_named
from tfexport.exporting.user_code import guarded

_DISK_FAILURE = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|Input/output error"
    r"|Read-only file system|Permission denied"
)


def write_saved_model(module: object, traced: TracedModule, directory: Path) -> None:
    """Write the module with its traced functions and signatures.

    Raises UserCodeError where something of the module cannot be saved, DestinationError where the
    disk does not take it.
    """
    with (
        attached(module, traced.functions),
        quiet_logging(),
        variables_saved_once(find_trackables(module)),
        guarded(f"Saving {type(module).__name__}"),
        untracked_named(module, traced.graphs),
        disk_failures_reported(),
    ):
        tf.saved_model.save(module, os.fspath(directory), signatures=dict(traced.signatures))


def copy_extras(files: Sequence[Path], directory: Path) -> None:
    """Put files into ``assets.extra``, which TensorFlow leaves alone.

    Raises InputDataError for one that cannot be read.
    """
    if files:
        directory.mkdir(exist_ok=True)
    for file in files:
        with (directory / file.name).open("wb") as copy:
            copy.writelines(_read_blocks(file))


def _read_blocks(file: Path) -> Iterator[bytes]:
    # Read by itself: what cannot be written is the destination's failure, not the file's.
    with damage_reported(str(file)), file.open("rb") as stream:
        while block := stream.read(1 << 20):
            yield block


@contextmanager
def quiet_logging() -> Iterator[None]:
    """Keep TensorFlow's Python from warning of names that it writes differently, and the like."""
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def disk_failures_reported() -> Iterator[None]:
    """Within it, a full disk is a DestinationError, whichever way TensorFlow says it."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        reason = _DISK_FAILURE.search(str(error))
        if reason is None:
            raise
        raise DestinationError(
            f"Cannot write the SavedModel: {reason.group()}. Nothing was changed.",
            detail=str(error),
        ) from error
