"""Names and texts that came from a model or a user, made safe to write to a terminal."""

from __future__ import annotations

import unicodedata

# Cc control, Cf format (bidirectional overrides), Cs lone surrogates, Zl and Zp line separators
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str, keep: str = "") -> str:
    """``text`` with each character that a terminal would obey written as an escape.

    Escape codes, newlines, and marks that reorder text come out as ``\\x1b``, ``\\n``,
    ``\\u202e``; the characters in ``keep`` stay as they are.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character in keep or _is_safe(character) else _escape(character)
        for character in text
    )


def shorten(text: str, limit: int) -> str:
    """``text`` cut in its middle to at most ``limit`` characters, with ``…`` where it was cut."""
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head]}…{text[head + 1 - limit :]}" if limit > 2 else text[:limit]


def _is_safe(character: str) -> bool:
    return unicodedata.category(character) not in _UNSAFE_CATEGORIES


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
