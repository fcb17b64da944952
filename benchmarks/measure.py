"""Measures whole processes side by side: CPU time, wall time, peak memory.

Runs are interleaved (A B C A B C …), so that a machine that gets slower does so for all of them,
and medians are compared.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a process and its children took: seconds of CPU and of wall time, bytes at its peak."""

    cpu: float
    wall: float
    peak: int


@dataclass(frozen=True)
class Contender:
    """A command to measure, and the name that its figures go by."""

    name: str
    command: Sequence[str | Path]


def run_once(command: Sequence[str | Path], cwd: Path | None = None) -> Cost:
    """Run a command, its output thrown away. Raises RuntimeError with its stderr if it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=cwd,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        words = " ".join(map(str, command))
        raise RuntimeError(f"{words} exited {process.returncode}: {errors.decode()[-2000:]}")
    return Cost(
        usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss * 1024
    )


def compare(contenders: Sequence[Contender], runs: int, warm_up: int = 1) -> dict[str, Cost]:
    """The median cost of each contender over ``runs`` interleaved runs, by name."""
    costs = interleave(contenders, runs, warm_up)
    return {name: median_cost(found) for name, found in costs.items()}


def interleave(
    contenders: Sequence[Contender], runs: int, warm_up: int = 1
) -> dict[str, list[Cost]]:
    """The costs of each contender in ``runs`` interleaved runs, by name, in their order."""
    costs: dict[str, list[Cost]] = {contender.name: [] for contender in contenders}
    for turn in range(warm_up + runs):
        for contender in contenders:
            cost = run_once(contender.command)
            if turn >= warm_up:
                costs[contender.name].append(cost)
    return costs


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.wall for cost in costs),
        int(statistics.median(cost.peak for cost in costs)),
    )


def format_costs(title: str, costs: Mapping[str, Cost], baseline: str) -> str:
    """A Markdown table of the costs; the ratio is a row's CPU time against the baseline's."""
    lines = [
        *([f"### {title}", ""] if title else []),
        "| command | CPU s | wall s | peak MB | CPU ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, cost in costs.items():
        ratio = cost.cpu / costs[baseline].cpu
        lines.append(
            f"| {name} | {cost.cpu:.3f} | {cost.wall:.3f} | {cost.peak / 1e6:.0f} | {ratio:.2f} |"
        )
    return "\n".join([*lines, ""])


def tool(name: str) -> Path:
    """A console command of the environment that runs this."""
    return Path(sys.executable).parent / name
