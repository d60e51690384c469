"""The routing table: a coordinator's Markdown table of its skills, their tiers and their triggers.

    | Skill               | Path                | Default Tier | Upgrade Trigger         | Downgrade Floor |
    |---------------------|---------------------|--------------|-------------------------|-----------------|
    | css-layout-debugger | skills/css-layout…/ | sonnet       | Animation issues → opus | haiku           |

A table is one of ours if it has the columns Skill and Default Tier; the order, the case and further columns
do not matter. A trigger may point down as well, and several stand in one cell, separated by `;`.

Source: rules.md section 5; seed A§4.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tierwise.core.skills import Routing, Trigger
from tierwise.core.tiers import Tier
from tierwise.files.findings import Finding
from tierwise.files.markdown import Line, Row, tables_of, unmarked
from tierwise.files.nodes import quoted
from tierwise.files.provenance import overlay
from tierwise.files.tier_words import TierWords

SKILL: Final = "skill"
PATH: Final = "path"
DEFAULT: Final = "default tier"
TRIGGER: Final = "upgrade trigger"
FLOOR: Final = "downgrade floor"
TITLES: Final = {
    SKILL: SKILL,
    PATH: PATH,
    DEFAULT: DEFAULT,
    "default model": DEFAULT,
    TRIGGER: TRIGGER,
    "upgrade triggers": TRIGGER,
    FLOOR: FLOOR,
    "floor": FLOOR,
}
"""Column title in lower case → the column that it means."""
BLANK: Final = frozenset({"", "-", "–", "—", "none", "n/a", "never"})
MAX_ROWS: Final = 1_000
"""Rows read of one coordinator; each one may cost a look at a file."""
MAX_TRIGGERS: Final = 20
"""Triggers read of one row."""
_ARROW: Final = re.compile("→|⇒|->|=>")


@dataclass(frozen=True, slots=True)
class RoutingRow:
    """What a coordinator says about one of its skills; `path` is as written, "" if the row names none."""

    skill: str
    path: str
    default: Tier | None
    triggers: tuple[Trigger, ...]
    floor: Tier | None
    line: int

    def tiers(self) -> dict[str, str]:
        """Key of a skill's block → column, for each tier that the row names."""
        named = {"preferred": (self.default, DEFAULT), "minimum": (self.floor, FLOOR)}
        return {key: column for key, (tier, column) in named.items() if tier is not None}

    def fill(self, routing: Routing | None) -> Routing | None:
        """The skill's own block with the row's tiers where it is silent; None if neither says anything."""
        said = Routing(preferred=self.default, minimum=self.floor)
        if said == Routing():
            return routing
        return said if routing is None else overlay(said, routing)


def read_tables(
    lines: Iterable[Line], path: str, words: TierWords
) -> tuple[tuple[RoutingRow, ...], list[Finding]]:
    """The rows of every routing table in a page, in order, and what cannot be read in them."""
    reader = _Reader(path, words, [])
    found = [row for titles, table in tables_of(lines) if _is_ours(titles) for row in table]
    if len(found) > MAX_ROWS:
        reader.warn_cut(found[MAX_ROWS].number)
    rows = [reader.row(row) for row in found[:MAX_ROWS]]
    return tuple(row for row in rows if row.skill), reader.findings


def _is_ours(titles: list[str]) -> bool:
    return {SKILL, DEFAULT} <= {TITLES.get(title, "") for title in titles}


@dataclass(slots=True)
class _Reader:
    path: str
    words: TierWords
    findings: list[Finding]

    def row(self, row: Row) -> RoutingRow:
        cells = {TITLES[title]: cell for title, cell in row.cells.items() if title in TITLES}
        return RoutingRow(
            skill=unmarked(cells.get(SKILL, "")),
            path=unmarked(cells.get(PATH, "")),
            default=self._tier(cells.get(DEFAULT, ""), row.number, DEFAULT),
            triggers=self._triggers(cells.get(TRIGGER, ""), row.number),
            floor=self._tier(cells.get(FLOOR, ""), row.number, FLOOR),
            line=row.number,
        )

    def _tier(self, cell: str, line: int, key: str) -> Tier | None:
        word = unmarked(cell.partition("(")[0])
        if word.lower() in BLANK:
            return None
        tier = self.words.tier(word)
        if tier is None:
            problem = f"{quoted(word)} is no known tier or model"
            remedy = self.words.remedy(word, told=len(self.findings))
            self._warn("unknown-tier", line, key, problem, remedy)
        return tier

    def _triggers(self, cell: str, line: int) -> tuple[Trigger, ...]:
        parts = [part.strip() for part in cell.split(";") if unmarked(part).lower() not in BLANK]
        if len(parts) > MAX_TRIGGERS:
            problem = f"only the first {MAX_TRIGGERS} triggers of a row are read"
            self._warn("too-many-triggers", line, TRIGGER, problem, "Say it in fewer.")
        read = (self._trigger(part, line) for part in parts[:MAX_TRIGGERS])
        return tuple(trigger for trigger in read if trigger is not None)

    def _trigger(self, part: str, line: int) -> Trigger | None:
        *text, word = _ARROW.split(part)
        when = " ".join(" ".join(text).split())
        if not when:
            problem = f"the trigger {quoted(part)} does not say where it leads"
            self._warn("trigger-without-arrow", line, TRIGGER, problem, "Write `text → tier`.")
            return None
        tier = self._tier(word.rstrip(" ."), line, TRIGGER)
        return Trigger(when, tier) if tier is not None else None

    def warn_cut(self, line: int) -> None:
        problem = f"from here on rows are not read: {MAX_ROWS:,} are the most"
        self._warn("too-many-rows", line, "", problem, "Split the coordinator.")

    def _warn(self, rule: str, line: int, key: str, problem: str, remedy: str) -> None:
        self.findings.append(Finding(self.path, line, key, problem, remedy, "warning", rule))
