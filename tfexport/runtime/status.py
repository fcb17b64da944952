"""``TF_Status``: TensorFlow's way of saying that something went wrong, turned into an exception."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager

# include/tensorflow/c/tf_status.h, enum TSL_Code
_CODES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
}
_NODE = re.compile(r"\{\{(?:function_)?node ([^}]*)\}\}")


class StatusError(Exception):
    """What a ``TF_Status`` said: ``code`` by name, ``message`` whole."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = _CODES.get(code, f"code {code}")
        self.message = message

    def summary(self) -> str:
        """The first sentence of the message, without the nodes that it went through."""
        for line in self.message.splitlines():
            text = _NODE.sub("", line).strip()
            if text and not text.startswith("[["):
                return text if text.endswith((".", "?", "!")) else f"{text}."
        return f"{self.code}."


@contextmanager
def checked_status(library: ctypes.CDLL) -> Iterator[int]:
    """A ``TF_Status*`` to pass to one call. Raises StatusError if what it left is not OK."""
    status = library.TF_NewStatus()
    try:
        yield status
        code = library.TF_GetCode(status)
        if code:
            raise StatusError(code, (library.TF_Message(status) or b"").decode("utf-8", "replace"))
    finally:
        library.TF_DeleteStatus(status)
