"""Suites: a coordinator with the skills that its routing table names, found from either end.

    read_suite(folder)       every skill below a folder, each under its coordinator's row
    coordinator_of(skill)    the other way: who routes to this skill

        suite/SKILL.md                          .claude/skills/frontend-qa-coordinator/SKILL.md
        suite/skills/ui-bug-investigator/       .claude/skills/ui-bug-investigator/
          looked for above                        looked for beside

A row speaks for a skill if it has its name and its path does not lead to another one: an installed suite
often lies flat, while its table still names the folders that its author has.

Source: rules.md section 5; seed A§4.1.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tierwise.core.skills import Role
from tierwise.core.tiers import BUILT_IN, Ladder
from tierwise.files.check import place_of
from tierwise.files.findings import Finding
from tierwise.files.routing_table import DEFAULT, TITLES, RoutingRow
from tierwise.files.skill_files import SKILL_FILE, SkillFile, read_skill
from tierwise.files.text_files import read_text
from tierwise.files.tier_words import TierOfModel, no_model
from tierwise.files.walk import skill_paths

MAX_PLACES: Final = 200
"""Skills beside a skill that are looked into for its coordinator; those that are named so come first."""
COORDINATOR_SUFFIX: Final = "-coordinator"
_TABLE: Final = re.compile(
    "|".join(title for title, means in TITLES.items() if means == DEFAULT), re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Suite:
    """The skills below one folder, coordinators apart, agents apart, all ordered by path.

    Each of `skills` stands under its coordinator's row: tiers where it is silent, and the triggers.
    `findings` are what could not be looked at; what is wrong in a file is in its own findings.
    """

    folder: Path
    coordinators: tuple[SkillFile, ...]
    skills: tuple[SkillFile, ...]
    agents: tuple[SkillFile, ...]
    findings: tuple[Finding, ...]

    @property
    def coordinator(self) -> SkillFile | None:
        """The only coordinator; None if there is none or several."""
        return self.coordinators[0] if len(self.coordinators) == 1 else None


def read_suite(folder: Path, ladder: Ladder = BUILT_IN, tier_of_model: TierOfModel = no_model) -> Suite:
    """Every skill and agent below a folder, compiled ones left out. Never raises; bounded as the walk is."""
    paths, findings = skill_paths([folder])
    read = (read_skill(path, ladder, tier_of_model) for path in paths)
    files = [file for file in read if not file.is_made]
    agents = tuple(file for file in files if file.path.name != SKILL_FILE)
    skills = [file for file in files if file.path.name == SKILL_FILE]
    coordinators = tuple(file for file in skills if file.rows or file.skill.role is Role.COORDINATOR)
    return Suite(
        folder=folder,
        coordinators=coordinators,
        skills=tuple(_placed(file, coordinators) for file in skills if file not in coordinators),
        agents=agents,
        findings=tuple(findings),
    )


def coordinator_of(
    skill: SkillFile,
    ladder: Ladder = BUILT_IN,
    tier_of_model: TierOfModel = no_model,
    places: Iterable[Path] | None = None,
) -> SkillFile | None:
    """The first coordinator with a row for the skill among `places` (default: all); None if there is none."""
    for place in coordinator_places(skill.folder) if places is None else places:
        if not may_route(place):
            continue
        coordinator = read_skill(place, ladder, tier_of_model)
        if row_for(skill, coordinator) is not None:
            return coordinator
    return None


def may_route(place: Path) -> bool:
    """Whether the page speaks of default tiers at all: a look that costs no parsing."""
    text, _ = read_text(place)
    return text is not None and _TABLE.search(text) is not None


def under_coordinator(
    skill: SkillFile,
    ladder: Ladder = BUILT_IN,
    tier_of_model: TierOfModel = no_model,
    places: Iterable[Path] | None = None,
) -> SkillFile:
    """The skill under the row of its coordinator, as `coordinator_of` finds it; itself without one."""
    coordinator = coordinator_of(skill, ladder, tier_of_model, places)
    return skill if coordinator is None else _placed(skill, (coordinator,))


def coordinator_places(folder: Path) -> tuple[Path, ...]:
    """The SKILL.md files that may hold the table for the skill in this folder: above it, then beside it."""
    above = [folder.parent.parent / SKILL_FILE, folder.parent / SKILL_FILE]
    try:
        names = (entry.name for entry in os.scandir(folder.parent) if entry.is_dir())
        beside = sorted(names, key=lambda name: (not name.endswith(COORDINATOR_SUFFIX), name))
    except (OSError, ValueError):
        beside = []
    own = folder.name
    return (
        *(place for place in above if place.is_file()),
        *(folder.parent / name / SKILL_FILE for name in beside[:MAX_PLACES] if name != own),
    )


def row_for(skill: SkillFile, coordinator: SkillFile) -> RoutingRow | None:
    """The coordinator's row for the skill; None if it has none."""
    for row in coordinator.rows:
        if row.skill == skill.name:
            place = place_of(coordinator, row)
            if place is None or place.resolve() == skill.path.resolve():
                return row
    return None


def _placed(skill: SkillFile, coordinators: Iterable[SkillFile]) -> SkillFile:
    for coordinator in coordinators:
        row = row_for(skill, coordinator)
        if row is not None:
            return skill.under(coordinator, row)
    return skill
