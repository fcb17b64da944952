"""Opens a SavedModel in a session of TensorFlow's C library, and calls its signatures.

``TF_LoadSessionFromSavedModel`` and ``TF_SessionRun`` of ``include/tensorflow/c/c_api.h``: TF1
graphs, init ops, tables and assets work as well as TF2 signatures.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from tfexport.data.arrays import Array
from tfexport.errors import ExecutionError, SavedModelError, UsageError
from tfexport.runtime.failures import describe_call_failure, describe_load_failure
from tfexport.runtime.interrupts import InterruptsDeferred
from tfexport.runtime.library import TFOutput, open_library
from tfexport.runtime.quiet import held_stderr
from tfexport.runtime.status import StatusError, checked_status
from tfexport.runtime.tensors import new_tensor, take_array
from tfexport.savedmodel.description import Signature, SignatureTensor
from tfexport.savedmodel.graph import parse_tensor_name

_Tensors: TypeAlias = "ctypes.Array[ctypes.c_void_p]"  # TF_Tensor*


class NativeSession:
    """A loaded SavedModel. Close it, or use it as a context manager."""

    def __init__(self, library: ctypes.CDLL, graph: int, session: int) -> None:
        self._library = library
        self._graph = graph
        self._session = session

    def prepare(self, signature: Signature, select: Sequence[str] | None = None) -> NativeCall:
        """Resolve a signature's tensors once, to be called many times.

        ``select`` names the outputs to compute, all of them by default.
        Raises SavedModelError where the signature names a tensor that the graph does not have.
        """
        feeds = {t.tensor_name: t for t in reversed(signature.inputs)}
        fetches = [t for t in signature.outputs if select is None or t.name in select]
        return NativeCall(
            self._library,
            self._session,
            signature.name,
            tuple(_Endpoint(t, self._find(signature.name, t)) for t in feeds.values()),
            tuple(_Endpoint(t, self._find(signature.name, t)) for t in fetches),
        )

    def devices(self) -> tuple[str, ...]:
        """The names of the devices that the session can place operations on."""
        library = self._library
        with checked_status(library) as status:
            devices = library.TF_SessionListDevices(self._session, status)
        try:
            with checked_status(library) as status:
                count = library.TF_DeviceListCount(devices)
                names = [library.TF_DeviceListName(devices, i, status) for i in range(count)]
        finally:
            library.TF_DeleteDeviceList(devices)
        return tuple(name.decode() for name in names)

    def close(self) -> None:
        """Free the session and everything that the model holds."""
        if not self._session:
            return
        session, self._session = self._session, 0
        with checked_status(self._library) as status:
            self._library.TF_CloseSession(session, status)
        with checked_status(self._library) as status:
            self._library.TF_DeleteSession(session, status)
        self._library.TF_DeleteGraph(self._graph)

    def __enter__(self) -> NativeSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _find(self, signature: str, tensor: SignatureTensor) -> TFOutput:
        operation, number = parse_tensor_name(tensor.tensor_name or "") or ("", None)
        found = self._library.TF_GraphOperationByName(self._graph, operation.encode())
        number = number or 0
        if not found or number >= self._library.TF_OperationNumOutputs(found):
            raise SavedModelError(
                f"Signature '{signature}' names the tensor '{tensor.tensor_name}' for "
                f"'{tensor.name}', which is not in the graph."
            )
        return TFOutput(found, number)


@dataclass(frozen=True)
class _Endpoint:
    tensor: SignatureTensor
    output: TFOutput


class NativeCall:
    """One signature of an open session, ready to be called."""

    def __init__(
        self,
        library: ctypes.CDLL,
        session: int,
        name: str,
        feeds: tuple[_Endpoint, ...],
        fetches: tuple[_Endpoint, ...],
    ) -> None:
        self._library = library
        self._session = session
        self._name = name
        self._feeds = feeds
        self._fetches = fetches
        # Looked up once, not in every call: a call of a small model takes 50 µs in all.
        self._fed = [(feed.tensor.name, feed.tensor.graph_spec.dtype) for feed in feeds]
        self._inputs = (TFOutput * len(feeds))(*(feed.output for feed in feeds))
        self._outputs = (TFOutput * len(fetches))(*(fetch.output for fetch in fetches))

    def __call__(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Run the signature on arrays that fit its inputs in dtype and shape.

        Gives an array an output, in the signature's order. Safe to call from several threads.
        Raises ExecutionError with TensorFlow's reason where the model fails.
        """
        return self.call_each([arrays])[0]

    def call_each(
        self,
        batches: Sequence[Mapping[str, Array]],
        options: object = None,
        metadata: object = None,
    ) -> list[dict[str, Array]]:
        """A call for each of ``batches``, in order; errors as in a plain call.

        First all inputs are made, then all calls, then all outputs taken: what Python does between
        two calls of a model finds the processor's caches full of the model, and takes ten times as
        long. ``options`` and ``metadata`` are TF_Buffer pointers: they hold a ``RunOptions`` and
        receive a ``RunMetadata``.
        """
        given: list[_Tensors] = []
        results: list[_Tensors] = []
        with InterruptsDeferred():
            try:
                for arrays in batches:
                    given.append(self.make_inputs(arrays))
                    results.append((ctypes.c_void_p * len(self._fetches))())
                self._run(given, results, options, metadata)
            except StatusError as error:
                for tensors in results:
                    self.free(tensors)
                raise describe_call_failure(self._name, error) from None
            finally:
                for tensors in given:
                    self.free(tensors)
            return [self._take_all(tensors) for tensors in results]

    def make_inputs(self, arrays: Mapping[str, Array]) -> _Tensors:
        """A tensor for each input, to be freed with ``free``."""
        given = [new_tensor(self._library, arrays[name], dtype) for name, dtype in self._fed]
        return (ctypes.c_void_p * len(given))(*given)

    def free(self, tensors: _Tensors) -> None:
        """Let go of what ``make_inputs`` made; of results, those that there are."""
        for tensor in tensors:
            if tensor:
                self._library.TF_DeleteTensor(tensor)

    def _run(
        self,
        given: Iterable[_Tensors],
        results: Iterable[_Tensors],
        options: object,
        metadata: object,
    ) -> None:
        run, get_code = self._library.TF_SessionRun, self._library.TF_GetCode
        before = self._session, options, self._inputs
        between = len(self._feeds), self._outputs
        with checked_status(self._library) as status:
            after = len(self._fetches), None, 0, metadata, status
            for tensors, result in zip(given, results, strict=True):
                run(*before, tensors, *between, result, *after)
                if get_code(status):
                    break

    def _take_all(self, results: _Tensors) -> dict[str, Array]:
        return {
            fetch.tensor.name: self._take(fetch.tensor, result)
            for fetch, result in zip(self._fetches, results, strict=True)
        }

    def _take(self, tensor: SignatureTensor, result: int) -> Array:
        try:
            return take_array(self._library, result)
        except KeyError as error:
            raise ExecutionError(
                f"Output '{tensor.name}' of '{self._name}' is a {error.args[0]}, "
                "which has no values to show. Choose others with --select."
            ) from None


