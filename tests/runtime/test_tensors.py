"""Arrays go into TensorFlow's memory and come back as they were."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfexport.dtypes import _TABLE, item_size, numpy_dtype
from tfexport.runtime import tensors
from tfexport.runtime.library import open_library
from tfexport.runtime.tensors import Array, new_tensor, take_array

FIXED_SIZE = [name for name, _ in _TABLE.values() if item_size(name) is not None]


def there_and_back(array: Array, dtype: str) -> Array:
    library = open_library()
    return take_array(library, new_tensor(library, array, dtype))


def supported(name: str) -> bool:
    try:
        numpy_dtype(name)
    except (AttributeError, KeyError):
        return False
    return True


@pytest.mark.parametrize("dtype", [name for name in FIXED_SIZE if supported(name)])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)], ids=str)
def test_every_dtype_comes_back_bit_by_bit(dtype: str, shape: tuple[int, ...]) -> None:
    count = int(np.prod(shape))
    values = np.arange(count).reshape(shape) % 2
    array = np.asarray(values).astype(numpy_dtype(dtype))
    back = there_and_back(array, dtype)
    assert back.dtype == array.dtype
    assert back.shape == shape
    assert back.tobytes() == array.tobytes()


@given(st.lists(st.binary(max_size=40), max_size=20))
@settings(max_examples=200, deadline=None)
def test_strings_of_any_bytes_come_back(texts: list[bytes]) -> None:
    array = np.empty(len(texts), object)
    array[:] = texts
    assert there_and_back(array, "string").tolist() == texts


def test_text_goes_in_as_utf8_and_shapes_stay() -> None:
    array = np.array([["é", "x" * 1000], ["", "ab\0"]], object)
    back = there_and_back(array, "string")
    assert back.tolist() == [["é".encode(), b"x" * 1000], [b"", b"ab\0"]]


def test_a_string_tensor_refuses_what_is_no_text() -> None:
    with pytest.raises(ValueError, match="holds bytes or text, not int"):
        new_tensor(open_library(), np.array([1], object), "string")


def test_memory_that_is_not_contiguous_or_not_aligned_comes_back_too() -> None:
    base = np.arange(101, dtype=np.float32)
    for array in (base[1:], base[::-2], base[:100].reshape(10, 10).T, np.asfortranarray(base)):
        np.testing.assert_array_equal(there_and_back(array, "float32"), array)


def test_aligned_memory_is_read_in_place_and_kept_until_the_tensor_goes() -> None:
    block = np.zeros(4096 + 64, np.uint8)
    start = -block.ctypes.data % 64
    array = block[start : start + 4096].view(np.float32)
    library = open_library()
    tensor = new_tensor(library, array, "float32")
    assert library.TF_TensorData(tensor) == array.ctypes.data
    assert any(owner is array for owner in tensors._lent.values())
    library.TF_DeleteTensor(tensor)
    assert not any(owner is array for owner in tensors._lent.values())


def test_an_output_lives_as_long_as_a_view_of_it() -> None:
    array = there_and_back(np.arange(1000, dtype=np.float32), "float32")
    tail = array[-3:]
    del array
    gc.collect()
    assert tail.tolist() == [997, 998, 999]


def test_what_no_array_can_hold_is_refused_by_name() -> None:
    assert not supported("resource")
    assert not supported("variant")
