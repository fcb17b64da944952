"""Targets are judged on their right side, and the page shows them first."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import format_results
from benchmarks.sections import Section, Target


@pytest.mark.parametrize(
    ("target", "kept", "row"),
    [
        (Target("a", 1.5, at_most=2), True, "| a | ≤ 2 | 1.50 | yes |"),
        (Target("a", 2.5, at_most=2), False, "| a | ≤ 2 | 2.50 | NO |"),
        (Target("a", 0.95, at_least=0.9), True, "| a | ≥ 0.9 | 0.95 | yes |"),
        (Target("a", 0.85, at_least=0.9), False, "| a | ≥ 0.9 | 0.85 | NO |"),
    ],
)
def test_a_target_is_kept_or_not(target: Target, kept: bool, row: str) -> None:
    assert (target.is_kept, target.format_row()) == (kept, row)


def test_the_page_has_the_targets_of_all_sections_first() -> None:
    sections = [
        Section("One", "first text", (Target("speed", 1, at_most=2),)),
        Section("Two", "second text"),
    ]
    page = format_results(sections, ["broken"], quick=True)
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == ["# Results", "## Targets", "## One", "## Two"]
    assert "**broken failed**" in page
    assert page.index("| speed |") < page.index("first text")
    assert "these figures say nothing" in page
