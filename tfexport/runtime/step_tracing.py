"""Traces one call of a signature: when each op ran, on which device and thread.

``RunOptions.FULL_TRACE`` and ``RunMetadata`` of ``tensorflow/core/protobuf/config.proto``, through
the run options of ``TF_SessionRun``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, TypeAlias

from tfexport.data.arrays import Array
from tfexport.runtime.library import TFBuffer, open_library
from tfexport.runtime.session import NativeCall
from tfexport.savedmodel import protos

StepStats: TypeAlias = Any  # tensorflow/core/framework/step_stats.proto


def trace_call(call: NativeCall, arrays: Mapping[str, Array]) -> StepStats:
    """Call it once, and give the ``StepStats`` of that. Raises ExecutionError as a call does."""
    library = open_library()
    run_options = protos.config_pb2.RunOptions
    asked = run_options(trace_level=run_options.FULL_TRACE).SerializeToString()
    options = library.TF_NewBufferFromString(asked, len(asked))
    metadata = library.TF_NewBuffer()
    try:
        call.call_each([arrays], options, metadata)
        return protos.config_pb2.RunMetadata.FromString(_read(metadata)).step_stats
    finally:
        library.TF_DeleteBuffer(metadata)
        library.TF_DeleteBuffer(options)


def _read(buffer: ctypes._Pointer[TFBuffer]) -> bytes:
    found = buffer.contents
    return ctypes.string_at(found.data, found.length) if found.length else b""
