"""What a check comes to: findings, and how each part of it went."""

from __future__ import annotations

from tfexport.records import dataclass
from tfexport.savedmodel.hazards import CRITICAL, LOW, MEDIUM, SEVERITIES, Hazard

__all__ = [
    "CRITICAL",
    "LOW",
    "MEDIUM",
    "PARTS",
    "SEVERITIES",
    "CheckReport",
    "Finding",
    "ModelCheck",
    "PartCheck",
    "is_as_severe",
]

WHOLE, LOADABLE, SAFE, RIGHT = PARTS = ("whole", "loadable", "safe", "right")

CLEAN, FOUND, UNCHECKED, SKIPPED = "clean", "found", "unchecked", "skipped"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    ``code`` is a fixed word (``damaged-values``, see ``codes.py``), ``subject`` what it is about:
    a file by its path in the model's directory, an op, a signature, a variable. ``message`` is
    one line that says what is wrong with it. ``file`` is where that is, None for the file of the
    model itself. ``hazard`` is set for an op that reaches outside the graph.
    """

    part: str
    severity: str
    code: str
    subject: str
    message: str
    file: str | None = None
    hazard: Hazard | None = None

    @property
    def sentence(self) -> str:
        """Subject and message as one sentence, without a full stop."""
        return f"{self.subject} {self.message}"


@dataclass(frozen=True)
class PartCheck:
    """How one part went.

    ``status`` is ``clean``, ``found``, ``unchecked`` (it was asked for and could not be done) or
    ``skipped`` (it was not asked for). ``note`` says what was looked at, or why it was not.
    """

    part: str
    status: str
    note: str


@dataclass(frozen=True)
class ModelCheck:
    """What the check of one SavedModel came to.

    ``file`` is its own file in ``directory``; ``error`` is set where it could not be read at all.
    """

    directory: str
    file: str | None
    parts: tuple[PartCheck, ...]
    findings: tuple[Finding, ...]
    error: str | None = None

    def fails(self, fail_on: str) -> bool:
        """Whether it has a finding as severe as that, or a part that could not be checked."""
        return (
            self.error is not None
            or any(part.status == UNCHECKED for part in self.parts)
            or any(is_as_severe(finding.severity, fail_on) for finding in self.findings)
        )


@dataclass(frozen=True)
class CheckReport:
    """The checks of one or more SavedModels. ``failed`` decides the exit code."""

    fail_on: str
    failed: bool
    models: tuple[ModelCheck, ...]


def is_as_severe(severity: str, limit: str) -> bool:
    """Whether a severity is that of ``limit`` or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(limit)
