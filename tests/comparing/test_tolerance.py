"""Tolerances are given for all outputs or for one, and have a usual size for each dtype."""

from __future__ import annotations

import pytest

from tfexport.comparing.tolerance import USUAL, Tolerance, parse_tolerances
from tfexport.errors import UsageError


def test_rounding_is_allowed_by_default_and_nothing_else() -> None:
    assert USUAL.of("y", "float32") == Tolerance(1e-4, 1e-4)
    assert USUAL.of("y", "float64") == Tolerance(1e-9, 1e-9)
    assert USUAL.of("y", "float8_e5m2") == Tolerance(0.25, 0.25)
    assert USUAL.of("y", "int32") == Tolerance(0.0, 0.0)
    assert USUAL.of("y", "string") == Tolerance(0.0, 0.0)


def test_one_that_is_given_is_meant_alone() -> None:
    assert parse_tolerances(["1e-3"], []).of("y", "float32") == Tolerance(1e-3, 0.0)
    assert parse_tolerances([], ["0"]).of("y", "float32") == Tolerance(0.0, 0.0)


def test_an_output_has_its_own() -> None:
    tolerances = parse_tolerances(["y=0.1", "1e-3"], ["z=2"])
    assert tolerances.of("y", "float32") == Tolerance(0.1, 0.0)
    assert tolerances.of("z", "float32") == Tolerance(1e-3, 2.0)
    assert tolerances.of("a=b", "float32") == Tolerance(1e-3, 0.0)
    assert parse_tolerances(["a=b=1"], []).of("a=b", "float32") == Tolerance(1.0, 0.0)


@pytest.mark.parametrize("text", ["x", "y=", "-1", "nan", "inf", "y=1e-4x", ""])
def test_what_is_no_tolerance(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_tolerances([], [text])
    number = text.rpartition("=")[2]
    assert str(error.value) == (
        f"--atol '{text}': '{number}' is no tolerance. "
        "Expected [OUTPUT=]NUMBER, as in 1e-4 or y=1e-4."
    )
