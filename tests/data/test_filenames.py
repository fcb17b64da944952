from __future__ import annotations

from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from tfexport.data.filenames import name_files, name_members


def test_plain_names_stay_as_they_are() -> None:
    names = ["output_0", "scores", "größe", "a-b.c", "x[0]", "two words"]
    assert name_files(names) == {name: name for name in names}
    assert name_members([*names, "a/b", "out:0"])["a/b"] == "a/b"


def test_unsafe_names_are_quoted() -> None:
    assert name_files(["../up", "a/b", "", ".", "nul\0", "100%"]) == {
        "../up": "%2E.%2Fup",
        "a/b": "a%2Fb",
        "": "%",
        ".": "%2E",
        "nul\0": "nul%00",
        "100%": "100%25",
    }
    assert name_members(["../up", "/etc/passwd", "a//b", "a/../b"]) == {
        "../up": "%2E./up",
        "/etc/passwd": "%/etc/passwd",
        "a//b": "a/%/b",
        "a/../b": "a/%2E./b",
    }


def test_long_names_and_names_that_differ_in_case_end_in_a_hash() -> None:
    files = name_files(["a", "A", "x" * 300, "x" * 299 + "y", "ü" * 150])
    assert files["a"] == "a"
    assert files["A"].startswith("A-")
    assert len({file.casefold() for file in files.values()}) == 5
    assert all(len(file.encode()) <= 220 for file in files.values())


@given(st.lists(st.text(max_size=20), unique=True, max_size=8))
def test_every_name_is_one_safe_file_of_its_own(names: list[str]) -> None:
    files = list(name_files(names).values())
    assert len({file.casefold() for file in files}) == len(names)
    for file in files:
        assert file
        assert not file.startswith(".")
        assert not set(file) & set('/\\\0:*?"<>|\n')
    members = list(name_members(names).values())
    assert len(set(members)) == len(names)
    for member in members:
        assert not set(member.split("/")) & {"", ".", ".."}
        assert not set(member) & set("\\\0\n")


@given(st.text(max_size=20))
def test_a_quoted_name_can_be_unquoted(name: str) -> None:
    file = name_files([name])[name]
    assert file == "%" or unquote(file, errors="surrogatepass") == name
