"""The exponent that is printed is the one that the times were made with."""

from __future__ import annotations

import pytest

from benchmarks.fitting import fit_growth

SIZES = (10, 100, 1_000, 3_000, 10_000)


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.1, 1.5, 2.0])
def test_the_exponent_is_found(exponent: float) -> None:
    fit = fit_growth({size: 0.5 + 3e-4 * size**exponent for size in SIZES})
    assert fit.exponent == pytest.approx(exponent, abs=0.011)
    assert fit.constant == pytest.approx(0.5, rel=0.05)


def test_noise_of_a_few_percent_moves_it_little() -> None:
    noise = (1.02, 0.98, 1.03, 0.97, 1.0)
    seconds = {
        size: (0.5 + 1e-3 * size) * factor for size, factor in zip(SIZES, noise, strict=True)
    }
    assert fit_growth(seconds).exponent == pytest.approx(1.0, abs=0.1)


def test_what_does_not_grow_has_no_exponent() -> None:
    assert fit_growth({10: 0.50, 100: 0.52, 1000: 0.51, 10_000: 0.55}).exponent == 0
