"""A CheckReport as SARIF, which code-scanning pages show.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import tfexport
from tfexport.checking.codes import CODES
from tfexport.checking.findings import UNCHECKED, CheckReport, Finding, ModelCheck

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"critical": "error", "medium": "warning", "low": "note"}
# What GitHub sorts security findings by, up to 10.
_SECURITY = {"critical": "9.0", "medium": "6.0", "low": "3.0"}


def render_sarif(report: CheckReport) -> str:
    """The report as one SARIF run. Beyond ASCII everything is escaped."""
    used = {finding.code for model in report.models for finding in model.findings}
    codes = [code for code in CODES if code in used]
    run = {
        "tool": {"driver": _driver(report, codes)},
        "invocations": [_invocation(report)],
        "results": [
            _result(model, finding, codes) for model in report.models for finding in model.findings
        ],
        "columnKind": "unicodeCodePoints",
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _driver(report: CheckReport, codes: list[str]) -> dict[str, Any]:
    parts = {f.code: f.part for model in report.models for f in model.findings}
    worst = {
        f.code: f.severity
        for model in report.models
        for f in reversed(model.findings)  # the most severe come first
    }
    return {
        "name": "tfexport",
        "version": tfexport.__version__,
        "rules": [_rule(code, parts[code], worst[code]) for code in codes],
    }


def _rule(code: str, part: str, severity: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"tags": [part]}
    if part == "safe":
        properties = {"tags": [part, "security"], "security-severity": _SECURITY[severity]}
    return {
        "id": code,
        "shortDescription": {"text": CODES[code]},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": properties,
    }


def _result(model: ModelCheck, finding: Finding, codes: list[str]) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.sentence}."},
        "locations": [_location(model, finding)],
        "partialFingerprints": {"tfexport/v1": _hash(model, finding)},
    }


def _location(model: ModelCheck, finding: Finding) -> dict[str, Any]:
    path = Path(model.directory, finding.file or model.file or "")
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(path)},
            "region": {"startLine": 1},  # the files have no lines; some pages insist on one
        }
    }
    hazard = finding.hazard
    if hazard is not None:
        name = hazard.node if hazard.function is None else f"{hazard.function}/{hazard.node}"
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "function"}]
    return location


def _uri(path: Path) -> str:
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _hash(model: ModelCheck, finding: Finding) -> str:
    text = "\0".join([model.directory, finding.code, finding.subject, finding.message])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _invocation(report: CheckReport) -> dict[str, Any]:
    texts = [f"{m.directory}: {m.error}" for m in report.models if m.error is not None]
    texts += [
        f"{model.directory}: {part.part} could not be checked: {part.note}"
        for model in report.models
        for part in model.parts
        if part.status == UNCHECKED
    ]
    return {
        "executionSuccessful": not texts,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": text}} for text in texts
        ],
    }
