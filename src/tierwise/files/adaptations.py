"""Degradation adaptations: a skill's own words for a run below its preferred tier.

    ## Degradation Adaptations
    When running at sonnet instead of opus:        → Section(("opus", "sonnet"), "- Include the …", 21)
    - Include the checklist …

Source: rules.md section 5; seed A§6.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from tierwise.core.adaptations import Pair
from tierwise.core.tiers import Tier
from tierwise.files.findings import Finding
from tierwise.files.markdown import Line
from tierwise.files.nodes import quoted
from tierwise.files.tier_words import TierWords

MAX_ADAPTATIONS: Final = 200
"""Texts read of one skill; a ladder of twenty rungs has 190 pairs."""
MAX_ADAPTATION_CHARACTERS: Final = 4_000
"""Of one section: what is appended to a prompt of a lowered skill must stay small beside it."""
_SECTION: Final = re.compile(r"degradation adaptations?\b", re.IGNORECASE)
_LEAD: Final = re.compile(r"\W*when running (?:at|on) (\S{1,80}) instead of (\S{1,80})\s*", re.IGNORECASE)


class Section(NamedTuple):
    """What an author adds for one pair of tiers, and the 1-based line that it begins on."""

    pair: Pair
    text: str
    line: int


def read_adaptations(
    lines: Iterable[Line], path: str, words: TierWords
) -> tuple[tuple[Section, ...], list[Finding]]:
    """The section's texts by pair of tiers, and what cannot be read; the first text of a pair counts."""
    found: dict[Pair, Section] = {}
    findings: list[Finding] = []
    for line, leads, text in islice(_blocks(_section(lines)), MAX_ADAPTATIONS):
        tiers = [words.tier(word) for word in leads]
        to, preferred = tiers
        if to is None or preferred is None:
            findings += _unknown(path, line, leads, tiers, words, told=len(findings))
        elif to >= preferred:
            problem = f"{to} is not below {preferred}, so this is never used"
            findings.append(_warning(path, line, "adaptation-order", problem, "Swap the two tiers."))
        elif len(text) > MAX_ADAPTATION_CHARACTERS:
            problem = f"the text is longer than {MAX_ADAPTATION_CHARACTERS:,} characters; it is not used"
            findings.append(_warning(path, line, "adaptation-too-long", problem, "Shorten it."))
        elif text:
            pair = (preferred.name, to.name)
            found.setdefault(pair, Section(pair, text, line))
    return tuple(found.values()), findings


def _section(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines below the section's heading, up to the next heading of its level."""
    inside: int | None = None
    for line in lines:
        heading = line.heading
        if heading and (inside is None or heading[0] <= inside):
            inside = heading[0] if _SECTION.search(heading[1]) else None
        elif inside is not None:
            yield line


def _blocks(lines: Iterable[Line]) -> Iterator[tuple[int, tuple[str, str], str]]:
    """(line, (at, instead of), text) of every `When running at X instead of Y` and what follows it."""
    lead: tuple[int, tuple[str, str]] | None = None
    text: list[str] = []
    for line in lines:
        found = None if line.is_code else _LEAD.match(line.text)
        if found is None:
            text.append(line.text)
            continue
        if lead is not None:
            yield (*lead, "\n".join(text).strip())
        lead, text = (line.number, (found[1].strip("`*:,."), found[2].strip("`*:,."))), []
    if lead is not None:
        yield (*lead, "\n".join(text).strip())


def _unknown(
    path: str, line: int, leads: tuple[str, str], tiers: list[Tier | None], words: TierWords, told: int
) -> list[Finding]:
    return [
        _warning(
            path,
            line,
            "unknown-tier",
            f"{quoted(word)} is no known tier or model",
            words.remedy(word, told),
        )
        for word, tier in zip(leads, tiers, strict=True)
        if tier is None
    ]


def _warning(path: str, line: int, rule: str, problem: str, remedy: str) -> Finding:
    return Finding(path, line, "degradation adaptations", problem, remedy, "warning", rule)
