"""What a benchmark hands over: sections of text, and the targets that its figures are held to.

A benchmark is a module of this folder with a function ``measure_sections(scale)`` that yields
Sections. ``python -m benchmarks`` runs them all; ``run_alone`` makes one a program of its own.

It measures processes that it starts (see measure.py), and must not import tensorflow or numpy
itself: the memory of the process that starts another counts as the other's peak.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Target:
    """A promise and what came out: ``figure`` may be ``at_most``, or has to be ``at_least``."""

    what: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the figure is as good as promised."""
        above = self.at_least is not None and self.figure < self.at_least
        return not above and not (self.at_most is not None and self.figure > self.at_most)

    def format_row(self) -> str:
        """A row of a Markdown table: what, promised, measured, kept."""
        bound = f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"
        return f"| {self.what} | {bound} | {self.figure:.2f} | {'yes' if self.is_kept else 'NO'} |"


@dataclass(frozen=True)
class Section:
    """A part of the results: ``text`` is Markdown, without a title of its own."""

    title: str
    text: str
    targets: tuple[Target, ...] = ()

    def format(self) -> str:
        """The section as Markdown."""
        parts = [f"## {self.title}", self.text.strip()]
        if self.targets:
            parts.append(format_targets(self.targets))
        return "\n\n".join(parts) + "\n"


def format_targets(targets: tuple[Target, ...]) -> str:
    """A Markdown table of targets."""
    head = ["| target | promised | measured | kept |", "|---|---:|---:|---|"]
    return "\n".join([*head, *(target.format_row() for target in targets)])


@dataclass(frozen=True)
class Scale:
    """How much to measure, and the ``folder`` to put models and data in."""

    folder: Path
    quick: bool = False

    def choose(self, full: Value, quick: Value) -> Value:
        """``full``, or what makes do when it is only to be seen that the benchmark works."""
        return quick if self.quick else full


Measure = Callable[[Scale], Iterator[Section]]


def measure_benchmark(name: str, quick: bool) -> list[Section]:
    """The sections of the benchmark of that name."""
    measure: Measure = importlib.import_module(f"benchmarks.{name}").measure_sections
    with tempfile.TemporaryDirectory() as folder:
        return list(measure(Scale(Path(folder), quick)))


def run_alone(measure: Measure) -> None:
    """Run one benchmark from the command line, ``--quick`` or in full, and print its sections."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work at all?")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        for section in measure(Scale(Path(folder), quick)):
            print(section.format(), flush=True)
