"""Nothing is half written, and nothing is overwritten that the user did not mean."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from tfexport.data.sinks import Sink
from tfexport.data.staging import remove_staging
from tfexport.data.writing import open_sink
from tfexport.errors import DestinationError
from tfexport.spec import parse_spec

SPECS = [parse_spec("y=None")]
BATCH = {"y": np.ones(2, np.float32)}
NAMES = ["o.npy", "o.npz", "o.json", "o.jsonl", "o.csv", "o.parquet", "folder"]


def sink(path: Path, *, force: bool = False) -> Sink:
    return open_sink(path, SPECS, with_rows={"y"}, force=force)


def refusal(path: Path | str, *, force: bool = False) -> str:
    with pytest.raises(DestinationError) as caught, sink(Path(path), force=force) as opened:
        opened.write(BATCH)
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing_behind(
    tmp_path: Path, name: str, error: type[BaseException]
) -> None:
    with pytest.raises(error), sink(tmp_path / name) as opened:
        opened.write(BATCH)
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_destination_appears_only_at_the_end(tmp_path: Path, name: str) -> None:
    with sink(tmp_path / name) as opened:
        opened.write(BATCH)
        assert not (tmp_path / name).exists()
        opened.write(BATCH)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_what_exists_is_replaced_only_with_force(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for number in (1, 2):
        with sink(path, force=number == 2) as opened:
            opened.write({"y": np.full(3, number, np.float32)})
    files = [path] if path.is_file() else list(path.iterdir())
    assert len(files) == 1
    before = files[0].read_bytes()
    assert refusal(path) == f"'{path}' exists already. Replace it with --force."
    assert files[0].read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_what_exists_is_kept_when_the_run_that_would_replace_it_fails(tmp_path: Path) -> None:
    for name in ("o.npy", "folder"):
        with sink(tmp_path / name) as opened:
            opened.write(BATCH)
    with pytest.raises(KeyboardInterrupt), sink(tmp_path / "o.npy", force=True):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), sink(tmp_path / "folder", force=True) as opened:
        opened.write(BATCH)
        raise KeyboardInterrupt
    assert np.load(tmp_path / "o.npy").tolist() == [1, 1]
    assert np.load(tmp_path / "folder" / "y.npy").tolist() == [1, 1]


def test_a_file_that_appears_during_the_run_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "o.npy"
    with pytest.raises(DestinationError, match="exists already"), sink(path) as opened:
        opened.write(BATCH)
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"
    assert [entry.name for entry in tmp_path.iterdir()] == ["o.npy"]


def test_a_folder_with_other_files_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with sink(folder) as opened:  # an empty one may be filled
        opened.write(BATCH)
    (folder / "thesis.txt").write_text("precious")
    assert refusal(folder, force=True) == (
        f"'{folder}' holds more than .npy files ('thesis.txt'), so it is not replaced. "
        "Choose another folder."
    )
    assert (folder / "thesis.txt").read_text() == "precious"
    (folder / "thesis.txt").unlink()
    (folder / "sub.npy").mkdir()
    assert "('sub.npy')" in refusal(folder, force=True)


def test_files_and_folders_do_not_replace_each_other(tmp_path: Path) -> None:
    (tmp_path / "o.npy").mkdir()
    (tmp_path / "o").write_text("a file")
    assert refusal(tmp_path / "o.npy", force=True) == (
        f"'{tmp_path}/o.npy' is a folder, and a file is to be written there."
    )
    assert refusal(tmp_path / "o", force=True) == (
        f"'{tmp_path}/o' is a file, and a folder is to be written there."
    )


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no" / "o.npy") == (
        f"There is no folder '{tmp_path}/no' to write 'o.npy' in. "
        f"Make it first: mkdir -p {tmp_path}/no"
    )


def test_an_unknown_suffix_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "o.xlsx") == (
        f"'{tmp_path}/o.xlsx' is of no known format. "
        "Known are: .npy, .npz, .json, .jsonl, .csv, .parquet, and a folder (without suffix)."
    )


def test_a_slash_means_a_folder(tmp_path: Path) -> None:
    with open_sink(f"{tmp_path}/o.v1/", SPECS) as opened:
        opened.write(BATCH)
    assert np.load(tmp_path / "o.v1" / "y.npy").tolist() == [1, 1]


def test_a_path_without_a_folder_is_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_sink("o.npy", SPECS) as opened:
        opened.write(BATCH)
    assert [path.name for path in tmp_path.iterdir()] == ["o.npy"]


def test_the_usual_permissions_are_given(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for name in NAMES:
            with sink(tmp_path / name) as opened:
                opened.write(BATCH)
    finally:
        os.umask(before)
    for name in NAMES:
        mode = stat.S_IMODE((tmp_path / name).stat().st_mode)
        assert mode == (0o755 if name == "folder" else 0o644)


def test_a_full_disk_is_one_line() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    from tfexport.data.staging import failures_reported

    with (
        pytest.raises(DestinationError) as caught,
        failures_reported(Path("o.npy")),
        full.open("wb") as stream,
    ):
        stream.write(b"x" * 100_000)
    assert str(caught.value) == "Cannot write 'o.npy': No space left on device."


def test_a_replaced_folder_comes_back_when_the_new_one_cannot_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    with sink(folder) as opened:
        opened.write(BATCH)
    rename = Path.rename

    def fail_for_the_new_one(path: Path, target: Path) -> Path:
        if target == folder and path.name != "replaced":
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    assert refusal(folder, force=True) == f"Cannot write '{folder}': No space left on device."
    assert np.load(folder / "y.npy").tolist() == [1, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("moved", [False, True])
def test_a_process_that_died_while_it_replaced_a_folder_loses_neither(
    tmp_path: Path, moved: bool
) -> None:
    folder = tmp_path / "folder"
    with sink(folder) as opened:
        opened.write(BATCH)
    staging = tmp_path / ".tfexport-123-abc"
    staging.mkdir()
    if moved:  # killed between its two renames
        folder.rename(staging / "replaced")
    remove_staging(folder, 123)
    assert np.load(folder / "y.npy").tolist() == [1, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
