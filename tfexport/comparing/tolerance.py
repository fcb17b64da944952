"""How far a value may be from another and still count as equal, for each output.

>>> tolerances = parse_tolerances(["1e-3", "y=0.1"], [])
>>> tolerances.of("y", "float32").relative, tolerances.of("z", "float32").relative
(0.1, 0.001)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from tfexport.errors import UsageError
from tfexport.records import dataclass

# A few hundred times the rounding of the dtype: graphs are optimised differently from one machine
# and version to the next. Everything else must be equal.
_USUAL = {
    "float64": 1e-9,
    "complex128": 1e-9,
    "float32": 1e-4,
    "complex64": 1e-4,
    "float16": 1e-2,
    "bfloat16": 5e-2,
}
_USUAL_FLOAT8 = 0.25


@dataclass(frozen=True)
class Tolerance:
    """Values are equal when they differ by at most ``absolute + relative * |expected|``."""

    relative: float
    absolute: float


@dataclass(frozen=True)
class Tolerances:
    """What the user allows, by output; None is for all of those that are not named."""

    relative: Mapping[str | None, float]
    absolute: Mapping[str | None, float]

    def of(self, output: str, dtype: str) -> Tolerance:
        """The tolerance of an output; where the user gave none, that of its dtype."""
        usual = usual_tolerance(dtype)
        given = self._find(self.relative, output), self._find(self.absolute, output)
        if given == (None, None):
            return Tolerance(usual, usual)
        # Who gives one of the two means it alone.
        return Tolerance(given[0] or 0.0, given[1] or 0.0)

    def _find(self, values: Mapping[str | None, float], output: str) -> float | None:
        return values.get(output, values.get(None))


USUAL = Tolerances({}, {})


def usual_tolerance(dtype: str) -> float:
    """What rounding makes of a dtype; 0 where values are exact."""
    if dtype.startswith(("float8", "float4")):
        return _USUAL_FLOAT8
    return _USUAL.get(dtype, 0.0)


def parse_tolerances(relative: Iterable[str], absolute: Iterable[str]) -> Tolerances:
    """Read several ``[OUTPUT=]NUMBER`` each. Raises UsageError."""
    return Tolerances(
        dict(_parse(text, "--rtol") for text in relative),
        dict(_parse(text, "--atol") for text in absolute),
    )


def _parse(text: str, option: str) -> tuple[str | None, float]:
    name, equals, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise UsageError(
            f"{option} '{text}': '{number}' is no tolerance. "
            "Expected [OUTPUT=]NUMBER, as in 1e-4 or y=1e-4."
        )
    return name if equals else None, value
