"""Skill templates: a suite, its coordinator and its specialists, as text that every validator accepts.

    <suite>/.claude-plugin/plugin.json                   what makes the folder a plugin
    <suite>/skills/<suite>-coordinator/SKILL.md          purpose, routing table, procedure, handoff
    <suite>/skills/<skill>/SKILL.md (and routing.yaml)   block, steps, adaptations

The routing block stands in flat `metadata:` keys, which the Agent Skills reference validator accepts; what
has no room there stands in `routing.yaml`. What only the author can know is marked `TODO`.

Source: seed A§4.1, A§7.3; rules.md section 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tierwise.core.tiers import Ladder, Tier
from tierwise.files.routing_table import RoutingRow
from tierwise.files.skill_files import SIDECAR_FILE, SKILL_FILE
from tierwise.files.step_templates import MARK, PATTERNS, Tiers, adaptation_text
from tierwise.files.suites import COORDINATOR_SUFFIX
from tierwise.files.table_edit import with_row

PLUGIN_FILE: Final = ".claude-plugin/plugin.json"
SKILLS_FOLDER: Final = "skills"

NO_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What some reader of YAML takes for a value."""

Files = dict[str, str]
"""Path below the folder that is written to → text."""


@dataclass(frozen=True, slots=True)
class Specialist:
    """A skill to be written. `acceptable` ends with its preferred tier and begins with its minimum."""

    name: str
    pattern: str
    tiers: Tiers
    acceptable: tuple[Tier, ...]
    demand: str


def moves(pattern: str) -> bool:
    """Whether the steps of the pattern run on different tiers."""
    return pattern != "plain"


def specialist_of(name: str, pattern: str, ladder: Ladder, top: Tier | None = None) -> Specialist:
    """A skill of that pattern; without `top` at the pattern's usual tier.

    A pattern that moves between tiers needs a `top` above the lowest rung.
    """
    top = top or (ladder.heavy if pattern == "cascade" else ladder.standard)
    below = ladder.below(top)
    if not moves(pattern):
        acceptable = (below, top) if below else (top,)
        demand = "high" if top >= ladder.heavy else "medium" if below else "low"
        return Specialist(name, pattern, Tiers(acceptable[0], top, top), acceptable, demand)
    assert below is not None, "a pattern that moves has somewhere to move to"
    middle = ladder.standard if ladder.lowest < ladder.standard < top else top
    between = (rung for rung in ladder.rungs[: top.rank] if rung.name not in ladder.premium)
    return Specialist(name, pattern, Tiers(ladder.lowest, middle, top), (*between, top), "variable")


def skill_files(skill: Specialist) -> Files:
    """The files of one skill, below its own folder."""
    steps = enumerate(PATTERNS[skill.pattern](skill.tiers), 1)
    block = {
        "preferred": skill.tiers.top.name,
        "acceptable": " ".join(tier.name for tier in skill.acceptable),
        "minimum": skill.acceptable[0].name,
        "reasoning_demand": skill.demand,
    }
    parts = [
        _frontmatter(skill.name, f"{MARK}: what it does, and when it is the one to use.", block),
        f"# {_title(skill.name)}",
        f"{MARK}: what comes in, and what has to come out.",
        "## Procedure",
        *(step.text(number) for number, step in steps),
        *_adaptations(skill),
    ]
    files = {SKILL_FILE: "\n\n".join(parts) + "\n"}
    if skill.pattern == "cascade":
        files[SIDECAR_FILE] = CONDITIONS.format(mark=MARK, low=skill.tiers.low)
    return files


def suite_files(suite: str, skills: Sequence[Specialist], lowest: Tier) -> Files:
    """The files of a suite, below its own folder; the coordinator runs on the lowest tier."""
    coordinator = f"{SKILLS_FOLDER}/{coordinator_name(suite)}/{SKILL_FILE}"
    page = _coordinator(suite, lowest)
    for skill in skills:
        page = with_row(page, row_of(skill, f"../{skill.name}/"), coordinator)
    files = {PLUGIN_FILE: _manifest(suite), coordinator: page}
    for skill in skills:
        files |= {f"{SKILLS_FOLDER}/{skill.name}/{file}": text for file, text in skill_files(skill).items()}
    return files


