"""Puts Ctrl-C off while calls of the C library are prepared, made and their outputs taken."""

from __future__ import annotations

import signal
import threading
from types import FrameType


class InterruptsDeferred:
    """A block in which Ctrl-C raises nothing; what came is raised at its end.

    TensorFlow calls back to give memory up, and ctypes swallows what is raised in a callback: a
    KeyboardInterrupt that Python raises there would be lost, and so would the tensors of a call
    that it ends half-way. It costs nobody time: a call of C ends when it ends.

    >>> with InterruptsDeferred():
    ...     pass
    """

    def __enter__(self) -> None:
        self._came: tuple[int, FrameType | None] | None = None
        self._handler = None
        # Python handles signals in the main thread alone, and lets no other set a handler.
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._note)

    def __exit__(self, *error: object) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            if self._came is not None:
                self._handler(*self._came)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = number, frame
