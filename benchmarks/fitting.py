"""The exponent with which a cost grows with the size of the model, and a table of that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

Costs = Mapping[str, Mapping[int, float]]
"""What each command cost, by its name and the size of the model."""

HIGHEST = 1.1  # the exponent that no command may exceed
_FLAT = 1.15  # less growth than this from the smallest model to the largest is none


@dataclass(frozen=True)
class Fit:
    """A cost as ``constant + factor * size ** exponent``."""

    constant: float
    factor: float
    exponent: float


def fit_growth(costs: Mapping[int, float]) -> Fit:
    """The constant, factor and exponent that fit ``costs`` by size best.

    Least squares of the relative errors: for each exponent the other two follow (they are
    linear). An exponent of 0 where nothing grows.
    """
    sizes = sorted(costs)
    if costs[sizes[-1]] < _FLAT * costs[sizes[0]]:
        return Fit(costs[sizes[0]], 0.0, 0.0)
    fits = [_fit_linear(costs, step / 100) for step in range(20, 251)]
    return min(fits, key=lambda fit: _error(costs, fit))


def _fit_linear(costs: Mapping[int, float], exponent: float) -> Fit:
    points = [(float(n) ** exponent, value, value**-2.0) for n, value in costs.items()]
    total = sum(weight for _, _, weight in points)
    x = sum(weight * point for point, _, weight in points) / total
    y = sum(weight * value for _, value, weight in points) / total
    over = sum(weight * (point - x) * (value - y) for point, value, weight in points)
    under = sum(weight * (point - x) ** 2 for point, _, weight in points)
    factor = over / under
    return Fit(y - factor * x, factor, exponent)


def _error(costs: Mapping[int, float], fit: Fit) -> float:
    if fit.constant < 0 or fit.factor < 0:  # no command takes less than no time
        return math.inf
    return math.fsum(
        (fit.constant + fit.factor * float(size) ** fit.exponent - value) ** 2 / value**2
        for size, value in costs.items()
    )


def tabulate(costs: Costs) -> str:
    """A Markdown table: a row a command, a column a size, and the exponent last."""
    sizes = sorted({size for found in costs.values() for size in found})
    lines = [
        f"| command | {' | '.join(f'{size:,}' for size in sizes)} | k |",
        f"|---|{'---:|' * (len(sizes) + 1)}",
    ]
    for name, found in costs.items():
        cells = " | ".join(f"{found[size]:.2f}" for size in sizes)
        lines.append(f"| {name} | {cells} | {fit_growth(found).exponent:.2f} |")
    return "\n".join(lines)
