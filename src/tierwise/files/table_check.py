"""Table check: what is surely wrong between a coordinator's routing table and the suite that it routes to.

    | Skill | Path         | Default | Trigger         | Floor  |
    | map   | skills/map/  | haiku   |                 | sonnet |   the floor is above the default
    | map   | skills/trace | haiku   | dynamic → haiku |        |   a second row; another name; a dead trigger
                                                                  … and there is no row for skills/fix/

A table may leave out what its author wants left out: that a skill has no row is told only of a suite whose
table names at least half of the skills that lie together. `check` holds single values against each other.

Source: seed A§4.1; rules.md sections 2 and 5.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tierwise.core.skills import Role, Skill, Trigger, skill_of
from tierwise.files.findings import Finding
from tierwise.files.nodes import quoted
from tierwise.files.routing_table import FLOOR, SKILL, TRIGGER, RoutingRow
from tierwise.files.skill_files import SKILL_FILE, SkillFile

SKILLS_FOLDER: Final = "skills"
COORDINATOR_SUFFIX: Final = "-coordinator"
NAMES_SHOWN: Final = 10

Complaint = tuple[str, str, str, str]
"""(rule, column, problem, remedy)."""


def table_findings(
    coordinator: SkillFile, named: Sequence[SkillFile | None], skills: Iterable[SkillFile]
) -> list[Finding]:
    """What is wrong with the table as a whole, and with each row beside the skill that it leads to.

    `named` holds, for each row, the skill that its path leads to, None if it leads nowhere; `skills` is
    whatever was read beside the coordinator. Every finding is a warning at the row's line.
    """
    findings = []
    seen: dict[str, RoutingRow] = {}
    for row, skill in zip(coordinator.rows, named, strict=True):
        for rule, key, problem, remedy in (*_twice(row, seen), *_complaints(coordinator, row, skill)):
            findings.append(
                _finding(coordinator, row.line, key, rule, f"{quoted(row.skill)}: {problem}", remedy)
            )
        seen.setdefault(row.skill, row)
    return [*findings, *_unrouted(coordinator, named, skills)]


def _twice(row: RoutingRow, seen: dict[str, RoutingRow]) -> Iterator[Complaint]:
    if row.skill in seen:
        problem = f"a second row; the one in line {seen[row.skill].line} counts"
        yield "row-twice", SKILL, problem, "Keep one; several triggers stand in one cell, separated by `;`."


def _complaints(coordinator: SkillFile, row: RoutingRow, skill: SkillFile | None) -> Iterator[Complaint]:
    if skill is not None and skill.name != row.skill:
        problem = f"the path leads to the skill {quoted(skill.name)}, so the row has no effect on it"
        yield "row-name", SKILL, problem, f"Write {skill.name} here, or name another path."
        return
    if row.floor is not None and row.default is not None and row.floor > row.default:
        problem = f"the floor {row.floor} is above the default tier {row.default}"
        yield "row-floor-above-default", FLOOR, problem, f"Lower it to {row.default}, or raise the default."
        return
    decided = skill.under(coordinator, row).skill if skill else skill_of(row.skill, row.fill(None))
    for trigger in row.triggers:
        yield from _trigger(trigger, row, decided)


def _trigger(trigger: Trigger, row: RoutingRow, skill: Skill) -> Iterator[Complaint]:
    """What is wrong with a trigger, given the skill as it stands under its row."""
    usual, lowest, to = skill.preferred, skill.minimum, trigger.to
    if usual is None:
        return
    text = f"the trigger {quoted(trigger.when)} leads to {to}"
    if to == usual and all(other.to >= usual for other in row.triggers):
        yield "dead-trigger", TRIGGER, f"{text}, where it runs anyway", "Name another tier, or leave it out."
    elif lowest is not None and to < lowest <= usual:
        remedy = f"Name {lowest}, or lower the floor to {to}."
        yield "trigger-below-floor", TRIGGER, f"{text}, below the lowest tier it may have, {lowest}", remedy
    elif to > usual and not skill.allow_upgrade:
        problem = f"{text}, but the skill says `allow_upgrade: false` at {usual}"
        yield "dead-trigger", TRIGGER, problem, "Leave it out, or let the skill be upgraded."


def _unrouted(
    coordinator: SkillFile, named: Sequence[SkillFile | None], skills: Iterable[SkillFile]
) -> Iterator[Finding]:
    """The skills that lie beside those of the table, inside the suite, and stand in no row."""
    if not coordinator.rows:
        return
    routed = {_real(file.folder) for file in named if file is not None}
    shelves = {folder.parent for folder in routed if _in_suite(folder, coordinator)}
    names = {row.skill for row in coordinator.rows}
    missing = [
        file.name
        for file in skills
        if _is_specialist(file)
        and file.name not in names
        and (folder := _real(file.folder)) not in routed
        and folder.parent in shelves
    ]
    if missing and len(missing) <= len(names):
        shown = ", ".join(quoted(name) for name in missing[:NAMES_SHOWN])
        more = f" and {len(missing) - NAMES_SHOWN} more" if len(missing) > NAMES_SHOWN else ""
        problem = f"no row for {shown}{more} of this suite: nothing is routed there"
        remedy = "Add a row, or move what does not belong to the suite."
        yield _finding(coordinator, coordinator.rows[-1].line, SKILL, "suite-unrouted", problem, remedy)


def _is_specialist(file: SkillFile) -> bool:
    return file.path.name == SKILL_FILE and not file.rows and file.skill.role is not Role.COORDINATOR


def _in_suite(folder: Path, coordinator: SkillFile) -> bool:
    """Whether a skill surely is the coordinator's: below its folder, or beside it in `<suite>/skills/`."""
    own = _real(coordinator.folder)
    if own in folder.parents:
        return True
    suite = own.parent.parent.name + COORDINATOR_SUFFIX
    return folder.parent == own.parent and own.parent.name == SKILLS_FOLDER and coordinator.name == suite


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _finding(coordinator: SkillFile, line: int, key: str, rule: str, problem: str, remedy: str) -> Finding:
    return Finding(str(coordinator.path), line, key, problem, remedy, "warning", rule)
