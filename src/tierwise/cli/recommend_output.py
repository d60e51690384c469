"""Recommend output: suggested blocks with their reasons, as text and as JSON.

What a page says is a stranger's text, so nothing of it reaches a terminal unescaped.

Source: seed A§1.2, Appendix A.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from tierwise.cli.findings_output import printable
from tierwise.core.figures import counted
from tierwise.core.recommending import SIGNALS, Recommendation
from tierwise.core.skills import Routing
from tierwise.files.findings import Finding
from tierwise.files.suggestions import COMPARED, Suggestion

LEVELS: Final = ("light", "standard", "heavy")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one suggestion: it `wrote` the file, or `failed` to, with the reason; else neither."""

    suggestion: Suggestion
    wrote: bool = False
    failed: str = ""


def as_text(outcomes: Sequence[Outcome], skipped: int, findings: Iterable[Finding]) -> str:
    """A paragraph a file, best evidence told first; then what could not be read, and the summary."""
    paragraphs = ["\n".join(_paragraph(outcome)) for outcome in outcomes]
    unread = [printable(str(finding)) for finding in findings]
    return "\n\n".join([*paragraphs, *unread, _summary(outcomes, skipped)])


def _paragraph(outcome: Outcome) -> Iterator[str]:
    suggestion = outcome.suggestion
    recommendation = suggestion.recommendation
    yield f"{click.style(printable(str(suggestion.path)), bold=True)}: {_headline(suggestion)}"
    yield from (f"    {line}" for line in _reason_lines(recommendation))
    yield from (f"    {printable(str(finding))}" for finding in suggestion.findings)
    if suggestion.history:
        runs = ", ".join(f"{count} on {printable(tier)}" for tier, count in suggestion.history.items())
        yield f"    its finished runs: {runs}"
    if outcome.wrote:
        yield f"    written, below `{suggestion.block[0]}`"
    elif outcome.failed:
        yield click.style(f"    not written: {printable(outcome.failed)}", fg="red")
    elif suggestion.is_open:
        yield from (f"        {printable(line)}" for line in suggestion.block)


def _headline(suggestion: Suggestion) -> str:
    recommendation = suggestion.recommendation
    routing = recommendation.routing
    if routing is None:
        what = f"no recommendation: {recommendation.without}"
    else:
        what = (
            f"{routing.preferred}, {routing.reasoning_demand} demand, {recommendation.confidence} confidence"
        )
    if suggestion.declared is None:
        return what
    if not suggestion.differences:
        return (
            f"declared as {_block_words(suggestion.declared)}; {'the same is suggested' if routing else what}"
        )
    return f"declared as {_block_words(suggestion.declared)}; suggested: {what}"


def _block_words(routing: Routing) -> str:
    said = {key: getattr(routing, key) for key in COMPARED if getattr(routing, key) is not None}
    return ", ".join(f"{key} {value}" for key, value in said.items()) or "a block without a tier"


def _reason_lines(recommendation: Recommendation) -> Iterator[str]:
    for reason in recommendation.reasons:
        lines = ", ".join(map(str, reason.lines))
        place = f"line {lines}" if len(reason.lines) == 1 else f"lines {lines}" if lines else "page"
        points = ", ".join(f"{level} +{n}" for level, n in zip(LEVELS, reason.points, strict=True) if n)
        yield f"{printable(str(reason))} [{place}: {points}]"


def _summary(outcomes: Sequence[Outcome], skipped: int) -> str:
    tiers = Counter(_tier(outcome.suggestion) for outcome in outcomes)
    found = ", ".join(f"{count} {tier}" for tier, count in sorted(tiers.items()) if tier)
    parts = [
        counted(len(outcomes), "file"),
        found or "nothing recommended",
        f"{tiers['']} without recommendation",
    ]
    parts += [f"{skipped} skipped: they have a block (--all compares)"] if skipped else []
    wrote, failed = sum(one.wrote for one in outcomes), sum(bool(one.failed) for one in outcomes)
    parts += [f"{wrote} written"] if wrote else []
    parts += [f"{failed} not written"] if failed else []
    return "; ".join(parts)


def _tier(suggestion: Suggestion) -> str:
    routing = suggestion.recommendation.routing
    return routing.preferred.name if routing is not None and routing.preferred is not None else ""


def as_json(outcomes: Sequence[Outcome], skipped: int, findings: Iterable[Finding]) -> str:
    """`{files: […], skipped, unreadable: […]}`; a file's `suggested` is null where nothing is recommended."""
    files = [_file_json(outcome) for outcome in outcomes]
    unread = [str(finding) for finding in findings]
    return json.dumps({"files": files, "skipped": skipped, "unreadable": unread}, indent=2)


def _file_json(outcome: Outcome) -> dict[str, Any]:
    suggestion = outcome.suggestion
    recommendation = suggestion.recommendation
    return {
        "path": str(suggestion.path),
        "name": suggestion.name,
        "role": str(recommendation.role),
        "suggested": _block_json(recommendation.routing),
        "confidence": str(recommendation.confidence) if recommendation.routing is not None else None,
        "without": recommendation.without or None,
        "points": dict(zip(LEVELS, recommendation.points, strict=True)),
        "reasons": [
            {
                "signal": reason.signal,
                "why": SIGNALS[reason.signal].why,
                "lines": list(reason.lines),
                "words": list(reason.words),
                "points": dict(zip(LEVELS, reason.points, strict=True)),
            }
            for reason in recommendation.reasons
        ],
        "home": suggestion.home if suggestion.is_open else None,
        "block": "\n".join(suggestion.block) or None,
        "declared": _block_json(suggestion.declared),
        "differences": list(suggestion.differences),
        "runs": dict(suggestion.history or {}),
        "findings": [str(finding) for finding in suggestion.findings],
        "written": outcome.wrote,
        "not_written": outcome.failed or None,
    }


def _block_json(routing: Routing | None) -> dict[str, Any] | None:
    if routing is None:
        return None
    return {
        "preferred": _name(routing.preferred),
        "acceptable": [tier.name for tier in routing.acceptable or ()],
        "minimum": _name(routing.minimum),
        "reasoning_demand": _name(routing.reasoning_demand),
        "role": _name(routing.role),
    }


def _name(value: object) -> str | None:
    return None if value is None else str(value)
