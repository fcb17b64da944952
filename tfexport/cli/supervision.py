"""Runs the rest of a command in a child process, so that a crash of TensorFlow is one line.

TensorFlow aborts the whole process on some hostile models, and Python cannot catch that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import click

from tfexport.errors import ExecutionError
from tfexport.runtime.orphans import die_with

_GRACE = 1.0  # seconds that an interrupted child has to clean up and report


def continue_in_child(clean_up: Callable[[int], None], what: str) -> None:
    """Return in a child process; the parent waits for it there and ends as it ended.

    Call it before any thread exists and before a library is opened. Where the child fails,
    ``clean_up`` is called with its process id; where it dies of a signal, ExecutionError says
    that ``what`` crashed TensorFlow. Where processes cannot be forked, the command goes on in
    this one.
    """
    if not hasattr(os, "fork"):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        die_with(parent, signal.SIGTERM)
        signal.signal(signal.SIGTERM, _interrupt)
        return
    code = _wait(child)
    if code != 0:
        # An interrupted child cleans up as well, but not in the moment that its files appear.
        clean_up(child)
    if code is None:
        raise KeyboardInterrupt
    if code < 0:
        raise _crash(-code, what)
    raise click.exceptions.Exit(code)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _wait(child: int) -> int | None:
    """The child's exit code, or minus the signal that ended it.

    None where it was told to end, did not in time, and was killed.
    """
    killed = False

    def forward(number: int, frame: object) -> None:
        os.kill(child, number)
        signal.setitimer(signal.ITIMER_REAL, _GRACE)

    # Ctrl-C reaches both processes; the child cleans up and reports, the parent only waits.
    def allow_time(number: int, frame: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, _GRACE)

    # Inside of a call of TensorFlow the child does not hear of it before the call is over.
    def kill(number: int, frame: object) -> None:
        nonlocal killed
        killed = True
        os.kill(child, signal.SIGKILL)

    handlers = {signal.SIGINT: allow_time, signal.SIGTERM: forward, signal.SIGALRM: kill}
    kept = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        _, status = os.waitpid(child, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in kept.items():
            signal.signal(number, handler)
    code = os.waitstatus_to_exitcode(status)
    return None if killed and code == -signal.SIGKILL else code


def _crash(number: int, what: str) -> BaseException:
    if number == signal.SIGINT:
        return KeyboardInterrupt()
    name = signal.Signals(number).name
    reason = ", perhaps out of memory" if number == signal.SIGKILL else ""
    return ExecutionError(f"TensorFlow crashed ({name}{reason}) while running {what}.")
