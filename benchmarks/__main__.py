"""``make bench``: runs every benchmark of this folder and writes ``benchmarks/RESULTS.md``."""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime
import importlib
import importlib.metadata
import multiprocessing
import os
import platform
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.sections import Section, format_targets, measure_benchmark

_RESULTS = Path(__file__).with_name("RESULTS.md")
_PACKAGES = ("tensorflow", "keras", "numpy", "protobuf")


def main() -> int:
    """Run what is asked for. Gives 1 where a benchmark failed; a missed target is no failure."""
    options = _parse_options()
    names = options.names or list(find_benchmarks())
    sections: list[Section] = []
    failed = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            sections += _run(name, options.quick)
        except Exception:
            traceback.print_exc()
            failed.append(name)
    text = format_results(sections, failed, options.quick)
    print(text)
    if not options.quick and not options.names:
        _RESULTS.write_text(text, encoding="utf-8")
    return 1 if failed else 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these; RESULTS.md stays as it is")
    parser.add_argument("--quick", action="store_true", help="tiny sizes; RESULTS.md stays")
    return parser.parse_args()


def find_benchmarks() -> Iterator[str]:
    """The modules of this folder that measure something, by their names.

    Found by reading them: one that only makes models imports TensorFlow, and the memory of this
    process counts as the peak of every process that it starts.
    """
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if "\ndef measure_sections(" in path.read_text(encoding="utf-8"):
            yield path.stem


def _run(name: str, quick: bool) -> list[Section]:
    # In a process of its own: what one benchmark leaves behind in memory would count as the peak
    # of what the next one starts.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure_benchmark, name, quick).result()


def format_results(sections: Sequence[Section], failed: Sequence[str], quick: bool) -> str:
    """The whole page: where it was measured, the targets, then every section."""
    parts = ["# Results", _describe_surroundings(quick)]
    parts += [f"**{name} failed**: see what `make bench` wrote." for name in failed]
    targets = tuple(target for section in sections for target in section.targets)
    if targets:
        parts.append("## Targets\n\n" + format_targets(targets))
    return "\n\n".join([*parts, *(section.format().strip() for section in sections)]) + "\n"


def _describe_surroundings(quick: bool) -> str:
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    lines = [
        "Written by `make bench`. Runs of what is compared are interleaved (A B A B …); figures "
        "are medians over whole processes, CPU time is user and system time of all their threads.",
        "",
        f"- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- machine: {_processor()}, {len(os.sched_getaffinity(0))} CPUs, "
        f"{platform.system()} {platform.release()}",
        f"- versions: Python {platform.python_version()}, {', '.join(versions)}",
    ]
    if quick:
        lines.append("- **quick mode: tiny sizes and single runs, these figures say nothing**")
    return "\n".join(lines)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
