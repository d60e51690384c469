"""Skill files: a SKILL.md or an agent's Markdown file, read into the skill that the rules know.

    SKILL.md ─┬─ frontmatter ── homes ──┐
              │   routing.yaml ─────────┴─► Routing ─┐
              └─ body ─ table, steps, adaptations ───┴─► Skill, with provenance and findings

Reading never raises: what cannot be read leaves an undeclared skill and an error that says why.

Source: rules.md section 2; design.md, "Layout".
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tierwise.core.skills import Role, Routing, Skill, SkillStep, skill_of
from tierwise.core.tiers import BUILT_IN, Ladder
from tierwise.files.adaptations import read_adaptations
from tierwise.files.findings import Finding
from tierwise.files.frontmatter import Page, read_page
from tierwise.files.homes import Homes
from tierwise.files.markdown import lines_of
from tierwise.files.marks import is_made
from tierwise.files.nodes import Entry, Node, node_of, read_text, read_yaml
from tierwise.files.provenance import Provenance, Statement
from tierwise.files.routing_table import RoutingRow, read_tables
from tierwise.files.steps import read_steps
from tierwise.files.text_files import is_folder
from tierwise.files.tier_words import TierOfModel, TierWords, no_model

SKILL_FILE: Final = "SKILL.md"
SIDECAR_FILE: Final = "routing.yaml"
MAX_NAME_CHARACTERS: Final = 128
MAX_WARNINGS: Final = 200
"""Warnings kept of one skill; a file with more of them was not written by a person."""


@dataclasses.dataclass(frozen=True, slots=True)
class SkillFile:
    """One skill as its files describe it.

    `description` is "" where the frontmatter has none. `routing` is the merged block, None if no home says
    anything. `provenance` has an entry for every key of it, `said` all that its own homes say, weakest first.
    `rows` is the coordinator's table. `sources` are the files that were read, the skill's own first.
    `adaptation_lines` has the line of each of the skill's own adaptations, by (from, to). `is_made` says that
    the file was compiled from another one, and is no skill of its author's.
    """

    path: Path
    name: str
    skill: Skill
    description: str = ""
    routing: Routing | None = None
    provenance: Mapping[str, Provenance] = dataclasses.field(default_factory=dict)
    said: tuple[Statement, ...] = ()
    rows: tuple[RoutingRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    sources: tuple[Path, ...] = ()
    adaptation_lines: Mapping[tuple[str, str], int] = dataclasses.field(default_factory=dict)
    is_made: bool = False

    @property
    def folder(self) -> Path:
        """The skill's base directory."""
        return self.path.parent

    @property
    def steps(self) -> tuple[SkillStep, ...]:
        """The numbered steps of its procedure, with the tiers that they name."""
        return self.skill.steps

    @property
    def usable(self) -> bool:
        """Whether all of its files could be read."""
        return all(finding.severity != "error" for finding in self.findings)

    def under(self, coordinator: SkillFile, row: RoutingRow) -> SkillFile:
        """This skill with its row of the coordinator's table: tiers where it is silent, and the triggers."""
        filled = row.fill(self.routing)
        skill = skill_of(
            self.name,
            filled,
            role=self.skill.role,
            triggers=row.triggers,
            adaptations=self.skill.adaptations,
            steps=self.skill.steps,
        )
        told = {key: _told_by(coordinator, row, key) for key in row.tiers()} | dict(self.provenance)
        return dataclasses.replace(self, skill=skill, routing=filled, provenance=told)


def _told_by(coordinator: SkillFile, row: RoutingRow, key: str) -> Provenance:
    return Provenance(str(coordinator.path), row.line, "table", row.tiers()[key])


def read_skill(path: Path, ladder: Ladder = BUILT_IN, tier_of_model: TierOfModel = no_model) -> SkillFile:
    """The skill in a SKILL.md, in the folder that holds one, or in an agent's Markdown file. Never raises.

    Tiers are read against `ladder`; a model id counts as the tier that `tier_of_model` gives it.
    """
    file = path / SKILL_FILE if is_folder(path) else path
    words = TierWords(ladder, tier_of_model)
    text, findings = read_text(file)
    if text is None:
        name = _name_of_place(file)
        return SkillFile(file, name, Skill(name), findings=tuple(findings), sources=(file,))
    page, found = read_page(text, str(file))
    homes = Homes(str(file), words, findings=[*findings, *found])
    if page.head is not None:
        homes.read_frontmatter(page.head)
    sidecar = file.with_name(SIDECAR_FILE)
    sources = (file, sidecar) if file.name == SKILL_FILE and os.path.lexists(sidecar) else (file,)
    for source in sources[1:]:
        _read_sidecar(source, homes)
    return dataclasses.replace(_skill_file(file, page, homes, sources), is_made=is_made(text))


