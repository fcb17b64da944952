from __future__ import annotations

from pathlib import Path

from tests.data.feeds import feed, refusal


def test_a_line_is_an_instance_and_its_bytes_are_kept(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_bytes(b"one\r\n\n\xff two \nlast")
    expected = [b"one", b"", b"\xff two ", b"last"]
    assert feed(tmp_path / "d.txt", "x=None:string").read()["x"].tolist() == expected
    batches = [
        batch["x"].tolist() for batch in feed(tmp_path / "d.txt", "x=None:string").batches(3)
    ]
    assert batches == [expected[:3], expected[3:]]
    column = feed(tmp_path / "d.txt", "x=None,1:string").read()["x"]
    assert column.tolist() == [[text] for text in expected]


def test_one_line_is_a_scalar(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("hello world\n")
    assert feed(tmp_path / "d.txt", "x=scalar:string").read()["x"].tolist() == b"hello world"


def test_lines_are_no_numbers(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("1\n")
    assert refusal(tmp_path / "d.txt", "x=None") == (
        "'d.txt' holds lines of text, and input 'x' takes float32 [?]. "
        "Numbers are read from .npy, .json, .csv and others."
    )


def test_a_file_without_lines_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "d.txt").touch()
    assert refusal(tmp_path / "d.txt", "x=None:string") == "'d.txt' has no rows."
