"""Numbers as bars: a horizontal one for a quantity, a row of little columns for a histogram."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = " ▁▂▃▄▅▆▇█"


def draw_bar(value: float, largest: float, width: int) -> str:
    """A bar that is ``width`` columns long for the ``largest`` value, to an eighth of a column.

    >>> draw_bar(5, 10, 4), draw_bar(1, 32, 4)
    ('██', '▏')
    """
    eighths = round(value / largest * width * 8) if largest > 0 else 0
    whole, part = divmod(max(eighths, 1 if value > 0 else 0), 8)
    return "█" * whole + _EIGHTHS[part].strip()


def shrink_bar(bar: str, widest: int, width: int) -> str:
    """The bar as it is drawn when the longest one, ``widest`` columns, gets ``width`` only.

    >>> shrink_bar('████', 8, 4), shrink_bar('▏', 8, 4)
    ('██', '▏')
    """
    length = sum(_EIGHTHS.index(block) for block in bar) / 8
    return draw_bar(length, widest, width)


def draw_columns(counts: Sequence[int]) -> str:
    """A column a count, the highest for the largest; one that is not zero is always seen.

    >>> draw_columns([0, 1, 50, 100])
    ' ▁▄█'
    """
    largest = max(counts, default=0) or 1
    return "".join(_LEVELS[max(round(c / largest * 8), 1) if c else 0] for c in counts)
