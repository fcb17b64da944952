from __future__ import annotations

import gzip
import os
import pickle
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.data.feeds import feed, refusal
from tfexport.data.feeding import open_feed
from tfexport.data.reading import open_sources
from tfexport.data.writing import open_sink
from tfexport.errors import DestinationError
from tfexport.spec import TensorSpec, parse_spec


def test_a_file_that_needs_no_cast_is_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 5), np.float32))
    array = feed(tmp_path / "x.npy", "x=None,5").read()["x"]
    assert isinstance(array, np.memmap)
    assert array.tolist() == [[1.0] * 5] * 2


def test_batches_are_aligned_and_no_part_of_the_mapping(tmp_path: Path) -> None:
    values = np.arange(35, dtype=np.float32).reshape(7, 5)
    np.save(tmp_path / "x.npy", values)
    streamed = feed(tmp_path / "x.npy", "x=None,5")
    assert streamed.rows == 7
    batches = [batch["x"] for batch in streamed.batches(3)]
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert all(batch.ctypes.data % 64 == 0 for batch in batches)
    assert not any(isinstance(batch, np.memmap) for batch in batches)
    assert np.concatenate(batches).tolist() == values.tolist()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f8", "<i4", "?", "S3", "U3", "<c8"])
def test_every_layout_is_read(tmp_path: Path, order: str, dtype: str) -> None:
    values = np.asarray(np.arange(12).reshape(4, 3) % 2, dtype, order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "x.npy", values)
    name = {"S": "string", "U": "string", "?": "bool"}.get(dtype[0], "complex64")
    expected = values.astype("S").tolist() if name == "string" else values.tolist()
    assert feed(tmp_path / "x.npy", f"x=None,3:{name}").read()["x"].tolist() == expected
    batches = list(feed(tmp_path / "x.npy", f"x=None,3:{name}").batches(3))
    assert np.concatenate([batch["x"] for batch in batches]).tolist() == expected


def test_bfloat16_as_numpy_saves_it_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1.5, -2], ml_dtypes.bfloat16))
    assert feed(tmp_path / "x.npy", "x=None:bfloat16").read()["x"].tolist() == [1.5, -2.0]


def test_a_file_without_rows_gives_one_empty_batch(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((0, 5)))
    assert [batch["x"].shape for batch in feed(tmp_path / "x.npy", "x=None,5").batches(3)] == [
        (0, 5)
    ]


def test_several_files_are_one_after_the_other_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        np.save(tmp_path / f"x-{number}.npy", np.full((2, 1), number))
    streamed = feed(tmp_path / "x-*.npy", "x=None,1:int32")
    assert streamed.rows == 6
    assert streamed.read()["x"].ravel().tolist() == [1, 1, 9, 9, 10, 10]
    assert [len(batch["x"]) for batch in streamed.batches(4)] == [4, 2]


def test_a_gzipped_file_is_unpacked(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 5)))
    (tmp_path / "y.npy.gz").write_bytes(gzip.compress((tmp_path / "x.npy").read_bytes()))
    assert feed(tmp_path / "y.npy.gz", "x=None,5").read()["x"].tolist() == [[1.0] * 5] * 2


class _Danger:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, ("pickle-was-executed",))


def test_a_pickle_is_refused_and_never_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.array([_Danger()]), allow_pickle=True)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(_Danger()))
    assert refusal(tmp_path / "x.npy", "x=None") == (
        "'x.npy' holds Python objects (a pickle), which are never loaded: they can run code. "
        "Save numbers, or text with the dtype 'S' or 'U'."
    )
    assert refusal(tmp_path / "raw.npy", "x=None").startswith("'raw.npy' is no .npy file: ")
    assert not Path("pickle-was-executed").exists()


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 5)))
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-8])
    assert refusal(tmp_path / "x.npy", "x=None,5") == (
        "'x.npy' is cut off: its header says 80 bytes of float64 [2, 5], and it has 72."
    )


def test_a_header_that_asks_for_more_memory_than_there_is_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 5)))
    data = (tmp_path / "x.npy").read_bytes()
    huge = data.replace(b"(2, 5), }          ", b"(2, 5000000000000)}")
    assert huge != data
    (tmp_path / "x.npy").write_bytes(huge)
    assert "is cut off: its header says 80,000,000,000,000 bytes" in refusal(
        tmp_path / "x.npy", "x=None,5"
    )


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not numpy", b"\x93NUMPY\x09\x09\x09"])
def test_what_is_no_npy_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    message = refusal(tmp_path / "x.npy", "x=None")
    assert message.startswith("'x.npy' ")
    assert "\n" not in message


def test_a_record_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(2, [("a", "f4")]))
    assert refusal(tmp_path / "x.npy", "x=None") == (
        "'x.npy' has named fields, which no input takes."
    )


