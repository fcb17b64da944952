"""What it takes to hand the inputs of a call over, as far as it is not the model's own work."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

from tfexport.data.arrays import Array
from tfexport.runtime.engine import Call
from tfexport.runtime.session import NativeCall

_TIMES = 20
_SECONDS = 0.2


def time_copy(call: Call, arrays: Mapping[str, Array]) -> float:
    """The median seconds of one copy of ``arrays``, strings converted as the engine does it.

    Numbers in aligned memory go in without a copy; this is what they cost where memory is not.
    """
    taken: list[float] = []
    end = time.perf_counter() + _SECONDS
    while not taken or (len(taken) < _TIMES and time.perf_counter() < end):
        start = time.perf_counter()
        _copy(call, arrays)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _copy(call: Call, arrays: Mapping[str, Array]) -> None:
    copies = {name: array.copy() for name, array in arrays.items() if not array.dtype.hasobject}
    if len(copies) < len(arrays) and isinstance(call, NativeCall):
        call.free(call.make_inputs({**arrays, **copies}))
