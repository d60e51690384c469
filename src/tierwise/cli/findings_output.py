"""Findings output: one report of findings, as text, JSON, GitHub annotations or SARIF.

The text of a finding may repeat what a stranger wrote, so nothing unprintable reaches a terminal, and every
format escapes by its own rules.

Source: seed A§7.2; SARIF 2.1.0 (OASIS); GitHub's workflow commands.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click

from tierwise.files.finding_rules import RULES
from tierwise.files.findings import Finding, Severity

MAX_SHOWN_CHARACTERS: Final = 400
COLOURS: Final[dict[Severity, str]] = {"error": "red", "warning": "yellow"}
SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """How many files were read, and everything found in them."""

    files: int
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are of that severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def fails(self, strict: bool) -> bool:
        """Whether a check ends with exit code 1: on errors, on warnings only if it is `strict`."""
        return bool(self.count("error") or (strict and self.findings))

    @property
    def summary(self) -> str:
        """One line: files, errors, warnings."""
        counts = (self.files, "file"), (self.count("error"), "error"), (self.count("warning"), "warning")
        return ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in counts)


def as_text(report: Report) -> str:
    """Two lines a finding, place first so that editors can jump to it; then the summary."""
    return "\n".join([*(_paragraph(finding) for finding in report.findings), report.summary])


def _paragraph(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    key = f"`{finding.key}`: " if finding.key else ""
    severity = click.style(finding.severity, fg=COLOURS[finding.severity])
    rule = click.style(f"[{finding.rule}]", dim=True)
    message = f"{printable(key + finding.problem)} {rule}\n    {printable(finding.remedy)}"
    return f"{click.style(printable(place), bold=True)}: {severity}: {message}"


def as_json(report: Report) -> str:
    """`{files, findings: [{path, line, key, problem, remedy, severity, rule}], errors, warnings}`."""
    findings = [dataclasses.asdict(finding) for finding in report.findings]
    counts = {"errors": report.count("error"), "warnings": report.count("warning")}
    return json.dumps({"files": report.files, "findings": findings, **counts}, indent=2)


def as_github(report: Report) -> str:
    """One workflow command a finding, then the summary."""
    return "\n".join([*(_annotation(finding) for finding in report.findings), report.summary])


def _annotation(finding: Finding) -> str:
    place = {"file": finding.path} | ({"line": str(finding.line)} if finding.line else {})
    properties = ",".join(
        f"{name}={_property(text)}" for name, text in (place | {"title": finding.rule}).items()
    )
    key = f"`{finding.key}`: " if finding.key else ""
    return f"::{finding.severity} {properties}::{_data(f'{key}{finding.problem}. {finding.remedy}')}"


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(report: Report) -> str:
    """A SARIF 2.1.0 log with one run; rules carry their meaning, regions are 1-based lines."""
    from importlib import metadata  # 25 ms that no other format needs

    rules = sorted({finding.rule for finding in report.findings})
    named = {"name": "tierwise", "version": metadata.version("tierwise")}
    driver = named | {"rules": [_sarif_rule(rule) for rule in rules]}
    results = [_sarif_result(finding, rules.index(finding.rule)) for finding in report.findings]
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _sarif_rule(rule: str) -> dict[str, Any]:
    return {"id": rule, "shortDescription": {"text": RULES.get(rule, rule)}}


def _sarif_result(finding: Finding, rule_index: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path)}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    key = f"`{finding.key}`: " if finding.key else ""
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.severity,
        "message": {"text": f"{key}{finding.problem}. {finding.remedy}"},
        "locations": [{"physicalLocation": place}],
    }


def _uri(path: str) -> str:
    """A relative path as a relative reference, an absolute one as a file URI; any bytes of a name survive."""
    quoted = quote(os.fsencode(Path(path).as_posix()))
    return f"file://{quoted}" if Path(path).is_absolute() else quoted


def printable(text: str) -> str:
    """`text`, cut to `MAX_SHOWN_CHARACTERS`; whatever a terminal might obey becomes an escape."""
    short = text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)


FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
