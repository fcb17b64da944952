"""What TensorFlow here can load: the ops that it registers, the version of its graphs."""

from __future__ import annotations

import ctypes
from types import TracebackType
from typing import Any

from tfexport.runtime.status import StatusError, checked_status
from tfexport.savedmodel import protos

OpDef = Any


class OpRegistry:
    """The ops that an open library registers, asked for one by one. A context manager.

    All of them at once (``TF_GetAllOpList``) take 0.14 s; a model has some fifty.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._graph = library.TF_NewGraph()
        self._found: dict[str, OpDef | None] = {}

    def find(self, op: str) -> OpDef | None:
        """The OpDef of an op, None where it is not registered."""
        if op not in self._found:
            self._found[op] = self._ask(op)
        return self._found[op]

    def graph_version(self) -> int:
        """The version that this TensorFlow gives its graphs, as ``producer``."""
        library, buffer = self._library, self._library.TF_NewBuffer()
        with checked_status(library) as status:
            library.TF_GraphVersions(self._graph, buffer, status)
        versions = protos.versions_pb2.VersionDef.FromString(_take(library, buffer))
        return int(versions.producer)

    def library_version(self) -> str:
        """TensorFlow's version: ``2.21.0``."""
        return (self._library.TF_Version() or b"?").decode(errors="replace")

    def _ask(self, op: str) -> OpDef | None:
        library, buffer = self._library, self._library.TF_NewBuffer()
        try:
            with checked_status(library) as status:
                name = op.encode(errors="surrogateescape")
                library.TF_GraphGetOpDef(self._graph, name, buffer, status)
        except StatusError:
            library.TF_DeleteBuffer(buffer)
            return None
        return protos.op_def_pb2.OpDef.FromString(_take(library, buffer))

    def __enter__(self) -> OpRegistry:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._library.TF_DeleteGraph(self._graph)


def _take(library: ctypes.CDLL, buffer: Any) -> bytes:
    content = ctypes.string_at(buffer.contents.data, buffer.contents.length)
    library.TF_DeleteBuffer(buffer)
    return content
