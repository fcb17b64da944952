"""Finds out how the calls of a run of batches are fastest: in which threads, how many at a time.

Handing ops to a pool pays where they are many and heavy; a small batch spends more time on waking
threads than on its ops. ``RunOptions.inter_op_thread_pool`` of
``tensorflow/core/protobuf/config.proto``: -1 runs them in the thread that calls.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence

from tfexport.data.arrays import Array
from tfexport.runtime.engine import BatchedCall, Call
from tfexport.runtime.library import open_library
from tfexport.runtime.session import NativeCall

_CALLER = b"\x18" + b"\xff" * 9 + b"\x01"  # RunOptions(inter_op_thread_pool=-1), serialized
_WARM_UP = 2  # calls that still prepare kernels and memory, and say nothing
_TRIALS = 8  # calls of each way

# What calls that are made together may take: a progress bar moves on, and memory stays flat.
_SECONDS = 0.05
_BYTES = 1 << 22


def tune_call(call: Call) -> BatchedCall:
    """The same call, for many batches in turn; it gets as fast as it can on the way.

    The first batches are called in TensorFlow's threads and in the caller's in turn, the others
    in those that were faster; and as many together as are over soon. The values are the same. For
    one thread at a time.
    """
    return _TunedCall(call) if isinstance(call, NativeCall) else call


class _TunedCall:
    def __init__(self, call: NativeCall) -> None:
        self._call = call
        self._caller = open_library().TF_NewBufferFromString(_CALLER, len(_CALLER))
        self._calls = 0
        self._seconds: tuple[list[float], list[float]] = ([], [])
        self._chosen: object = None
        self._together = 1

    def call_each(self, batches: Sequence[Mapping[str, Array]]) -> Iterator[dict[str, Array]]:
        start = 0
        while start < len(batches):
            group = batches[start : start + self._together]
            yield from self._try(group) if self._is_trying else self._call_group(group)
            start += len(group)

    @property
    def _is_trying(self) -> bool:
        return self._calls < _WARM_UP + 2 * _TRIALS

    def _try(self, group: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
        turn = self._calls % 2
        start = time.perf_counter()
        outputs = self._call.call_each(group, self._caller if turn else None)
        if self._calls >= _WARM_UP:
            self._seconds[turn].append(time.perf_counter() - start)
        self._calls += 1
        if not self._is_trying:
            pool, caller = map(statistics.median, self._seconds)
            self._chosen = self._caller if caller < pool else None
        return outputs

    def _call_group(self, group: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
        start = time.perf_counter()
        outputs = self._call.call_each(group, self._chosen)
        seconds = (time.perf_counter() - start) / len(group)
        size = sum(array.nbytes for found in outputs for array in found.values()) // len(group)
        self._together = max(1, min(int(_SECONDS / seconds), _BYTES // max(size, 1)))
        return outputs
