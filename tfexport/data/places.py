"""Where bytes come from: a file or a stream, and how a user knows it."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from tfexport.errors import InputDataError

_GZIP = b"\x1f\x8b"
_HEAD = 1 << 16


@dataclass(frozen=True)
class Place:
    """A file, or a stream that can be read once.

    ``label`` is what stands for it in messages: the path as the user wrote it, or ``stdin``.
    """

    label: str
    path: Path | None = None
    stream: BinaryIO | None = None

    def open(self) -> BinaryIO:
        """The bytes, unpacked where they are gzip. Raises InputDataError where they cannot be."""
        if self.stream is not None:
            return self.stream
        assert self.path is not None
        try:
            stream = self.path.open("rb")
            if stream.peek(2)[:2] == _GZIP:
                return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        except OSError as error:
            raise unreadable(self.label, error) from None
        return stream

    def open_seekable(self) -> IO[bytes]:
        """The bytes of the file as they are; a stream is first written to a temporary file."""
        if self.stream is None:
            return self.open()
        spool = tempfile.TemporaryFile()  # noqa: SIM115  gone when its last reader is
        shutil.copyfileobj(self.stream, spool)
        spool.seek(0)
        return spool


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
    reason = error.strerror or str(error)
    return InputDataError(f"Cannot read '{label}': {reason}.")


def look_ahead(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first 64 KiB of a stream that cannot seek, and the stream from its start again."""
    head = stream.read(_HEAD)
    if head[:2] == _GZIP:
        unpacked = gzip.GzipFile(fileobj=_join(head, stream))
        return look_ahead(cast(BinaryIO, unpacked))
    return head, cast(BinaryIO, _join(head, stream))


def _join(head: bytes, rest: BinaryIO) -> io.BufferedReader:
    return io.BufferedReader(_Joined(head, rest), _HEAD)


class _Joined(io.RawIOBase):
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
