"""Targets: what their forms mean, and how what they name is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfexport.errors import UserCodeError
from tfexport.exporting.target import find_source, find_target, parse_target


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def test_a_module_in_the_current_directory_is_importable() -> None:
    write("here_a.py", "VALUE = 1\n")
    assert find_target(parse_target("here_a:VALUE")) == 1


def test_a_dotted_attribute_is_followed() -> None:
    write("here_b.py", "class Outer:\n    class Inner:\n        value = 2\n")
    target = parse_target("here_b:Outer.Inner.value")
    assert (target.name, find_target(target)) == ("value", 2)


def test_a_file_can_import_what_lies_beside_it() -> None:
    write("elsewhere/one_c.py", "from two_c import VALUE\n")
    write("elsewhere/two_c.py", "VALUE = 3\n")
    assert find_target(parse_target("elsewhere/one_c.py:VALUE")) == 3


def test_a_file_in_a_package_can_import_relatively() -> None:
    write("src/package_d/__init__.py", "")
    write("src/package_d/inner/__init__.py", "")
    write("src/package_d/inner/one.py", "from ..two import VALUE\n")
    write("src/package_d/two.py", "VALUE = 4\n")
    target = parse_target("src/package_d/inner/one.py:VALUE")
    assert (target.module, find_target(target)) == ("package_d.inner.one", 4)


def test_a_file_may_have_the_name_of_a_module_that_is_loaded() -> None:
    write("mine/json.py", "VALUE = 5\n")
    assert find_target(parse_target("mine/json.py:VALUE")) == 5
    import json

    assert not hasattr(json, "VALUE")


def test_two_files_of_one_name_are_two_modules() -> None:
    write("first/model_e.py", "VALUE = 6\n")
    write("second/model_e.py", "VALUE = 7\n")
    assert find_target(parse_target("first/model_e.py:VALUE")) == 6
    assert find_target(parse_target("second/model_e.py:VALUE")) == 7


def test_a_dot_in_the_name_of_a_file_is_no_package() -> None:
    write("scorer.v2.py", "VALUE = 8\n")
    target = parse_target("./scorer.v2.py:VALUE")
    assert (target.module, find_target(target)) == ("scorer_v2", 8)


def test_a_missing_import_inside_a_package_of_the_same_name_is_the_users_error() -> None:
    write("package_f/__init__.py", "import package_f_missing\n")
    with pytest.raises(UserCodeError, match="No module named 'package_f_missing'"):
        find_target(parse_target("package_f:VALUE"))


SOURCES = {
    "a class of the file itself": ("here_g:Own", "here_g.py"),
    "a class that is passed on": ("here_g:Other", "other_g.py"),
    "a factory of a class of a library": ("here_g:make", "here_g.py"),
    "an instance of a class of a library": ("here_g:INSTANCE", "here_g.py"),
    "a class of a library": ("here_g:Thread", "here_g.py"),
    "an instance in a file": ("here_g.py:INSTANCE", "here_g.py"),
}


@pytest.mark.parametrize(("text", "file"), SOURCES.values(), ids=SOURCES)
def test_the_source_is_the_users_own_file(text: str, file: str, tmp_path: Path) -> None:
    write("other_g.py", "class Other:\n    pass\n")
    write(
        "here_g.py",
        "from threading import Thread\nfrom other_g import Other\n\n"
        "INSTANCE = Thread()\nmake = lambda: Thread()\n\n\nclass Own:\n    pass\n",
    )
    target = parse_target(text)
    assert find_source(target, find_target(target)) == tmp_path / file
