"""Publishing in child processes that are killed at random moments; run by test_kills.py.

``python -m tests.exporting.killed_publishing DIRECTORY COUNT [--no-exchange]``. A small process
that forks in no time, unlike the tests' own with TensorFlow in it.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import time
from pathlib import Path

from tfexport.exporting import publishing
from tfexport.exporting.publishing import Destination, staged

FILES = ("saved_model.pb", "variables/variables.index", "assets.extra/tfexport/manifest.json")


def start_publishing(directory: Path, first: int) -> int:
    """Fork a process that replaces ``directory`` again and again; gives its id.

    All files of one directory hold the same number, the next one each time.
    """
    process = os.fork()
    if process:
        return process
    try:
        for number in itertools.count(first):
            with staged(Destination(directory, force=True)) as staging:
                for name in FILES:
                    path = staging.directory / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(str(number))
                staging.publish()
    finally:
        os._exit(1)


def read_number(directory: Path) -> int:
    """The number in all files of a directory; anything else raises."""
    numbers = {int((directory / name).read_text()) for name in FILES}
    assert len(numbers) == 1, numbers
    return numbers.pop()


def main(directory: Path, count: int) -> None:
    """Kill ``count`` processes, and check after each what stands at the destination."""
    last = 0
    for _ in range(count):
        process = start_publishing(directory, last + 1)
        time.sleep(random.uniform(0.001, 0.03))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        publishing.clear_leftovers(directory.parent, directory.name)  # as the next run begins
        left = [path.name for path in directory.parent.iterdir()]
        assert left in ([], [directory.name]), left
        number = read_number(directory) if left else 0
        assert number >= last, (number, last)
        last = number
    print(last)


if __name__ == "__main__":
    if "--no-exchange" in sys.argv:  # as on a file system that cannot swap two directories
        publishing.exchange = lambda one, other: False
    main(Path(sys.argv[1]), int(sys.argv[2]))
