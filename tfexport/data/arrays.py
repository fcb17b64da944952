"""What an array is called here, and memory for one that TensorFlow takes without a copy."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]

# EIGEN_MAX_ALIGN_BYTES: memory that is aligned to less is copied by TF_NewTensor.
_ALIGNMENT = 64


class Shaped(Protocol):
    """Anything with the shape and dtype of an array: an array, or one that lies in a file."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...


def empty_aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An uninitialised array whose memory starts at a multiple of 64 bytes."""
    if dtype.hasobject or not dtype.itemsize:
        return np.empty(shape, dtype)
    size = dtype.itemsize * math.prod(shape)
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)
