"""What stands after --input: files, folders and globs, JSON, pipes, stdin."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.data.feeds import feed, refusal


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def parquet(**columns: list[float]) -> bytes:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


ROWS = np.array([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda: npy(ROWS),
        lambda: npz(x=ROWS),
        lambda: parquet(a=[1.0, 3.0], b=[2.0, 4.0]),
        lambda: json.dumps(ROWS.tolist()).encode(),
        lambda: json.dumps({"x": ROWS.tolist()}, indent=2).encode(),
        lambda: json.dumps({"instances": [{"x": row} for row in ROWS.tolist()]}).encode(),
        lambda: b"[1, 2]\n[3, 4]\n",
        lambda: b'{"x": [1, 2]}\n{"x": [3, 4]}\n',
        lambda: b"[\n[1, 2],\n[3, 4]\n]",
        lambda: b"a,b\n1,2\n3,4\n",
        lambda: b"1,2\n3,4\n",
        lambda: b"x[0],x[1]\n1,2\n3,4\n",
    ],
)
def test_stdin_is_known_by_its_content(make: object, packed: bool) -> None:
    data = make()  # type: ignore[operator]
    stdin = gzip.compress(data) if packed else data
    assert feed("-", "x=None,2", stdin=stdin).read()["x"].tolist() == ROWS.tolist()
    batches = [batch["x"].tolist() for batch in feed("x=-", "x=None,2", stdin=stdin).batches(1)]
    assert batches == [[row] for row in ROWS.tolist()]


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [
        (b"one\ntwo, three\n", [b"one", b"two, three"]),
        (b"[not json\nsecond\n", [b"[not json", b"second"]),
        (b'[\n"a",\n"b"]', [b"a", b"b"]),
        (b"{unclosed", [b"{unclosed"]),
        (b"7\n8\n", [b"7", b"8"]),
        (b'"a"\n"b"\n', [b"a", b"b"]),
        (b'["a", "b"]', [b"a", b"b"]),
        (b"text,x\nq,one\nq,two\n", [b"one", b"two"]),
    ],
)
def test_stdin_for_text_is_lines_unless_it_is_json_or_a_table(
    stdin: bytes, expected: list[bytes]
) -> None:
    assert feed("-", "x=None:string", stdin=stdin).read()["x"].tolist() == expected


def test_tfrecords_come_through_stdin(tmp_path: Path) -> None:
    from tests.data.formats.test_tfrecord import GOLDEN

    assert feed("-", "x=None:string", stdin=GOLDEN).read()["x"].tolist() == [b"hello", b""]


def test_lines_longer_than_what_is_looked_at_come_through_stdin() -> None:
    rows = [[float(at)] * 50_000 for at in range(3)]
    stdin = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    assert feed("-", "x=None,None", stdin=stdin).read()["x"].tolist() == rows


def test_a_value_alone_through_stdin_is_a_row_or_the_value() -> None:
    assert feed("-", "x=None", stdin=b"1.5\n").read()["x"].tolist() == [1.5]
    assert feed("-", "x=scalar", stdin=b"1.5\n").read()["x"].tolist() == 1.5
    assert feed("-", "x=None", stdin=b"1.5\n2\n").read()["x"].tolist() == [1.5, 2]


def test_stdin_twice_and_nothing_in_it_are_told() -> None:
    assert refusal(["a=-", "b=-"], "a=None", "b=None") == (
        "stdin is given twice (--input -), and can be read once."
    )
    assert refusal("-", "x=None") == ("'stdin' has no first line with the names of its columns.")


def test_a_pipe_is_read_like_stdin(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(npy(ROWS),), daemon=True)
    writer.start()
    assert feed(pipe, "x=None,2").read()["x"].tolist() == ROWS.tolist()
    writer.join()


def test_a_file_that_looks_like_json_is_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "[1].npy").write_bytes(npy(ROWS))
    (tmp_path / "1.npy").write_bytes(npy(ROWS * 2))
    assert feed("[1].npy", "x=None,2").read()["x"].tolist() == ROWS.tolist()
    assert feed("[0-9].npy", "x=None,2").read()["x"].tolist() == (ROWS * 2).tolist()
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "x.npy").write_bytes(npy(ROWS))
    assert feed("7", "x=None,2").read()["x"].tolist() == ROWS.tolist()


@pytest.mark.parametrize(
    ("where", "spec", "message"),
    [
        ("missing.npy", "x=None", "There is no file 'missing.npy'."),
        ("x.nyp", "x=None", "There is no file 'x.nyp'. Did you mean 'x.npy'?"),
        ("*.csv", "x=None", "No file matches '*.csv'."),
        (
            "hello",
            "x=None:string",
            "There is no file 'hello'. For the text itself write JSON: '\"hello\"'",
        ),
        ("hello", "x=None", "There is no file 'hello'."),
        (
            "model.h5",
            "x=None",
            "'model.h5' is of no known format. Known are: .npy, .npz, .json, .jsonl, .ndjson, "
            ".csv, .tsv, .parquet, .tfrecord, .tfrecords, .txt, .png, .jpg, .jpeg.",
        ),
        ("a" * 5000, "x=None", f"There is no file '{'a' * 5000}'."),
    ],
)
def test_what_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, spec: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.npy").touch()
    (tmp_path / "model.h5").touch()
    assert refusal(where, spec) == message


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.npy").symlink_to(tmp_path / "x.npy")
    message = refusal(tmp_path / "x.npy", "x=None")
    assert message in (
        "There is no file 'x.npy'. Did you mean 'x.npy'?",
        "Cannot read 'x.npy': Too many levels of symbolic links.",
    )


def test_an_npy_through_stdin_is_streamed_and_read_once() -> None:
    streamed = feed("-", "x=None,2", stdin=npy(ROWS))
    assert streamed.rows == 2
    assert [batch["x"].tolist() for batch in streamed.batches(1)] == [[[1.0, 2.0]], [[3.0, 4.0]]]
    huge = npy(ROWS).replace(b"(2, 2), }          ", b"(2, 2000000000000)}")
    assert refusal("-", "x=None,None", stdin=huge).startswith("'stdin' is ")
    cut = npy(ROWS)[:-1]
    assert refusal("-", "x=None,2", stdin=cut) == (
        "'stdin' is cut off: its header says float64 [2, 2]."
    )


HOSTILE = {
    "x.npy": [b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f8' (", b"\x93NUMPY\x01\x00\x04\x00'''\n"],
    "x.csv": [b"x[99999999999999999999]\n1\n", b"x[1000000000]\n1\n", b"a\rb,c\n1,2\n", b'"a\n1\n'],
    "x.json": [b"[" * 1_000_000, b'{"x":' * 100_000, b"\xff", b'{"x": [{"b64": 5}]}'],
    "x.jsonl": [b"{", b'{"x": 1}\n[[[', b"\x00\n"],
    "x.npz": [b"PK\x05\x06" + bytes(18), b"PK\x03\x04"],
    "x.tfrecord": [b"\x1f\x8b\x08", b"\x00" * 11],
}


@pytest.mark.parametrize(("name", "data"), [(n, d) for n, datas in HOSTILE.items() for d in datas])
def test_hostile_content_is_one_line_from_a_file_and_from_stdin(
    tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    for spec in ("x=None,2", "x=None:string"):
        assert len(refusal(tmp_path / name, spec)) < 300
    assert len(refusal("-", "x=None,2", stdin=data)) < 300