def row_of(skill: Specialist, path: str) -> RoutingRow:
    """The skill's row of a routing table; `path` leads to it from the coordinator."""
    return RoutingRow(skill.name, path, skill.tiers.top, (), skill.acceptable[0], 0)


def coordinator_name(suite: str) -> str:
    """What the coordinator of a suite is called."""
    return suite.removesuffix(COORDINATOR_SUFFIX) + COORDINATOR_SUFFIX


def _manifest(suite: str) -> str:
    """The plugin's manifest, with everything that a strict validation asks for."""
    purpose = f"{MARK}: what the suite is for."
    plugin = {"name": suite, "version": "0.1.0", "description": purpose, "author": {"name": MARK}}
    return json.dumps(plugin, indent=2) + "\n"


def _frontmatter(name: str, description: str, block: dict[str, str]) -> str:
    keys = (f"  tierwise.{key}: {json.dumps(text) if ' ' in text else text}" for key, text in block.items())
    head = (
        f"name: {_plain(name)}",
        f"description: {json.dumps(description, ensure_ascii=False)}",
        "metadata:",
    )
    return "\n".join(["---", *head, *keys, "---"])


def _plain(name: str) -> str:
    """The name as YAML: in quotes where it would be read as something else than a word."""
    return json.dumps(name) if name[0].isdigit() or name in NO_WORDS else name


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _adaptations(skill: Specialist) -> Iterator[str]:
    """The section for runs below the preferred tier, one paragraph for each tier that it accepts."""
    *lower, top = skill.acceptable
    if lower:
        yield "## Degradation Adaptations"
        yield from (adaptation_text(tier, top) for tier in reversed(lower))


def _coordinator(suite: str, lowest: Tier) -> str:
    name = coordinator_name(suite)
    block = {"preferred": lowest.name, "minimum": lowest.name, "reasoning_demand": "low"}
    description = (
        f"Routes a request to the skill of the {suite} suite that it is for. {MARK}: which requests."
    )
    head = _frontmatter(name, description, block)
    return COORDINATOR.format(head=head, title=_title(name), tier=lowest, mark=MARK)


CONDITIONS: Final = """\
# Conditions are a list, and flat metadata has no room for one: so they stand here, beside SKILL.md.
# {mark}: the words by which a request shows that it is a familiar case.
conditions:
  - when: "known pattern, exact fix is given, one-line change"
    downgrade_to: {low}
"""
COORDINATOR: Final = """\
{head}

# {title}

## Purpose

Find the skill that a request is for and the tier that is enough for it, and hand the request over. The work
itself is not done here. {mark}: which requests belong to this suite, and which do not.

## Routing Table

| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |
|-------|------|--------------|-----------------|-----------------|

A trigger reads `words of a request → tier`, up or down; `;` stands between two of them. {mark}: yours.

## Model Selection Procedure

Step 1: Find the skill.
  - Hold the request against the names and descriptions of the skills in the table.
  - If none fits, or several do, ask; do not guess.

Step 2: Look up its default tier in the table.

Step 3: See whether something speaks for another tier. What stands first here wins.
  - The user names a model: that one, though not below the skill's minimum unless the user says so.
  - The budget is red: the floor. It is yellow: the floor, if the skill may be lowered.
  - The request meets a trigger of the row: the tier that the trigger leads to.

Step 4: Load the SKILL.md at the row's path, and run it at that tier.

Step 5: Hand the request over, together with the tier and the reason for it.

## Handoff

Pass on the request as the user wrote it, what is known already, and this line:

`{{"model_tier": "{tier}", "reason": "default tier of the table"}}`

Where `tierwise` is installed, `tierwise handoff` answers steps 1 to 3 without asking a model.
"""
