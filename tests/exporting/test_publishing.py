"""Destinations: what may be replaced, versions that never collide, links, parents."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tfexport.errors import DestinationError
from tfexport.exporting.publishing import Destination, check_destination, staged


def publish(destination: Destination, text: str = "new") -> Path:
    with staged(destination) as staging:
        (staging.directory / "saved_model.pb").write_text(text)
        return staging.publish()


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_missing_parents_are_made(tmp_path: Path) -> None:
    assert publish(Destination(tmp_path / "a" / "b" / "m")) == tmp_path / "a" / "b" / "m"


def test_parents_that_were_made_go_away_with_a_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyError), staged(Destination(tmp_path / "a" / "b" / "m")):
        raise KeyError
    assert names(tmp_path) == []


def test_an_empty_directory_is_taken_without_force(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    publish(Destination(tmp_path / "m"))
    assert names(tmp_path / "m") == ["saved_model.pb"]


def test_a_relative_destination_is_as_the_user_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert publish(Destination(Path("m"))) == Path("m")


def test_force_replaces_what_a_link_points_at(tmp_path: Path) -> None:
    publish(Destination(tmp_path / "v1"), "old")
    (tmp_path / "current").symlink_to("v1")
    publish(Destination(tmp_path / "current", force=True))
    assert (tmp_path / "current").is_symlink()
    assert (tmp_path / "v1" / "saved_model.pb").read_text() == "new"
    assert names(tmp_path) == ["current", "v1"]


def test_a_name_with_the_characters_of_a_pattern_is_no_pattern(tmp_path: Path) -> None:
    for name in ("m[1]", "m*", ".hidden"):
        publish(Destination(tmp_path / name))
        publish(Destination(tmp_path / name, force=True))
    assert names(tmp_path) == [".hidden", "m*", "m[1]"]


DESTINATION_ERRORS = {
    "a file": ("file", "{path} is a file. Give a directory with -o."),
    "below a file": ("file/m", "{parent} is a file: {path} cannot be made in it."),
    "full": (
        "full",
        "{path} is no SavedModel, so it is not replaced. "
        "Choose another with -o, or remove it yourself.",
    ),
    "a SavedModel": (
        "saved",
        "{path} exists already. Replace it with --force, or choose another with -o.",
    ),
    "a dangling link": ("dangling", "{path} is a file. Give a directory with -o."),
}


@pytest.mark.parametrize(("name", "message"), DESTINATION_ERRORS.values(), ids=DESTINATION_ERRORS)
def test_what_cannot_be_published_is_told_early(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    publish(Destination(tmp_path / "saved"))
    (tmp_path / "dangling").symlink_to("nowhere")
    path = tmp_path / name
    with pytest.raises(DestinationError) as caught:
        check_destination(Destination(path))
    assert str(caught.value) == message.format(path=path, parent=path.parent)


@pytest.mark.parametrize("name", ["models/__init__.py", "models/1/saved_model.pb"])
def test_force_replaces_nothing_but_a_saved_model(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    with pytest.raises(DestinationError) as caught:
        publish(Destination(tmp_path / "models", force=True))
    assert str(caught.value) == (
        f"{tmp_path / 'models'} is no SavedModel, so it is not replaced. "
        "Choose another with -o, or remove it yourself."
    )
    assert (tmp_path / name).exists()
    assert names(tmp_path) == ["models"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DestinationError) as caught:
        publish(Destination(tmp_path / "m"))
    assert str(caught.value) == f"Cannot write {tmp_path / 'm'}: Permission denied."


def test_versions_are_counted_from_the_highest_number(tmp_path: Path) -> None:
    destination = Destination(tmp_path / "dense", versions=True)
    assert publish(destination) == tmp_path / "dense" / "1"
    (tmp_path / "dense" / "0041").mkdir()
    (tmp_path / "dense" / "notes").mkdir()
    assert publish(destination) == tmp_path / "dense" / "42"
    assert names(tmp_path / "dense") == ["0041", "1", "42", "notes"]


def test_a_saved_model_is_no_directory_of_versions(tmp_path: Path) -> None:
    publish(Destination(tmp_path / "m"))
    with pytest.raises(DestinationError) as caught:
        check_destination(Destination(tmp_path / "m", versions=True))
    assert str(caught.value) == (
        f"{tmp_path / 'm'} is a SavedModel itself, not a directory of versions. "
        "Choose another with -o, or leave out --next-version."
    )


def publish_versions(directory: str) -> list[str]:
    destination = Destination(Path(directory), versions=True)
    return [publish(destination, str(os.getpid())).name for _ in range(20)]


def test_exports_at_the_same_moment_get_versions_of_their_own(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        published = list(pool.map(publish_versions, [str(tmp_path / "m")] * 4))
    numbers = [int(number) for process in published for number in process]
    assert sorted(numbers) == list(range(1, 81))
    assert sorted(map(int, names(tmp_path / "m"))) == list(range(1, 81))
