"""Programs are known by what is in a file, not by what it is called."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tfexport.checking.contents import recognise_program


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "x")
    return content.getvalue()


def saved_array(array: object, **options: bool) -> bytes:
    content = io.BytesIO()
    np.save(content, array, **options)  # type: ignore[arg-type]
    return content.getvalue()


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must never run",)


PROGRAMS = {
    "an executable or shared library (ELF)": [b"\x7fELF\x02\x01\x01"],
    "an executable or shared library (Windows)": [b"MZ\x90\x00"],
    "an executable or shared library (macOS)": [b"\xcf\xfa\xed\xfe\x07", b"\xfe\xed\xfa\xce"],
    "a script": [b"#!/bin/sh\nrm -rf /\n"],
    "a WebAssembly program": [b"\0asm\x01"],
    "a pickle, which runs code when it is loaded": [
        pickle.dumps(Harmful(), protocol) for protocol in range(6)
    ],
    "an array of Python objects, a pickle, which runs code when it is loaded": [
        saved_array(np.array([{}], object), allow_pickle=True)
    ],
    "an archive with a pickle in it, which runs code when it is loaded": [
        zipped("archive/data.pkl")
    ],
}


@pytest.mark.parametrize(
    ("kind", "content"),
    [(kind, content) for kind, contents in PROGRAMS.items() for content in contents],
)
def test_a_program_is_recognised(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(content)
    assert recognise_program(path) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"the\nof\nand\n",
        b"(a) first\n(b) second\n.\n",
        b"c\nb\na\n.",
        b"]\n}\n)\n",
        b"\x80",
        b"PK\x03\x04 not a zip",
        zipped("arrays/x.npy"),
        saved_array(np.zeros(3)),
        bytes(range(256)) * 10,
    ],
)
def test_anything_else_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert recognise_program(path) is None


@pytest.mark.parametrize(("name", "kind"), [("x.py", "Python code"), ("x.PYC", "Python bytecode")])
def test_some_are_known_by_their_name(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x = 1\n")
    assert recognise_program(tmp_path / name) == kind


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert recognise_program(tmp_path / "absent") is None
