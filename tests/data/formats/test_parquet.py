from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.feeds import feed, refusal, strings, write
from tfexport.data.formats import parquet as module
from tfexport.data.writing import open_sink
from tfexport.errors import DestinationError, UsageError
from tfexport.spec import parse_spec

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def save(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_columns_feed_the_inputs_that_they_name(tmp_path: Path) -> None:
    path = save(
        tmp_path / "t.parquet",
        {
            "a": pa.array([1, 2, 3], pa.int32()),
            "text": ["x", "y", "z"],
            "lists": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
            "fixed": pa.array([[[1], [2]]] * 3, pa.list_(pa.list_(pa.int8(), 1), 2)),
            "raw": [b"\xff", b"", b"\0"],
            "flag": [True, False, True],
            "group": pa.array(["u", "v", "u"]).dictionary_encode(),
            "other": [None, None, None],
        },
    )
    specs = ["a=None:int64", "text=None,1:string", "lists=None,2", "fixed=None,2,1:int32"]
    specs += ["raw=None:string", "flag=None:bool", "group=None:string"]
    streamed = feed(path, *specs)
    assert streamed.rows == 3
    arrays = streamed.read()
    assert arrays["a"].tolist() == [1, 2, 3]
    assert arrays["text"].tolist() == [[b"x"], [b"y"], [b"z"]]
    assert arrays["lists"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert arrays["fixed"].tolist() == [[[1], [2]]] * 3
    assert arrays["raw"].tolist() == [b"\xff", b"", b"\0"]
    assert arrays["flag"].tolist() == [True, False, True]
    assert arrays["group"].tolist() == [b"u", b"v", b"u"]
    assert [batch["a"].tolist() for batch in streamed.batches(2)] == [[1, 2], [3]]


def test_columns_without_names_are_features(tmp_path: Path) -> None:
    path = save(tmp_path / "t.parquet", {"w": [1.0, 2.0], "h": [3, 4]})
    assert feed(path, "x=None,2").read()["x"].tolist() == [[1, 3], [2, 4]]


def test_folders_and_globs_of_files_are_row_after_row(tmp_path: Path) -> None:
    (tmp_path / "t" / "day=2").mkdir(parents=True)
    (tmp_path / "t" / "_SUCCESS").touch()
    (tmp_path / "t" / ".hidden.parquet").touch()
    for number in (2, 10, 9):
        save(tmp_path / "t" / f"part-{number}.parquet", {"x": [number]}, row_group_size=1)
    save(tmp_path / "t" / "day=2" / "a.parquet", {"x": [0]})
    streamed = feed(tmp_path / "t", "x=None")
    assert streamed.rows == 4
    assert streamed.read()["x"].tolist() == [0, 2, 9, 10]
    assert feed(tmp_path / "t" / "part-*.parquet", "x=None").read()["x"].tolist() == [2, 9, 10]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            [1.0, None],
            "'t.parquet' column 'x' has no value in row 1. Fill it in first.",
        ),
        (
            [[1.0], [1.0, 2.0]],
            "'t.parquet' column 'x' has lists of different lengths (1 to 2), which make no array.",
        ),
        ([{"a": 1}], "'t.parquet' column 'x' holds struct<a: int64>, which no input takes."),
    ],
)
def test_what_is_no_array_is_told(tmp_path: Path, column: list[Any], message: str) -> None:
    path = save(tmp_path / "t.parquet", {"x": pa.array(column)})
    assert refusal(path, "x=None") == message


def test_missing_values_inside_of_lists_are_told(tmp_path: Path) -> None:
    path = save(tmp_path / "t.parquet", {"x": pa.array([[1.0, None]])})
    assert refusal(path, "x=None,2") == (
        "'t.parquet' column 'x' has lists with missing values. Fill them in first."
    )


def test_damage_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    assert refusal(tmp_path / "t.parquet", "x=None").startswith(
        "'t.parquet' is no readable .parquet file: "
    )
    (tmp_path / "t.parquet").write_bytes(b"")
    assert refusal(tmp_path / "t.parquet", "x=None").startswith(
        "'t.parquet' is no readable .parquet file: "
    )


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "t.parquet", {"x": [1.0]})
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError) as caught:
        feed(path, "x=None")
    expected = "A .parquet file needs pyarrow. Install it: pip install 'tfexport[tables]'"
    assert str(caught.value) == expected
    with pytest.raises(UsageError) as caught:
        open_sink(tmp_path / "o.parquet", [parse_spec("y=None")])
    assert str(caught.value) == expected


def test_outputs_are_columns_of_plain_types(tmp_path: Path) -> None:
    specs = [parse_spec("y=None,2"), parse_spec("s=None:string"), parse_spec("h=None:float16")]
    batches = [
        {
            "y": np.full((2, 2), at, np.float32),
            "s": strings(b"a", b"b"),
            "h": np.ones(2, np.float16),
        }
        for at in range(3)
    ]
    write(tmp_path / "o.parquet", specs, *batches)
    stored = pq.read_table(tmp_path / "o.parquet")
    assert stored.schema.field("y").type.list_size == 2
    assert stored.schema.field("y").type.value_type == pa.float32()
    assert stored.schema.field("s").type == pa.string()
    assert stored.schema.field("h").type == pa.float32()
    assert stored.column("y").to_pylist() == [[at, at] for at in (0, 0, 1, 1, 2, 2)]


@pytest.mark.parametrize("row_group_bytes", [1, 1 << 25])
def test_text_becomes_binary_when_it_is_no_longer_utf8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row_group_bytes: int
) -> None:
    monkeypatch.setattr(module, "_ROW_GROUP_BYTES", row_group_bytes)
    specs = [parse_spec("s=None:string"), parse_spec("t=None,2:string")]
    batches = [
        {"s": strings(text), "t": strings(b"u", text).reshape(1, 2)}
        for text in (b"a", b"\xff", b"b", b"")
    ]
    write(tmp_path / "o.parquet", specs, *batches)
    stored = pq.read_table(tmp_path / "o.parquet")
    assert stored.schema.field("s").type == pa.binary()
    assert stored.column("s").to_pylist() == [b"a", b"\xff", b"b", b""]
    assert stored.column("t").to_pylist() == [[b"u", text] for text in (b"a", b"\xff", b"b", b"")]
    assert [path.name for path in tmp_path.iterdir()] == ["o.parquet"]


def test_batches_are_gathered_into_row_groups(tmp_path: Path) -> None:
    write(tmp_path / "o.parquet", [parse_spec("y=None")], *[{"y": np.zeros(1, np.float32)}] * 50)
    assert pq.ParquetFile(tmp_path / "o.parquet").num_row_groups == 1


def test_complex_outputs_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as caught:
        open_sink(tmp_path / "o.parquet", [parse_spec("y=None:complex64")])
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "'o.parquet' cannot hold output 'y' (complex64 [?]): Parquet has no complex numbers. "
        "Write .npz, .json or .csv."
    )
