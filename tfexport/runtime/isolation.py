"""Runs tasks in child processes: a crash of TensorFlow ends the child only, and work is shared."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NoReturn, TypeVar

import tfexport.errors
from tfexport.errors import ExecutionError, TfexportError
from tfexport.runtime.orphans import die_with

_MOST_DETAIL = 1 << 16  # bytes of what the child wrote to stderr


class CrashError(ExecutionError):
    """The child process died of a signal, which is called ``signal_name``."""

    def __init__(self, signal_name: str, detail: str) -> None:
        super().__init__(f"TensorFlow crashed ({signal_name}).", detail=detail)
        self.signal_name = signal_name


Item = TypeVar("Item")


def map_isolated(
    function: Callable[[Item], Any], items: Sequence[Item], workers: int
) -> Iterator[Any]:
    """``function`` of each item, in their order, worked out by ``workers`` child processes.

    With one worker it is worked out here. Otherwise see run_isolated.
    """
    if workers < 2 or not hasattr(os, "fork"):
        yield from map(function, items)
        return
    children = [
        _Child(lambda start=start: [function(item) for item in items[start::workers]])  # type: ignore[misc]
        for start in range(workers)
    ]
    try:
        results = [child.result() for child in children]
    finally:
        for child in children:
            child.stop()
    for number in range(len(items)):
        yield results[number % workers][number // workers]


def run_isolated(task: Callable[[], Any]) -> Any:
    """What ``task`` gives, run in a child process; it has to be JSON: texts, numbers, lists, dicts.

    Call it before any thread exists and before TensorFlow's library is opened. Raises CrashError
    where the child dies of a signal, and the TfexportError that the task raised. Where processes
    cannot be forked, the task runs in this one.
    """
    if not hasattr(os, "fork"):
        return task()
    child = _Child(task)
    try:
        return child.result()
    finally:
        child.stop()


class _Child:
    """A child process that works on a task, and sends what comes out through a pipe."""

    def __init__(self, task: Callable[[], Any]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._reading, writing = os.pipe()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, closed by stop()
        parent = os.getpid()
        self._process = os.fork()
        if self._process == 0:
            os.close(self._reading)
            _work(task, writing, self._errors.fileno(), parent)
        os.close(writing)

    def result(self) -> Any:
        """Wait for what the task gives."""
        with os.fdopen(self._reading, "rb") as pipe:
            content = pipe.read()
        process, self._process = self._process, 0
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        return _unpack(content, status, self._errors)

    def stop(self) -> None:
        """End the child if it is still at work."""
        self._errors.close()
        if self._process:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
            self._process = 0


def _work(task: Callable[[], Any], writing: int, errors: int, parent: int) -> NoReturn:
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with(parent, signal.SIGKILL)
        os.dup2(errors, 2)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(_outcome(task)).encode())
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _outcome(task: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"result": task()}
    except TfexportError as error:
        return {"error": [type(error).__name__, str(error), error.detail]}


def _unpack(content: bytes, status: int, errors: IO[bytes]) -> Any:
    if status == 0:
        outcome = json.loads(content)
        if "error" in outcome:
            name, message, detail = outcome["error"]
            raise getattr(tfexport.errors, name, ExecutionError)(message, detail=detail)
        return outcome["result"]
    errors.seek(0)
    detail = errors.read(_MOST_DETAIL).decode(errors="replace")
    if status == -signal.SIGINT:
        raise KeyboardInterrupt
    if status < 0:
        raise CrashError(signal.Signals(-status).name, detail)
    raise RuntimeError(f"a child process failed:\n{detail}")
