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
    return f"{_three_digits(value)} {unit}"


def format_count(count: int, singular: str, plural: str | None = None) -> str:
    """A number and what it counts: ``1 variable``, ``1,200 variables``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def format_seconds(seconds: float) -> str:
    """A time in the unit that suits it, three digits.

    >>> format_seconds(0.0000312), format_seconds(0.0021), format_seconds(65.4321)
    ('31.2 µs', '2.10 ms', '65.4 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.9995:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def format_rate(rate: float) -> str:
    """A number of things a second, three digits below a hundred: ``12.3``, ``24,310``."""
    return f"{rate:,.0f}" if rate >= 100 else _three_digits(rate)


def _three_digits(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}"
