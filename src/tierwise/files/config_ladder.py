"""The ladder of a configuration: the built-in rungs, or those that the user's own file names in its order.

    tiers: {haiku: …, opus: …}                     all built-in names: the built-in ladder stays
    tiers: {luna: …, terra: …, sol: {premium: true}}   a name of one's own: this mapping is the ladder

Source: rules.md section 1.
"""

from __future__ import annotations

import re
from typing import Final

from tierwise.core.tiers import BUILT_IN, Ladder, ladder_of
from tierwise.files.findings import Finding
from tierwise.files.nodes import Entry, Node, quoted

MAX_RUNGS: Final = 16
RUNG: Final = r"[A-Za-z][\w.-]{0,39}"
"""The names that a rung may have, as a pattern."""


def ladder_from(tiers: Node, path: str) -> tuple[Ladder, list[Finding]]:
    """The ladder that the `tiers:` mapping of the user's own file means, and what is wrong with its rungs."""
    findings: list[Finding] = []
    named = {name: entry for name, entry in tiers.entries.items() if _is_rung(name, entry, path, findings)}
    if all(BUILT_IN.get(name) for name in named):
        return BUILT_IN, findings + _order(named, path)
    rungs = _distinct(named, path, findings)
    if len(rungs) > MAX_RUNGS:
        problem = f"a ladder of {len(rungs)} rungs"
        remedy = f"Use at most {MAX_RUNGS}; the rest is not read."
        findings.append(Finding(path, tiers.line, "tiers", problem, remedy, "warning", "too-many-rungs"))
        rungs = rungs[:MAX_RUNGS]
    return ladder_of(
        tuple(rungs), frozenset(name for name in rungs if _is_premium(name, named[name]))
    ), findings


def _is_rung(name: str, entry: Entry, path: str, findings: list[Finding]) -> bool:
    if re.fullmatch(RUNG, name):
        return True
    problem, remedy = f"{quoted(name)} cannot be a tier's name", "Use letters, digits, `-`, `_` and `.`."
    findings.append(Finding(path, entry.line, "tiers", problem, remedy, "warning", "bad-name"))
    return False


def _distinct(named: dict[str, Entry], path: str, findings: list[Finding]) -> list[str]:
    """The names in order; one that differs from an earlier one by its case alone is left out."""
    rungs: dict[str, str] = {}
    for name, entry in named.items():
        if name.lower() in rungs:
            problem = f"differs from `{rungs[name.lower()]}` by its case alone"
            finding = Finding(path, entry.line, f"tiers.{name}", problem, "Rename it.", "warning", "bad-name")
            findings.append(finding)
        rungs.setdefault(name.lower(), name)
    return list(rungs.values())


def _is_premium(name: str, entry: Entry) -> bool:
    """What the entry says; a built-in premium rung stays one where it says nothing."""
    said = entry.node.entries.get("premium")
    return said.node.value is True if said else name in BUILT_IN.premium


def _order(named: dict[str, Entry], path: str) -> list[Finding]:
    ranks = [tier.rank for name in named if (tier := BUILT_IN.get(name))]
    if ranks == sorted(ranks):
        return []
    line = next(iter(named.values())).line
    problem = "the built-in tiers stand in another order here, which changes nothing"
    remedy = (
        f"Write them as {' < '.join(rung.name for rung in BUILT_IN.rungs)}, or give them names of your own."
    )
    return [Finding(path, line, "tiers", problem, remedy, "warning", "ladder-order")]
