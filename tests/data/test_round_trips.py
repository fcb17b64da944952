"""Whatever is written is read again as the same values, in batches of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfexport.data.batching import count_rows, slice_rows
from tfexport.data.feeding import open_feed
from tfexport.data.reading import open_sources
from tfexport.data.writing import open_sink
from tfexport.dtypes import numpy_dtype
from tfexport.spec import TensorSpec

FILES = ["o.npz", "folder", "o.json", "o.jsonl", "o.csv", "o.parquet"]
NAMES = ["y", "scores", "output_0", "a/b", "../up", "ü", "with space", "x[y]", 'q"uote', "a,b"]
DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "bfloat16", "float8_e5m2", "int4"),
    *("complex64", "complex128", "string"),
]
Arrays = dict[str, np.ndarray]


def texts(file: str) -> st.SearchStrategy[bytes]:
    if file in ("o.npz", "folder"):  # numpy's text cannot end in NUL
        return st.binary(max_size=6).filter(lambda text: not text.endswith(b"\0"))
    if file == "o.csv":  # Python 3.10's csv reads no NUL
        return st.binary(max_size=6).map(lambda text: text.replace(b"\0", b""))
    return st.binary(max_size=6) | st.text(max_size=6).map(str.encode)


@st.composite
def outputs(draw: st.DrawFn, file: str) -> tuple[list[TensorSpec], Arrays]:
    rows = draw(st.integers(1, 7))
    specs, arrays = [], {}
    dtypes = [d for d in DTYPES if file != "o.parquet" or not d.startswith("complex")]
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)):
        dtype = draw(st.sampled_from(dtypes))
        tail = draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
        specs.append(TensorSpec(name, dtype, (None, *tail)))
        arrays[name] = draw(values(dtype, (rows, *tail), file))
    return specs, arrays


def values(dtype: str, shape: tuple[int, ...], file: str) -> st.SearchStrategy[np.ndarray]:
    if dtype == "string":
        return hnp.arrays(object, shape, elements=texts(file))
    target = numpy_dtype(dtype)
    if target.isbuiltin == 1:
        return hnp.arrays(dtype, shape)
    source = "int8" if dtype == "int4" else "float32"
    elements = st.integers(-8, 7) if dtype == "int4" else st.floats(-400, 400, width=16)
    return hnp.arrays(source, shape, elements=elements).map(lambda array: array.astype(target))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.hasobject:
        return bool(one.tolist() == other.tolist())
    if one.dtype.isbuiltin != 1:
        one, other = one.astype(np.float32), other.astype(np.float32)
    if one.dtype.kind == "c":
        return same(one.real, other.real) and same(one.imag, other.imag)
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))


@pytest.mark.parametrize("file", FILES)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_what_is_written_is_read_again(file: str, tmp_path: Path, data: st.DataObject) -> None:
    specs, arrays = data.draw(outputs(file))
    rows = count_rows(arrays)
    written, read = data.draw(st.integers(1, rows)), data.draw(st.integers(1, rows + 1))
    path = tmp_path / file
    with open_sink(path, specs, with_rows=set(arrays), force=True) as sink:
        for start in range(0, rows, written):
            sink.write(slice_rows(arrays, start, start + written))
    whole = open_feed(open_sources([str(path)], specs), specs).read()
    for name, array in arrays.items():
        assert same(whole[name], array), (name, whole[name], array)
    batches = list(open_feed(open_sources([str(path)], specs), specs).batches(read))
    assert [count_rows(batch) for batch in batches[:-1]] == [read] * (len(batches) - 1)
    for name, array in arrays.items():
        assert same(np.concatenate([batch[name] for batch in batches]), array)