def told_skill(
    name: str,
    frontmatter: Mapping[str, object],
    ladder: Ladder = BUILT_IN,
    tier_of_model: TierOfModel = no_model,
) -> SkillFile:
    """The skill as a client tells it: its whole frontmatter as JSON values, bounded in depth. Never raises.

    It counts like the same lines on disk, as the project's word. There is no body, so there are no steps.
    """
    file = Path(name) / SKILL_FILE
    homes = Homes(str(file), TierWords(ladder, tier_of_model))
    head = node_of(frontmatter)
    homes.read_frontmatter(head)
    return _skill_file(file, Page(head, "", 1), homes, ())


def _read_sidecar(path: Path, homes: Homes) -> None:
    text, findings = read_text(path)
    homes.findings += findings
    if text is None:
        return
    root, findings = read_yaml(text, str(path))
    homes.findings += findings
    if root is not None:
        homes.read_sidecar(root, str(path))


def _skill_file(file: Path, page: Page, homes: Homes, sources: tuple[Path, ...]) -> SkillFile:
    entries = page.head.entries if page.head is not None else {}
    name = _name(file, entries["name"].node if "name" in entries else None, homes.findings)
    lines = list(lines_of(page.body, page.body_line))
    rows, table_findings = read_tables(lines, str(file), homes.words)
    sections, adaptation_findings = read_adaptations(lines, str(file), homes.words)
    adaptations = tuple((section.pair, section.text) for section in sections)
    steps, step_findings = read_steps(lines, str(file), homes.words)
    role = Role.COORDINATOR if rows or name.endswith("-coordinator") else None
    return SkillFile(
        path=file,
        name=name,
        description=_description(entries),
        skill=skill_of(name, homes.routing, role=role, adaptations=adaptations, steps=steps),
        routing=homes.routing,
        provenance=homes.provenance,
        said=tuple(homes.said),
        rows=rows,
        findings=_bounded(file, [*homes.findings, *table_findings, *step_findings, *adaptation_findings]),
        sources=sources,
        adaptation_lines={section.pair: section.line for section in sections},
    )


def _description(entries: Mapping[str, Entry]) -> str:
    node = entries["description"].node if "description" in entries else None
    return node.text.strip() if node is not None and node.value is not None else ""


def _bounded(file: Path, findings: list[Finding]) -> tuple[Finding, ...]:
    """Every error, and the first `MAX_WARNINGS` warnings; how many were left out is told."""
    warnings = [finding for finding in findings if finding.severity == "warning"]
    left_out = len(warnings) - MAX_WARNINGS
    if left_out <= 0:
        return tuple(findings)
    problem = f"{left_out:,} more warnings were left out"
    more = Finding(str(file), 0, "", problem, "Mend the first ones.", "warning", "too-many-findings")
    errors = [finding for finding in findings if finding.severity == "error"]
    return (*errors, *warnings[:MAX_WARNINGS], more)


def _name(file: Path, node: Node | None, findings: list[Finding]) -> str:
    """The name in the frontmatter; the place's name, with a finding, if it is no printable word."""
    if node is None or node.value is None:
        return _name_of_place(file)
    name = node.text.strip()
    if name.isprintable() and 0 < len(name) <= MAX_NAME_CHARACTERS:
        return name
    problem = f"not a name: printable text of 1 to {MAX_NAME_CHARACTERS} characters"
    remedy = f"Use `{_name_of_place(file)}`, as the file is called."
    findings.append(Finding(str(file), node.line, "name", problem, remedy, "warning", "bad-name"))
    return _name_of_place(file)


def _name_of_place(file: Path) -> str:
    """A SKILL.md is called after its folder, an agent after its file."""
    if file.name != SKILL_FILE:
        return file.stem
    folder = file.absolute().parent
    return folder.resolve().name if folder.name == ".." else folder.name
