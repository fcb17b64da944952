"""Ctrl-C, SIGTERM and a parent that is gone: the end comes at once, and nothing is left behind."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.processes import children_of, cpu_seconds, ends, run_process

SavedModel = Callable[[str], Path]

ROWS = 2_000_000
STREAM = ["run", "custom_dense", "-i", "large.npy", "--batch-size", 2, "-o", "out.npz"]
INTERRUPTED = (130, "", "Error: Interrupted.\n")


@pytest.fixture
def folder(saved_model: SavedModel, tmp_path: Path) -> Path:
    """A folder with a SavedModel in it, and input that takes minutes to stream through it."""
    (tmp_path / "custom_dense").symlink_to(saved_model("custom_dense"))
    np.lib.format.open_memmap(tmp_path / "large.npy", "w+", np.float32, (ROWS, 5)).flush()
    return tmp_path


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel of which a call never ends."""
    import tensorflow as tf

    directory = tmp_path_factory.mktemp("endless") / "model"
    module = tf.Module()
    module.call = tf.function(
        lambda x: tf.while_loop(lambda y: tf.reduce_all(y > 0.0), lambda y: [y + 1.0], [x])[0],
        input_signature=[tf.TensorSpec([None], name="x")],
    )
    tf.saved_model.save(module, str(directory), module.call.get_concrete_function())
    return directory


def left_behind(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} - {"custom_dense", "large.npy"}


def wait_for_staging(folder: Path) -> None:
    while not any(name.startswith(".tfexport-") for name in left_behind(folder)):
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whom", ["the process", "its group"])
def test_an_interrupted_run_leaves_nothing_behind(
    folder: Path, number: signal.Signals, whom: str
) -> None:
    process = run_process(*STREAM, cwd=folder, start_new_session=True)
    wait_for_staging(folder)
    if whom == "its group":  # as Ctrl-C in a terminal does
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    stdout, stderr = process.communicate(timeout=10)
    assert (process.returncode, stdout, stderr) == INTERRUPTED
    assert left_behind(folder) == set()


@pytest.mark.parametrize("seed", range(8))
def test_an_interruption_at_any_moment_is_one_line_and_a_whole_file_or_none(
    folder: Path, seed: int
) -> None:
    np.save(folder / "large.npy", np.zeros((20_000, 5), np.float32))
    process = run_process(*STREAM, cwd=folder, start_new_session=True)
    wait_for_python(process.pid)
    time.sleep(random.Random(seed).uniform(0, 1.5))
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=10)
    if process.returncode == 0:
        assert stderr == ""
    else:
        assert (process.returncode, stdout, stderr) == INTERRUPTED
    if left_behind(folder):
        assert left_behind(folder) == {"out.npz"}
        assert np.load(folder / "out.npz")["output_0"].shape == (20_000, 3)


def wait_for_python(process: int) -> None:
    """Wait until it has forked: before that it is Python itself that is interrupted."""
    while not children_of(process):
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_call_that_never_ends_is_interrupted_all_the_same(
    endless: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = run_process("run", endless, "-i", "[1]", "-o", "out.npy", cwd=tmp_path)
    wait_for_call(process.pid)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=10)
    assert (process.returncode, stdout, stderr) == INTERRUPTED
    assert left_behind(tmp_path) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_the_end_of_the_parent_ends_a_call_that_never_ends(endless: Path, tmp_path: Path) -> None:
    process = run_process("run", endless, "-i", "[1]", "-o", "out.npy", cwd=tmp_path)
    (child,) = wait_for_call(process.pid)
    process.kill()
    assert ends(child)
    process.communicate(timeout=10)
    assert left_behind(tmp_path) == set()


def wait_for_call(process: int) -> list[int]:
    """Wait until its child has used more time than loading the model takes; gives the child."""
    while not any(cpu_seconds(child) > 3 for child in children_of(process)):
        time.sleep(0.02)
    return children_of(process)


def test_an_interruption_that_was_ignored_from_the_start_stays_ignored(folder: Path) -> None:
    np.save(folder / "large.npy", np.zeros((2_000, 5), np.float32))
    process = run_process(  # as a shell script starts what ends with &
        *STREAM,
        cwd=folder,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    wait_for_python(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert left_behind(folder) == {"out.npz"}


def test_ctrl_c_in_a_terminal_erases_the_bar_and_shows_the_cursor(folder: Path) -> None:
    keyboard, terminal = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    process = run_process(
        *STREAM,
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(terminal)
    screen = b""
    while b"rows/s" not in screen:
        screen += os.read(keyboard, 1 << 16)
    assert b"\033[?25l" in screen  # click hides the cursor
    os.write(keyboard, b"\x03")
    assert process.wait(timeout=10) == 130
    os.set_blocking(keyboard, False)
    screen += os.read(keyboard, 1 << 16)
    os.close(keyboard)
    shown, _, rest = screen.rpartition(b"\r\033[K\033[?25h")
    assert b"rows/s" in shown
    assert rest.decode().replace("\r", "") == "\033[31m\033[1mError:\033[0m Interrupted.\n"
    assert left_behind(folder) == set()


def test_ctrl_c_while_the_command_line_is_imported_is_one_line_too() -> None:
    code = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from tfexport.__main__ import main
main()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (found.returncode, found.stdout, found.stderr) == INTERRUPTED
