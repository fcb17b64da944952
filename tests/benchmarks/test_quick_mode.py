"""Every benchmark runs from end to end at tiny sizes, so that none of them rots."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.__main__ import find_benchmarks
from tests.conftest import ROOT

NAMES = list(find_benchmarks())


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_in_quick_mode(name: str) -> None:
    results = ROOT / "benchmarks" / "RESULTS.md"
    before = results.read_bytes() if results.exists() else None
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("# Results\n")
    assert "quick mode" in run.stdout
    assert run.stdout.count("\n## ") >= 1
    assert "nan" not in run.stdout
    assert (results.read_bytes() if results.exists() else None) == before


def test_the_benchmarks_are_found() -> None:
    assert {"check_cost", "growth", "keras_application", "run_cost", "streaming"} <= set(NAMES)


def test_what_measures_imports_nothing_large() -> None:
    """The memory of the process that starts another counts as the other's peak."""
    modules = ", ".join(f"benchmarks.{name}" for name in NAMES)
    script = f"import sys, benchmarks.__main__, {modules}; print(sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert "benchmarks.measure" in run.stdout
    assert "tensorflow" not in run.stdout
    assert "numpy" not in run.stdout
