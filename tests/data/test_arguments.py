from __future__ import annotations

from pathlib import Path

import pytest

from tfexport.data.arguments import parse_input
from tfexport.errors import InputDataError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.npy", (None, "x.npy")),
        ("-", (None, "-")),
        ("x=x.npy", ("x", "x.npy")),
        ("x=-", ("x", "-")),
        ("x=[[1, 2]]", ("x", "[[1, 2]]")),
        ("x=a=b.npy", ("x", "a=b.npy")),
        ("x:0=a.npy", ("x:0", "a.npy")),
        ("a/b=c.npy", ("a/b", "c.npy")),
        ("runs/lr=3/x.npy", (None, "runs/lr=3/x.npy")),
        ("./lr=3.npy", (None, "./lr=3.npy")),
        ('{"x": "a=b"}', (None, '{"x": "a=b"}')),
        ('["a=b"]', (None, '["a=b"]')),
        ('"a=b"', (None, '"a=b"')),
        ("x=1=a.npy", ("x=1", "a.npy")),
    ],
)
def test_a_name_is_told_from_the_place(text: str, expected: tuple[str | None, str]) -> None:
    assert parse_input(text, ["x", "x:0", "x=1", "a/b"]) == expected


def test_a_file_that_exists_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lr=3.npy").touch()
    Path("day=1").mkdir()
    Path("day=1/a.csv").touch()
    assert parse_input("lr=3.npy", ["x"]) == (None, "lr=3.npy")
    assert parse_input("day=*/*.csv", ["x"]) == (None, "day=*/*.csv")


@pytest.mark.parametrize(
    ("text", "names", "message"),
    [
        (
            "imagse=a.npy",
            ["images", "mask"],
            "--input imagse=a.npy: There is no input 'imagse'. The signature has: images, mask. "
            "Did you mean 'images'?",
        ),
        ("y=a.npy", ["x"], "--input y=a.npy: There is no input 'y'. The signature has: x."),
        ("y=a.npy", [], "--input y=a.npy: There is no input 'y'. The signature takes none."),
        (
            "x=",
            ["x"],
            "--input 'x=' says no place. Expected [NAME=]WHERE, as in 'x=x.npy' or 'x=[1, 2]'.",
        ),
        (
            "",
            ["x"],
            "--input '' says no place. Expected [NAME=]WHERE, as in 'x=x.npy' or 'x=[1, 2]'.",
        ),
    ],
)
def test_a_name_that_is_no_input_is_refused(text: str, names: list[str], message: str) -> None:
    with pytest.raises(InputDataError) as caught:
        parse_input(text, names)
    assert str(caught.value) == message
