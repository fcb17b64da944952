"""Reading ahead and writing behind keep the order, and carry errors to where they belong."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tfexport.runtime.streaming import read_ahead, write_behind


def test_items_arrive_in_order() -> None:
    assert list(read_ahead(range(1000))) == list(range(1000))


def test_the_source_runs_ahead_of_its_reader_by_a_bounded_number() -> None:
    drawn: list[int] = []
    ready = threading.Event()

    def source() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            if len(drawn) == 4:  # one in hand, two waiting, one that waits for a place
                ready.set()
            yield number

    items = read_ahead(source())
    assert next(items) == 0
    assert ready.wait(10)
    assert len(drawn) <= 4


def test_an_error_of_the_source_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("row 2")

    items = read_ahead(source())
    assert next(items) == 1
    with pytest.raises(ValueError, match="row 2"):
        next(items)


def test_a_reader_that_stops_ends_the_thread() -> None:
    items = read_ahead(iter(int, 1))
    next(items)
    items.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name == "read-ahead":
            thread.join(10)
            assert not thread.is_alive()


def test_everything_is_written_in_order_when_the_block_ends() -> None:
    written: list[int] = []
    with write_behind(written.append) as write:
        for number in range(1000):
            write(number)
    assert written == list(range(1000))


def test_an_error_while_writing_is_raised() -> None:
    def fail(item: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), write_behind(fail) as write:
        for number in range(10):
            write(number)


def test_an_error_of_the_block_leaves_no_thread_behind() -> None:
    written: list[int] = []
    with pytest.raises(KeyboardInterrupt), write_behind(written.append) as write:
        write(1)
        raise KeyboardInterrupt
    assert written == [1]
    assert not any(thread.name == "write-behind" for thread in threading.enumerate())
