"""Reads the values of ``bench``'s own options: lists of numbers, and a share in percent."""

from __future__ import annotations

from tfexport.errors import UsageError


def parse_counts(option: str, text: str | None) -> tuple[int, ...]:
    """Read ``1,8,32``, each number once; nothing at all for None. Raises UsageError.

    >>> parse_counts("--batch-size", "1,8,32")
    (1, 8, 32)
    """
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise UsageError(f"{option} {text}: expected whole numbers from 1 up, as in 1,8,32.")
    return tuple(dict.fromkeys(map(int, parts)))


def parse_percent(option: str, text: str) -> float:
    """Read ``10`` or ``10%`` as 0.1. Raises UsageError.

    >>> parse_percent("--threshold", "10%")
    0.1
    """
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{option} {text}: expected percent from 0 up, as in 10 or 2.5%.")
    return value / 100
