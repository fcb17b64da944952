"""numpy arrays <-> ``TF_Tensor``, without a copy where the memory allows it.

Layouts are those of ``include/tensorflow/c/tf_tensor.h`` and, for strings, of the ``TF_TString``
union in ``include/tensorflow/core/platform/ctstring_internal.h``.
"""

from __future__ import annotations

import ctypes
import itertools
import weakref
from collections.abc import Callable

import numpy as np

from tfexport.data.arrays import Array
from tfexport.dtypes import dtype_name, dtype_number, numpy_dtype
from tfexport.runtime.library import DEALLOCATOR

_STRING = dtype_number("string")
_TSTRING_BYTES = 24
_LARGE, _OFFSET, _VIEW = 1, 2, 3  # TF_TString_Type; 0 is small, kept inside the 24 bytes

# What TensorFlow still reads, kept alive until it says that it is done with it.
_lent: dict[int, object] = {}
_tickets = itertools.count(1)


def _let_go(data: int, size: int, ticket: int) -> None:
    _lent.pop(ticket, None)


_release = DEALLOCATOR(_let_go)


class _Taken(weakref.ref["ctypes.Array[ctypes.c_char]"]):
    """Frees a tensor when the memory that arrays read it by is gone.

    It does what ``weakref.finalize`` does, in less code: after a call of a large model all of it
    has to come back into the processor's cache.
    """

    __slots__ = ("delete", "tensor")
    delete: Callable[[int], None]
    tensor: int


# A weak reference that is gone itself calls nothing back.
_taken: dict[int, _Taken] = {}


def _free(taken: _Taken) -> None:
    del _taken[taken.tensor]
    taken.delete(taken.tensor)


def new_tensor(library: ctypes.CDLL, array: Array, dtype: str) -> int:
    """A ``TF_Tensor*`` that reads the memory of ``array``, whose numpy dtype fits ``dtype``.

    TensorFlow copies where the memory is not aligned as it likes (64 bytes), and never writes to
    it. The array is kept alive until TensorFlow lets go of it, which may be after the call: a
    variable can hold on to a value that was assigned to it.
    """
    if dtype == "string":
        memory, owner = _string_memory(array)
    else:
        memory = owner = array if array.flags.c_contiguous else array.copy(order="C")
    ticket = next(_tickets)
    _lent[ticket] = owner
    tensor = library.TF_NewTensor(
        dtype_number(dtype),
        (ctypes.c_int64 * array.ndim)(*array.shape),
        array.ndim,
        memory.ctypes.data,
        memory.nbytes,
        _release,
        ticket,
    )
    if not tensor:
        raise ValueError(f"TensorFlow makes no {dtype} tensor of {array.dtype} {array.shape}")
    return int(tensor)


def _string_memory(array: Array) -> tuple[Array, object]:
    # Every element becomes a "large" string {size << 2 | 1, capacity, pointer} into one block of
    # bytes. A view would be shorter, but copies of a view (in a table, say) go on pointing here.
    texts = [_as_bytes(item) for item in array.reshape(-1).tolist()]
    block = b"\0".join(texts) + b"\0"
    sizes = np.fromiter(map(len, texts), np.uint64, len(texts))
    address = ctypes.cast(ctypes.c_char_p(block), ctypes.c_void_p).value or 0
    memory = np.empty((len(texts), 3), np.uint64)
    memory[:, 0] = sizes << np.uint64(2) | np.uint64(_LARGE)
    memory[:, 1] = sizes
    memory[:1, 2] = address
    memory[1:, 2] = address + np.cumsum(sizes[:-1] + np.uint64(1), dtype=np.uint64)
    return memory, (memory, block)


def _as_bytes(item: object) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode()
    raise ValueError(f"a string tensor holds bytes or text, not {type(item).__name__}")


def take_array(library: ctypes.CDLL, tensor: int) -> Array:
    """The array of a ``TF_Tensor*`` that the caller owns; takes the ownership over.

    The array reads TensorFlow's memory, which is freed with the array. Strings are bytes objects.
    Raises KeyError for a dtype that no array can hold (resource, variant).
    """
    number = library.TF_TensorType(tensor)
    shape = tuple(library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor)))
    try:
        dtype = numpy_dtype(dtype_name(number))
    except KeyError:
        library.TF_DeleteTensor(tensor)
        raise
    size = library.TF_TensorByteSize(tensor)
    if size == 0:
        library.TF_DeleteTensor(tensor)
        return np.empty(shape, dtype)
    memory = (ctypes.c_char * size).from_address(library.TF_TensorData(tensor))
    taken = _taken[tensor] = _Taken(memory, _free)
    taken.delete, taken.tensor = library.TF_DeleteTensor, tensor
    if number % 100 == _STRING:
        return _read_strings(memory, shape)
    array: Array = np.ndarray(shape, dtype, memory)
    return array


def _read_strings(memory: ctypes.Array[ctypes.c_char], shape: tuple[int, ...]) -> Array:
    raw = bytes(memory)
    words = np.frombuffer(raw, np.uint64).reshape(-1, 3)
    base = ctypes.addressof(memory)
    texts = np.empty(len(words), object)
    for index, (first, second, third) in enumerate(words.tolist()):
        texts[index] = _read_string(raw, base, index * _TSTRING_BYTES, first, second, third)
    return texts.reshape(shape)


def _read_string(raw: bytes, base: int, at: int, first: int, second: int, third: int) -> bytes:
    kind = first & 3
    if kind == _LARGE:
        return ctypes.string_at(third, first >> 2)
    if kind == _VIEW:
        return ctypes.string_at(second, first >> 2)
    if kind == _OFFSET:
        # {uint32 size << 2 | 2, uint32 offset from this element, uint32 count}
        return ctypes.string_at(base + at + (first >> 32), (first & 0xFFFFFFFF) >> 2)
    return raw[at + 1 : at + 1 + ((first & 0xFF) >> 2)]