def test_a_missing_file_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros(2))
    assert refusal(tmp_path / "imags.npy", "x=None") == (
        "There is no file 'imags.npy'. Did you mean 'images.npy'?"
    )


@given(
    hnp.arrays(
        st.sampled_from(["float32", "int64", "bool", "complex128", "uint16"]),
        hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5),
    ),
    st.integers(1, 6),
)
def test_what_is_written_in_batches_is_read_in_batches(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, size: int
) -> None:
    path = tmp_path_factory.mktemp("npy") / "y.npy"
    spec = TensorSpec("y", array.dtype.name, (None, *array.shape[1:]))
    with open_sink(path, [spec], with_rows={"y"}) as sink:
        for start in range(0, max(len(array), 1), size):
            sink.write({"y": array[start : start + size]})
    assert np.load(path).tobytes() == array.tobytes()
    read = [batch["y"] for batch in open_feed(open_sources([str(path)], [spec]), [spec]).batches(4)]
    joined = np.concatenate(read)
    assert (joined.dtype, joined.shape) == (array.dtype, array.shape)
    assert joined.tobytes() == array.tobytes()


def test_several_outputs_are_no_npy(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as caught:
        open_sink(tmp_path / "y.npy", [parse_spec("a=None"), parse_spec("b=None")])
    assert str(caught.value).replace(str(tmp_path), "") == (
        "'/y.npy' holds one array, and there are 2 outputs: a, b. "
        "Write an .npz or a folder, or pick one with --select."
    )


def test_a_scalar_is_written_as_it_is(tmp_path: Path) -> None:
    with open_sink(tmp_path / "y.npy", [parse_spec("y=scalar")]) as sink:
        sink.write({"y": np.array(2.5, np.float32)})
    assert np.load(tmp_path / "y.npy") == np.array(2.5, np.float32)


def test_an_output_without_rows_has_an_entry_a_batch(tmp_path: Path) -> None:
    with open_sink(tmp_path / "y.npy", [parse_spec("y=scalar")], with_rows=set()) as sink:
        for loss in (0.5, 0.25):
            sink.write({"y": np.array(loss, np.float32)})
    assert np.load(tmp_path / "y.npy").tolist() == [0.5, 0.25]


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "int4", "uint4"])
def test_types_that_numpy_lacks_are_written_as_the_next_wider(tmp_path: Path, dtype: str) -> None:
    values = np.array([1, 2, 7]).astype(getattr(ml_dtypes, dtype))
    with open_sink(tmp_path / "y.npy", [parse_spec(f"y=None:{dtype}")]) as sink:
        sink.write({"y": values})
    wider = {"int4": "int8", "uint4": "uint8"}.get(dtype, "float32")
    assert np.load(tmp_path / "y.npy").dtype == wider
    back = feed(tmp_path / "y.npy", f"y=None:{dtype}").read()["y"]
    assert back.dtype == values.dtype
    assert back.tolist() == values.tolist()


def test_text_is_written_as_bytes_of_the_longest_width(tmp_path: Path) -> None:
    batches = [[b"a", "ü".encode()], [b"", b"a\0b"]]
    with open_sink(tmp_path / "y.npy", [parse_spec("y=None:string")], with_rows={"y"}) as sink:
        for batch in batches:
            sink.write({"y": np.array(batch, object)})
    stored = np.load(tmp_path / "y.npy")
    assert stored.dtype == "S3"
    assert stored.tolist() == [b"a", "ü".encode(), b"", b"a\0b"]
    assert feed(tmp_path / "y.npy", "y=None:string").read()["y"].tolist() == stored.tolist()


def test_text_that_ends_in_nul_is_refused_because_numpy_would_cut_it(tmp_path: Path) -> None:
    with (
        pytest.raises(DestinationError) as caught,
        open_sink(tmp_path / "y.npy", [parse_spec("y=None:string")]) as sink,
    ):
        sink.write({"y": np.array([b"a\0"], object)})
    assert str(caught.value) == (
        "Output 'y': b'a\\x00' ends in a NUL byte, which .npy and .npz cannot hold. "
        "Write .json, .jsonl or .parquet."
    )
    assert list(tmp_path.iterdir()) == []


def test_batches_of_different_shapes_make_no_array(tmp_path: Path) -> None:
    with (
        pytest.raises(DestinationError) as caught,
        open_sink(tmp_path / "y.npy", [parse_spec("y=None,None")], with_rows={"y"}) as sink,
    ):
        sink.write({"y": np.zeros((2, 3), np.float32)})
        sink.write({"y": np.zeros((2, 4), np.float32)})
    assert str(caught.value) == (
        "Output 'y' is [2, 4] in one batch and [2, 3] in another, which make no array. "
        "Write .jsonl."
    )
    assert list(tmp_path.iterdir()) == []
