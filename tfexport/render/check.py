"""A CheckReport as a page: a table of the findings, how each part went, and a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tfexport.checking.findings import (
    CRITICAL,
    FOUND,
    SEVERITIES,
    UNCHECKED,
    CheckReport,
    Finding,
    ModelCheck,
    PartCheck,
)
from tfexport.render.page import Block, Cell, Heading, Line, Page
from tfexport.render.quantities import format_count
from tfexport.render.terminal import Terminal
from tfexport.render.wrapping import wrap_table, wrap_text

_MOST_ROWS = 200
_STYLES = {"critical": "bad", "medium": "warning", "low": "dim"}
_STATUS_STYLES = {"clean": "good", "unchecked": "bad", "skipped": "dim"}


def show_check(report: CheckReport, terminal: Terminal) -> Page:
    """Each model with its findings, and at the end, of several, which ones failed."""
    blocks = [b for model in report.models for b in _show_model(model, report.fail_on, terminal)]
    if len(report.models) > 1:
        blocks += _show_total(report, terminal)
    return Page(tuple(blocks))


def _show_model(model: ModelCheck, fail_on: str, terminal: Terminal) -> Iterator[Block]:
    yield Heading(model.directory)
    if model.error is not None:
        yield wrap_table([(Cell("unreadable", "bad"), Cell(model.error))], terminal.width)
        return
    groups = list(_group(model.findings))
    if groups:
        rows = [_finding_row(found, more) for found, more in groups[:_MOST_ROWS]]
        yield wrap_table(rows, terminal.width)
        if len(groups) > _MOST_ROWS:
            rest = f"and {len(groups) - _MOST_ROWS:,} more lines; all of them: --json"
            yield Line((Cell(rest, "dim"),), indent=2)
        yield Line((Cell(""),))
    parts = [_part_row(part, model.findings) for part in model.parts]
    yield wrap_table(parts, terminal.width)
    yield from _sentence(_verdict(model), _verdict_style(model, fail_on), terminal)


def _group(findings: Sequence[Finding]) -> Iterator[tuple[Finding, int]]:
    """Ops that differ in nothing but their node are one line; the number of further nodes."""
    groups: dict[Any, list[Finding]] = {}
    for number, finding in enumerate(findings):
        hazard = finding.hazard
        key: Any = number
        if hazard is not None:
            way = (hazard.reached_from, hazard.entry, hazard.calls)
            key = (finding.subject, hazard.kind, hazard.function, hazard.target, way)
        groups.setdefault(key, []).append(finding)
    for found in groups.values():
        yield found[0], len(found) - 1


def _finding_row(finding: Finding, more: int) -> tuple[Cell, ...]:
    sentence = finding.sentence
    if more:
        sentence += f", and {format_count(more, 'more node')} there"
    return (
        Cell(finding.severity, _STYLES[finding.severity]),
        Cell(finding.part, "dim"),
        Cell(sentence),
    )


def _part_row(part: PartCheck, findings: Sequence[Finding]) -> tuple[Cell, ...]:
    if part.status == FOUND:
        counts = Counter(finding.severity for finding in findings if finding.part == part.part)
        worst = next(severity for severity in SEVERITIES if counts[severity])
        status = Cell(format_count(sum(counts.values()), "finding"), _STYLES[worst])
    else:
        status = Cell(part.status, _STATUS_STYLES[part.status])
    return Cell(part.part), status, Cell(part.note, "dim")


def _verdict(model: ModelCheck) -> str:
    counts = Counter(finding.severity for finding in model.findings)
    found = [f"{counts[severity]:,} {severity}" for severity in SEVERITIES if counts[severity]]
    unchecked = [part.part for part in model.parts if part.status == UNCHECKED]
    checked = [part.part for part in model.parts if part.status in ("clean", FOUND)]
    if found:
        count = sum(counts.values())
        text = f"{' and '.join(filter(None, [', '.join(found[:-1]), found[-1]]))} "
        text += "finding." if count == 1 else "findings."
    else:
        text = f"Nothing was found: it is {_enumerate(checked)}." if checked else ""
    if unchecked:
        text = f"{text} Could not be checked: {', '.join(unchecked)}.".strip()
    return text


def _verdict_style(model: ModelCheck, fail_on: str) -> str:
    if not model.fails(fail_on):
        return "good"
    return "bad" if any(f.severity == CRITICAL for f in model.findings) else "warning"


def _show_total(report: CheckReport, terminal: Terminal) -> Iterator[Block]:
    failed = [model for model in report.models if model.fails(report.fail_on)]
    count = len(report.models)
    yield Heading(f"{count - len(failed)} of {format_count(count, 'model')} passed")
    rows = [(Cell(m.directory, "name"), Cell(m.error or _verdict(m))) for m in failed]
    yield wrap_table(rows, terminal.width)


def _sentence(text: str, style: str, terminal: Terminal) -> Iterator[Block]:
    lines = [text] if terminal.width is None else wrap_text(text, terminal.width)
    for line in lines:
        yield Line((Cell(line, style),))


def _enumerate(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
