"""TensorFlow's C library: finds it, opens it, declares the functions that this package calls.

The wheel ships ``libtensorflow_cc``, which exports the stable C API of
``include/tensorflow/c/c_api.h``, ``tf_tensor.h`` and ``tf_status.h``: the API that the Go, Java and
Rust bindings stand on. Nothing of TensorFlow's Python is imported.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import sys
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path

from tfexport.errors import ExecutionError, UsageError
from tfexport.runtime.quiet import held_stderr, silence_logging

DEALLOCATOR = ctypes.CFUNCTYPE(None, c_void_p, c_size_t, c_void_p)
"""``void (*deallocator)(void* data, size_t len, void* arg)`` of ``TF_NewTensor``."""


class TFOutput(ctypes.Structure):
    """``TF_Output``: one output of an operation."""

    _fields_ = (("oper", c_void_p), ("index", c_int))


class TFBuffer(ctypes.Structure):
    """``TF_Buffer``: a serialized protobuf that goes in or comes out."""

    _fields_ = (("data", c_void_p), ("length", c_size_t), ("data_deallocator", c_void_p))


_Outputs = POINTER(TFOutput)
_Buffer = POINTER(TFBuffer)
_Pointers = POINTER(c_void_p)
_Dims = POINTER(c_int64)

# name: (result, arguments), in the order of the headers
_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "TF_Version": (c_char_p, ()),
    "TF_NewStatus": (c_void_p, ()),
    "TF_DeleteStatus": (None, (c_void_p,)),
    "TF_GetCode": (c_int, (c_void_p,)),
    "TF_Message": (c_char_p, (c_void_p,)),
    "TF_NewTensor": (
        c_void_p,
        (c_int, _Dims, c_int, c_void_p, c_size_t, DEALLOCATOR, c_void_p),
    ),
    "TF_DeleteTensor": (None, (c_void_p,)),
    "TF_TensorType": (c_int, (c_void_p,)),
    "TF_NumDims": (c_int, (c_void_p,)),
    "TF_Dim": (c_int64, (c_void_p, c_int)),
    "TF_TensorByteSize": (c_size_t, (c_void_p,)),
    "TF_TensorData": (c_void_p, (c_void_p,)),
    "TF_NewSessionOptions": (c_void_p, ()),
    "TF_SetConfig": (None, (c_void_p, c_char_p, c_size_t, c_void_p)),
    "TF_DeleteSessionOptions": (None, (c_void_p,)),
    "TF_NewGraph": (c_void_p, ()),
    "TF_DeleteGraph": (None, (c_void_p,)),
    "TF_GraphGetOpDef": (None, (c_void_p, c_char_p, _Buffer, c_void_p)),
    "TF_GraphVersions": (None, (c_void_p, _Buffer, c_void_p)),
    "TF_GraphOperationByName": (c_void_p, (c_void_p, c_char_p)),
    "TF_OperationNumOutputs": (c_int, (c_void_p,)),
    "TF_OperationOutputType": (c_int, (TFOutput,)),
    "TF_LoadSessionFromSavedModel": (
        c_void_p,
        (c_void_p, _Buffer, c_char_p, POINTER(c_char_p), c_int, c_void_p, _Buffer, c_void_p),
    ),
    "TF_CloseSession": (None, (c_void_p, c_void_p)),
    "TF_DeleteSession": (None, (c_void_p, c_void_p)),
    "TF_SessionRun": (
        None,
        (
            c_void_p,
            _Buffer,
            _Outputs,
            _Pointers,
            c_int,
            _Outputs,
            _Pointers,
            c_int,
            _Pointers,
            c_int,
            _Buffer,
            c_void_p,
        ),
    ),
    "TF_NewBufferFromString": (_Buffer, (c_char_p, c_size_t)),
    "TF_NewBuffer": (_Buffer, ()),
    "TF_DeleteBuffer": (None, (_Buffer,)),
    "TF_SessionListDevices": (c_void_p, (c_void_p, c_void_p)),
    "TF_DeviceListCount": (c_int, (c_void_p,)),
    "TF_DeviceListName": (c_char_p, (c_void_p, c_int, c_void_p)),
    "TF_DeleteDeviceList": (None, (c_void_p,)),
    "TF_LoadLibrary": (c_void_p, (c_char_p, c_void_p)),
    "TF_GetAllOpList": (_Buffer, ()),
}

# Those that are over in less than a microsecond. ctypes lets other threads run Python during a
# call; for these that costs more than the call, and to get its turn back can take a thread 5 ms.
_SHORT = frozenset(
    (
        "TF_NewStatus",
        "TF_DeleteStatus",
        "TF_GetCode",
        "TF_NewTensor",
        "TF_DeleteTensor",
        "TF_TensorType",
        "TF_NumDims",
        "TF_Dim",
        "TF_TensorByteSize",
        "TF_TensorData",
    )
)


def library_path() -> Path | None:
    """Where the installed TensorFlow keeps its C library, or None where it ships none."""
    spec = importlib.util.find_spec("tensorflow")
    for folder in (spec and spec.submodule_search_locations) or ():
        for pattern in ("libtensorflow_cc.so*", "libtensorflow_cc*.dylib"):
            for path in sorted(Path(folder).glob(pattern)):
                return path
    return None


@functools.cache
def open_library(debug: bool = False) -> ctypes.CDLL:
    """The C library with its functions declared, opened once a process.

    Raises UsageError where the installed TensorFlow ships none (``--engine python`` still works).
    """
    path = library_path()
    if path is None:
        raise UsageError(
            "The installed TensorFlow has no C library here. Use --engine python instead."
        )
    silence_logging()
    with held_stderr(show=debug):
        library = _open_lazily(path)
    short = ctypes.PyDLL(str(path), handle=library._handle)
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(short if name in _SHORT else library, name)
        function.restype, function.argtypes = result, arguments
        setattr(library, name, function)
    return library


def _open_lazily(path: Path) -> ctypes.CDLL:
    # ctypes forces RTLD_NOW, which resolves a million symbols that are never called: 0.43 s of
    # CPU against 0.26 s. So dlopen is called by hand and its handle given to ctypes. Local, because
    # the library carries BoringSSL: seen by all, its symbols crash Python's own _hashlib.
    if sys.platform == "win32":
        return ctypes.CDLL(str(path))
    loader = ctypes.CDLL(None)
    loader.dlopen.restype, loader.dlopen.argtypes = c_void_p, (c_char_p, c_int)
    loader.dlerror.restype = c_char_p
    handle = loader.dlopen(os.fsencode(path), os.RTLD_LAZY | os.RTLD_LOCAL)
    if not handle:
        reason = (loader.dlerror() or b"unknown reason").decode("utf-8", "replace")
        raise ExecutionError(f"TensorFlow's C library cannot be opened: {reason}.")
    return ctypes.CDLL(str(path), handle=handle)
