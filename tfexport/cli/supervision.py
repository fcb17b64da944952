"""Runs the rest of a command in a child process, so that a crash of TensorFlow is one line.

TensorFlow aborts the whole process on some hostile models, and Python cannot catch that. Nor can an
exception safely leave the middle of its calls, so an interrupted child is not asked to unwind: it
ends where it is, and what it staged is removed by the parent.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import click

from tfexport.cli.progress import erase_bar
from tfexport.errors import ExecutionError
from tfexport.runtime.orphans import die_with

# Ctrl-C, kill, and a terminal that was closed; Windows has no such signal, and no fork either.
_ENDINGS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def continue_in_child(clean_up: Callable[[int], None], what: str) -> None:
    """Return in a child process; the parent waits for it there and ends as it ended.

    Call it before any thread exists and before a library is opened. Where the child fails,
    ``clean_up`` is called with its process id; where it dies of a signal, ExecutionError says
    that ``what`` crashed TensorFlow. Ctrl-C, SIGTERM and SIGHUP end the child at once, in the
    middle of whatever it does, and raise KeyboardInterrupt in the parent. Where processes cannot
    be forked, the command goes on in this one.
    """
    if not hasattr(os, "fork"):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    # Held back until both processes know what to do with them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    child = os.fork()
    if child == 0:
        _let_signals_end(clean_up, parent)
        return
    code = _wait(child)
    if code != 0:
        clean_up(child)
    if code < 0:
        erase_bar()
        raise _crash(-code, what)
    raise click.exceptions.Exit(code)


def _let_signals_end(clean_up: Callable[[int], None], parent: int) -> None:
    """End this process at Ctrl-C, and when ``parent`` is gone: then it cleans up itself."""
    if not _is_ignored(signal.SIGINT):
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def wait_for_the_end() -> NoReturn:
        signal.sigwait((signal.SIGTERM,))
        clean_up(os.getpid())
        os._exit(1)

    # SIGTERM stays blocked, in the threads of TensorFlow too. A handler in Python would not be
    # called before a call of TensorFlow is over, and some never are.
    die_with(parent, signal.SIGTERM)
    threading.Thread(target=wait_for_the_end, daemon=True, name="wait-for-the-end").start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, set(_ENDINGS) - {signal.SIGTERM})


def _wait(child: int) -> int:
    """The child's exit code, or minus the signal that ended it: SIGINT if this process was told."""
    told = False

    # Ctrl-C in a terminal reaches the child too; a signal to this process alone does not.
    def end(number: int, frame: object) -> None:
        nonlocal told
        told = True
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    heard = [number for number in _ENDINGS if not _is_ignored(number)]
    for number in heard:
        signal.signal(number, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    _, status = os.waitpid(child, 0)
    for number in heard:  # a second Ctrl-C must not end the cleaning up, which comes next
        signal.signal(number, signal.SIG_IGN)
    code = os.waitstatus_to_exitcode(status)
    return -signal.SIGINT if told and code < 0 else code


def _is_ignored(number: signal.Signals) -> bool:
    # As it is for what a shell script starts in the background.
    return signal.getsignal(number) is signal.SIG_IGN


def _crash(number: int, what: str) -> BaseException:
    if number in _ENDINGS:
        return KeyboardInterrupt()
    name = signal.Signals(number).name
    reason = ", perhaps out of memory" if number == signal.SIGKILL else ""
    return ExecutionError(f"TensorFlow crashed ({name}{reason}) while running {what}.")
