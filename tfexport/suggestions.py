"""The name that a user probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` with its leading space, or nothing where no known name is near.

    >>> did_you_mean("CustomDens", ["CustomDense", "Encoder"])
    " Did you mean 'CustomDense'?"
    """
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
