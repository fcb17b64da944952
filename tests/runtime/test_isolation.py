"""Child processes give what their task gives, and end alone when they crash.

Each test runs in a process of its own: pytest's has threads, in which forking is not safe.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.conftest import ROOT
from tests.processes import ends

_HEAD = "from tfexport.runtime.isolation import CrashError, map_isolated, run_isolated\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _HEAD + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )


def test_a_result_comes_back() -> None:
    found = run(
        """
        import os
        result = run_isolated(lambda: {"a": [1, None, "\\u202e"], "process": os.getpid()})
        print(result["a"] == [1, None, "\\u202e"], result["process"] != os.getpid())
        """
    )
    assert (found.stdout, found.stderr) == ("True True\n", "")


def test_a_large_result_comes_back() -> None:
    found = run("print(len(run_isolated(lambda: 'x' * 5_000_000)))")
    assert found.stdout == "5000000\n"


def test_an_error_of_ours_keeps_its_kind_and_message() -> None:
    found = run(
        """
        from tfexport.errors import InputDataError
        def task():
            raise InputDataError("It does not fit.", detail="because")
        try:
            run_isolated(task)
        except InputDataError as error:
            print(type(error).__name__, error, error.detail)
        """
    )
    assert found.stdout == "InputDataError It does not fit. because\n"


def test_a_bug_keeps_its_traceback() -> None:
    found = run("run_isolated(lambda: 1 / 0)")
    assert found.returncode == 1
    assert "RuntimeError: a child process failed" in found.stderr
    assert "ZeroDivisionError: division by zero" in found.stderr


def test_a_crash_is_an_error_with_what_was_written_to_stderr() -> None:
    found = run(
        """
        import os
        def task():
            os.write(2, b"Check failed: x == y")
            os.abort()
        try:
            run_isolated(task)
        except CrashError as error:
            print(error, error.signal_name, error.exit_code, "Check failed: x == y" in error.detail)
        """
    )
    assert (found.stdout, found.stderr) == ("TensorFlow crashed (SIGABRT). SIGABRT 5 True\n", "")


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_work_is_shared_and_comes_back_in_order(workers: int) -> None:
    found = run(f"print(list(map_isolated(lambda n: n * n, list(range(7)), {workers})))")
    assert found.stdout == "[0, 1, 4, 9, 16, 25, 36]\n"


def test_ctrl_c_ends_the_child_too() -> None:
    code = """
        import os, time
        def task():
            print(os.getpid(), flush=True)
            time.sleep(60)
        run_isolated(task)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _HEAD + textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) != 0
    assert ends(child)


def test_the_child_ends_with_its_parent() -> None:
    code = """
        import os, time
        def task():
            print(os.getpid(), flush=True)
            time.sleep(60)
        run_isolated(task)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _HEAD + textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait(timeout=30)
    if sys.platform == "linux":
        assert ends(child)
    else:
        os.kill(child, signal.SIGKILL)
