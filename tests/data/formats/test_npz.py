from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.feeds import feed, refusal
from tfexport.data.feeding import open_feed
from tfexport.data.reading import open_sources
from tfexport.data.writing import open_sink
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec, parse_spec


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_array_feeds_the_input_of_its_name(tmp_path: Path, save: object) -> None:
    save(tmp_path / "d.npz", a=np.arange(6).reshape(3, 2), b=np.arange(3), other=1)  # type: ignore[operator]
    streamed = feed(tmp_path / "d.npz", "a=None,2:int32", "b=None:float32")
    assert streamed.names == {"a", "b"}
    assert streamed.rows == 3
    whole = streamed.read()
    assert whole["a"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert whole["b"].tolist() == [0.0, 1.0, 2.0]
    batches = list(streamed.batches(2))
    assert [batch["a"].tolist() for batch in batches] == [[[0, 1], [2, 3]], [[4, 5]]]
    assert [batch["b"].tolist() for batch in batches] == [[0.0, 1.0], [2.0]]


def test_an_array_in_fortran_order_is_read(tmp_path: Path) -> None:
    values = np.asfortranarray(np.arange(6).reshape(2, 3))
    np.savez(tmp_path / "d.npz", x=values)
    assert feed(tmp_path / "d.npz", "x=None,3:int64").read()["x"].tolist() == values.tolist()
    batches = [batch["x"].tolist() for batch in feed(tmp_path / "d.npz", "x=None,3").batches(1)]
    assert batches == [[[0.0, 1.0, 2.0]], [[3.0, 4.0, 5.0]]]


def test_an_only_array_feeds_an_only_input_or_the_named_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", np.array([1.0]))
    assert feed(tmp_path / "d.npz", "x=None").read()["x"].tolist() == [1.0]
    inputs = [parse_spec("x=None"), parse_spec("y=None")]
    sources = open_sources([f"y={tmp_path / 'd.npz'}", f"x={tmp_path / 'd.npz'}"], inputs)
    assert [source.names for source in sources] == [("y",), ("x",)]


def test_a_name_picks_its_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([1.0]), y=np.array([2.0]))
    inputs = [parse_spec("x=None"), parse_spec("y=None")]
    (source,) = open_sources([f"y={tmp_path / 'd.npz'}"], inputs)
    assert source.names == ("y",)


def test_arrays_that_feed_nothing_are_listed(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", idz=np.array([1.0]), mask=np.array([2.0]))
    assert refusal(tmp_path / "d.npz", "ids=None", "segments=None") == (
        "'d.npz' has none of the inputs ids, segments. It has: idz, mask."
    )


def test_arrays_of_different_lengths_are_told_apart(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", a=np.zeros(3), b=np.zeros(2))
    path = tmp_path / "d.npz"
    with pytest.raises(InputDataError) as caught:
        feed(path, "a=None", "b=None").batches(2)
    assert str(caught.value).replace(str(path), path.name) == (
        "The inputs differ in rows: 'a' (d.npz) has 3 rows, 'b' (d.npz) has 2 rows."
    )


def test_a_pickle_in_it_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([{}], object))
    assert refusal(tmp_path / "d.npz", "x=None").startswith(
        "'d.npz[x]' holds Python objects (a pickle), which are never loaded"
    )


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    path.write_bytes(b"PK, but no zip")
    assert refusal(path, "x=None") == "'d.npz' is no .npz file."
    np.savez(path, x=np.arange(100.0))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert refusal(path, "x=None") == "'d.npz' is damaged: Bad CRC-32 for file 'x.npy'."


def test_outputs_come_back_under_their_names_wherever_these_would_lead(tmp_path: Path) -> None:
    names = ["../escaped", "/etc/passwd", "a/b", "nul\0", "plain", "x" * 300, ""]
    outputs = [TensorSpec(name, "float32", (None,)) for name in names]
    with open_sink(tmp_path / "o.npz", outputs) as sink:
        sink.write({name: np.full(2, at, np.float32) for at, name in enumerate(names)})
    members = zipfile.ZipFile(tmp_path / "o.npz").namelist()
    assert len(set(members)) == len(names)
    for member in members:
        assert not member.startswith("/")
        assert ".." not in member.split("/")
        assert "\0" not in member
    arrays = open_feed(open_sources([str(tmp_path / "o.npz")], outputs), outputs).read()
    assert [arrays[name].tolist() for name in names] == [[at, at] for at in range(len(names))]


def test_outputs_of_many_batches_are_put_together(tmp_path: Path) -> None:
    outputs = [parse_spec("y=None,2"), parse_spec("s=None:string"), parse_spec("loss=scalar")]
    with open_sink(tmp_path / "o.npz", outputs, with_rows={"y", "s"}) as sink:
        for rows in (2, 1):
            sink.write(
                {
                    "y": np.full((rows, 2), rows, np.float32),
                    "s": np.array([b"a"] * rows, object),
                    "loss": np.array(rows, np.float32),
                }
            )
    stored = np.load(tmp_path / "o.npz")
    assert stored["y"].tolist() == [[2, 2], [2, 2], [1, 1]]
    assert stored["s"].tolist() == [b"a"] * 3
    assert stored["loss"].tolist() == [2, 1]
