"""The order in which names are listed: numbers in them count as numbers."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([0-9]{1,18})")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which ``output_2`` comes before ``output_10``.

    >>> sorted(["output_10", "output_2"], key=natural_key)
    ['output_2', 'output_10']
    """
    parts = [part for part in _NUMBER.split(name) if part]
    # The end sorts before anything that follows (y before y2); of names that differ in leading
    # zeros only, the text itself decides.
    return (*(_part_key(part) for part in parts), (-1, 0, name))


def _part_key(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part[0] in "0123456789" else (1, 0, part)
