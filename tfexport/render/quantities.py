"""Numbers as people read them: ``1,234``, ``2.9 MB``, ``one signature``."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def format_bytes(size: int) -> str:
    """Bytes in decimal units, three digits at most.

    >>> format_bytes(2_868_917)
    '2.87 MB'
    """
    if size < 1000:
        return f"{size} B"
    value, units = size / 1000, iter(_UNITS)
    unit = next(units)
    while value >= 999.5 and unit != _UNITS[-1]:
        value, unit = value / 1000, next(units)
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {unit}"


def format_count(count: int, singular: str, plural: str | None = None) -> str:
    """A number and what it counts: ``1 variable``, ``1,200 variables``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