def open_session(
    directory: Path,
    tags: Sequence[str],
    *,
    config: bytes = b"",
    libraries: Sequence[Path] = (),
    debug: bool = False,
) -> NativeSession:
    """Load a SavedModel's metagraph with ``tags`` into a session, its init ops run.

    ``config`` is a serialized ``ConfigProto``; ``libraries`` of custom ops are loaded first.
    Raises SavedModelError with TensorFlow's reason, UsageError for a library that does not load.
    """
    library = open_library(debug)
    for path in libraries:
        load_op_library(library, path)
    options = library.TF_NewSessionOptions()
    graph = library.TF_NewGraph()
    try:
        with held_stderr(show=debug):
            session = _load(library, options, graph, directory, tags, config)
    except StatusError as error:
        library.TF_DeleteGraph(graph)
        raise describe_load_failure(directory, error) from None
    finally:
        library.TF_DeleteSessionOptions(options)
    return NativeSession(library, graph, session)


def load_op_library(library: ctypes.CDLL, path: Path) -> None:
    """Register the custom ops of a shared library. Raises UsageError where it does not load."""
    try:
        with checked_status(library) as status:
            library.TF_LoadLibrary(os.fsencode(path.absolute()), status)
    except StatusError as error:
        raise UsageError(f"Cannot load the op library {path}: {error.summary()}") from None


def _load(
    library: ctypes.CDLL,
    options: int,
    graph: int,
    directory: Path,
    tags: Sequence[str],
    config: bytes,
) -> int:
    if config:
        with checked_status(library) as status:
            library.TF_SetConfig(options, config, len(config), status)
    names = (ctypes.c_char_p * len(tags))(*(tag.encode() for tag in tags))
    with checked_status(library) as status:
        session = library.TF_LoadSessionFromSavedModel(
            options, None, os.fsencode(directory), names, len(tags), graph, None, status
        )
    return int(session)
