"""Where bytes come from: a file or a stream, and how a user knows it."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from tfexport.errors import InputDataError

_GZIP = b"\x1f\x8b"
_HEAD = 1 << 16


class Place:
    """A file, or a stream that can be read once.

    ``label`` is what stands for it in messages: the path as the user wrote it, or ``stdin``.
    """

    def __init__(
        self, label: str, path: Path | None = None, stream: BinaryIO | None = None
    ) -> None:
        self.label = label
        self.path = path
        self._stream = stream
        self._spool: IO[bytes] | None = None

    def open(self) -> BinaryIO:
        """The bytes, unpacked where they are gzip. Raises InputDataError where they cannot be."""
        if self._stream is not None:
            return self._stream
        assert self.path is not None
        try:
            stream = self.path.open("rb")
            if stream.peek(2)[:2] == _GZIP:
                return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        except OSError as error:
            raise unreadable(self.label, error) from None
        return stream

    def open_seekable(self) -> BinaryIO:
        """The bytes for a format that jumps about; a stream goes to a temporary file first."""
        if self._spool is None:
            stream = self.open()
            if self._stream is None and not isinstance(stream, gzip.GzipFile):
                return stream
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115  gone when this object is
            shutil.copyfileobj(stream, self._spool)
            self._spool.flush()
        # A file object of its own, which may be closed.
        again = os.fdopen(os.dup(self._spool.fileno()), "rb")
        again.seek(0)
        return again

    def peek_lines(self, count: int) -> list[bytes]:
        """The first lines, which ``open`` will give again."""
        if self._stream is None:
            with damage_reported(self.label), self.open() as stream:
                return list(itertools.islice(stream, count))
        with damage_reported(self.label):
            lines = [self._stream.readline() for _ in range(count)]
        self._stream = _join(b"".join(lines), self._stream)
        return [line for line in lines if line]

    def peek_head(self) -> bytes:
        """The first bytes (up to 64 KiB), which ``open`` will give again."""
        if self._stream is None:
            with damage_reported(self.label), self.open() as stream:
                return stream.read(_HEAD)
        with damage_reported(self.label):
            head = self._stream.read(_HEAD)
        self._stream = _join(head, self._stream)
        if head.startswith(_GZIP):
            self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=self._stream))
            return self.peek_head()
        return head


@contextmanager
def damage_reported(label: str) -> Iterator[None]:
    """Within it, a file that cannot be read or unpacked is an InputDataError of one line."""
    try:
        yield
    except OSError as error:
        raise unreadable(label, error) from None
    except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise InputDataError(f"'{label}' is damaged: {str(error).rstrip('.')}.") from None


def unreadable(label: str, error: OSError) -> InputDataError:
    """The one line for a file that the system does not let us read."""
    # pyarrow's errors have several lines
    reason = error.strerror or (str(error).splitlines() or [type(error).__name__])[0]
    return InputDataError(f"Cannot read '{label}': {reason.rstrip('.')}.")


def _join(head: bytes, rest: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Joined(head, rest), _HEAD))


class _Joined(io.RawIOBase):
    """Bytes that were read already, then the rest of their stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._head:
            return cast(io.BufferedReader, self._rest).readinto(buffer)
        size = min(len(buffer), len(self._head))
        buffer[:size] = self._head[:size]
        self._head = self._head[size:]
        return size
