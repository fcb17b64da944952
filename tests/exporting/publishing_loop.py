"""Publishes one directory after the other until it is killed; used by test_kills.py."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import NoReturn

from tfexport.exporting.publishing import Destination, staged

FILES = ("saved_model.pb", "variables/variables.index", "assets.extra/tfexport/manifest.json")


def publish_for_ever(directory: Path, first: int) -> NoReturn:
    """Replace ``directory`` by one whose files all hold the next number, again and again."""
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


def read_whole(directory: Path) -> int:
    """The number in all files of a directory; anything else raises."""
    numbers = {int((directory / name).read_text()) for name in FILES}
    assert len(numbers) == 1, numbers
    return numbers.pop()
