"""Lets reading, running and writing overlap: each in its own thread, a few batches apart."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

_DEPTH = 2  # batches in flight between two stages: enough to overlap, and memory stays flat


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, drawn in a thread of their own while the caller works on earlier ones.

    An error of the source is raised where its item would have been.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(_DEPTH)
    stopped = threading.Event()

    def draw() -> None:
        end = _End()
        try:
            for item in items:
                if not _offer(waiting, item, stopped):
                    return
        except BaseException as error:
            end = _End(error)
        _offer(waiting, end, stopped)

    threading.Thread(target=draw, daemon=True, name="read-ahead").start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()


@contextmanager
def write_behind(write: Callable[[Item], None]) -> Iterator[Callable[[Item], None]]:
    """A stand-in for ``write`` that returns at once and writes in a thread of its own, in order.

    The block ends when everything is written. An error of ``write`` is raised by the next call,
    or at the end of the block.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(_DEPTH)
    failed: list[BaseException] = []
    stopped = threading.Event()

    def drain() -> None:
        try:
            while not isinstance(item := waiting.get(), _End):
                write(item)
        except BaseException as error:
            failed.append(error)
            stopped.set()

    def put(item: Item) -> None:
        if not _offer(waiting, item, stopped):
            raise failed[0]

    thread = threading.Thread(target=drain, daemon=True, name="write-behind")
    thread.start()
    try:
        yield put
    finally:
        # Whatever happened, no thread may still be writing once the block is left.
        _offer(waiting, _End(), stopped)
        thread.join()
    if failed:
        raise failed[0]


def _offer(waiting: queue.Queue[Item | _End], item: Item | _End, stopped: threading.Event) -> bool:
    while not stopped.is_set():
        try:
            waiting.put(item, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False
