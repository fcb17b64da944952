"""Exports that are killed, and disks that are full: the old model stays, and nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tfexport.errors import DestinationError
from tfexport.exporting import leftovers
from tfexport.exporting.leftovers import make_hidden
from tfexport.exporting.publishing import Destination, staged


def run_module(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"tests.exporting.{name}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_exports_killed_at_random_moments_leave_the_old_model_whole(tmp_path: Path) -> None:
    done = run_module("killed_exports", str(tmp_path / "m"), "12")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    found = report["found"]
    assert found == sorted(found), "a number older than the last one is a model that came back"
    assert all(value <= number for number, value in enumerate(found))
    assert report["left"] == ["m"]


@pytest.mark.parametrize("options", [[], ["--no-exchange"]])
def test_publishing_killed_at_random_moments_leaves_a_whole_model(
    options: list[str], tmp_path: Path
) -> None:
    done = run_module("killed_publishing", str(tmp_path / "m"), "100", *options)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0, "some were published in time"


def test_an_export_that_is_still_running_keeps_its_directory(tmp_path: Path) -> None:
    with staged(Destination(tmp_path / "m")) as first:
        (first.directory / "saved_model.pb").write_text("first")
        with staged(Destination(tmp_path / "m")) as second:
            (second.directory / "saved_model.pb").write_text("second")
            second.publish()
        assert (first.directory / "saved_model.pb").read_text() == "first"
        with pytest.raises(DestinationError, match="exists already"):
            first.publish()
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert (tmp_path / "m" / "saved_model.pb").read_text() == "second"


def test_a_directory_that_another_export_takes_for_a_leftover_is_not_written_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clearing: list[tuple[Path, int]] = []

    def make_and_lose(parent: Path, name: str) -> Path:
        directory = make_hidden(parent, name)
        if not clearing:  # another process finds it now, before it is locked
            descriptor = os.open(directory, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            clearing.append((directory, descriptor))
        return directory

    monkeypatch.setattr(leftovers, "make_hidden", make_and_lose)
    with staged(Destination(tmp_path / "m")) as staging:
        ((lost, descriptor),) = clearing
        lost.rmdir()
        os.close(descriptor)
        (staging.directory / "saved_model.pb").write_text("new")
        staging.publish()
    assert (tmp_path / "m" / "saved_model.pb").read_text() == "new"


DISK_SCRIPT = """
import resource, signal, sys
from pathlib import Path
from tfexport.cli.main import run_command_line
from tfexport.exporting.starting import start_tensorflow
start_tensorflow()
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
arguments = ["models.custom_dense:CustomDense", "--arg", "500", "--arg", "500", "--spec", "1,500"]
sys.exit(run_command_line(["save", *arguments, "-q", "-f", "-o", sys.argv[1]]))
"""


def export(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DISK_SCRIPT, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, list[str], str]]:
    """A directory that takes no large model: a file system of 600 kB where one may be mounted.

    Elsewhere files that cannot grow. Gives the directory, what the script needs, and the reason.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tfexport-test", str(disk)]
    if shutil.which("mount") and subprocess.run(mount, capture_output=True).returncode == 0:
        yield disk, [], "No space left on device"
        subprocess.run(["umount", str(disk)], check=True)
    else:
        yield disk, ["200000"], "File too large"


@pytest.mark.skipif(sys.platform != "linux", reason="needs tmpfs or RLIMIT_FSIZE")
def test_a_full_disk_leaves_the_old_model_and_one_line(
    small_disk: tuple[Path, list[str], str],
) -> None:
    disk, limit, reason = small_disk
    (disk / "m").mkdir()
    (disk / "m" / "saved_model.pb").write_text("old")
    done = export(str(disk / "m"), *limit)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: Cannot write the SavedModel: {reason}. Nothing was changed.\n"
    assert [path.name for path in disk.iterdir()] == ["m"]
    assert (disk / "m" / "saved_model.pb").read_text() == "old"


def test_a_failure_while_publishing_is_one_line(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(DestinationError) as caught, staged(Destination(tmp_path / "m")) as staging:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            (staging.directory / "file").write_bytes(bytes(1000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == f"Cannot write {tmp_path / 'm'}: File too large."
    assert list(tmp_path.iterdir()) == []
