"""A file or folder of outputs that appears whole, at the end, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tfexport.data.arrays import Array
from tfexport.data.staging import Staging, failures_reported


class Writer(Protocol):
    """Writes one format into a staging folder."""

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Append one batch of every output."""
        ...

    def finish(self) -> Path:
        """Write what is still missing; returns the finished file or folder."""
        ...

    def close(self) -> None:
        """Let go of every file. Called in any case, after ``finish`` too."""
        ...


class Sink:
    """Where outputs go. A context manager; make one with ``writing.open_sink``.

    The destination appears when the block ends well. An exception, KeyboardInterrupt included,
    leaves nothing behind.
    """

    def __init__(
        self, destination: Path, staging: Staging, make_writer: Callable[[Path], Writer]
    ) -> None:
        self.destination = destination
        self._staging = staging
        self._make_writer = make_writer
        self._writer: Writer | None = None

    def require_ready(self) -> None:
        """Raise DestinationError where nothing could be written: before the work, not after it."""
        self._staging.require_ready()

    def __enter__(self) -> Sink:
        self._staging.__enter__()
        return self

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Append a batch: the outputs by their names, each of exactly its dtype.

        Raises DestinationError for what the format cannot hold, or the disk does not take.
        """
        with failures_reported(self.destination):
            if self._writer is None:
                self._writer = self._make_writer(self._staging.folder)
            self._writer.write(arrays)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None and self._writer is not None:
                with failures_reported(self.destination):
                    staged = self._writer.finish()
                self._staging.publish(staged)
        finally:
            if self._writer is not None:
                self._writer.close()
            self._staging.__exit__()
