"""Finds out which threads run the ops of a signature faster: TensorFlow's, or the caller's own.

Handing ops to a pool pays where they are many and heavy; a small batch spends more time on waking
threads than on its ops. ``RunOptions.inter_op_thread_pool`` of
``tensorflow/core/protobuf/config.proto``: -1 runs them in the thread that calls.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

from tfexport.data.arrays import Array
from tfexport.runtime.engine import Call
from tfexport.runtime.library import open_library
from tfexport.runtime.session import NativeCall

_CALLER = b"\x18" + b"\xff" * 9 + b"\x01"  # RunOptions(inter_op_thread_pool=-1), serialized
_WARM_UP = 2  # calls that still prepare kernels and memory, and say nothing
_TRIALS = 8  # calls of each way


def tune_call(call: Call) -> Call:
    """The same call, for many batches in turn; it gets as fast as it can on the way.

    The first batches are called in both ways in turn, the others in the one that was faster. The
    values are the same. For one thread at a time.
    """
    return _TunedCall(call) if isinstance(call, NativeCall) else call


class _TunedCall:
    def __init__(self, call: NativeCall) -> None:
        self._call = call
        self._caller = open_library().TF_NewBufferFromString(_CALLER, len(_CALLER))
        self._calls = 0
        self._seconds: tuple[list[float], list[float]] = ([], [])
        self._chosen: object = None

    def __call__(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        if self._calls >= _WARM_UP + 2 * _TRIALS:
            return self._call(arrays, self._chosen)
        return self._try(arrays)

    def _try(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        turn = self._calls % 2
        start = time.perf_counter()
        outputs = self._call(arrays, self._caller if turn else None)
        if self._calls >= _WARM_UP:
            self._seconds[turn].append(time.perf_counter() - start)
        self._calls += 1
        if self._calls == _WARM_UP + 2 * _TRIALS:
            pool, caller = map(statistics.median, self._seconds)
            self._chosen = self._caller if caller < pool else None
        return outputs
