"""Starter: the files that a project begins with, and what is still missing of them.

    .claude/model-routing.yaml                        every line a comment: nothing changes by itself
    .claude/schemas/tierwise-routing.schema.json      what an editor completes and checks it with
    .gitignore                                        + the session's file, which is a person's own

A file that is there is never touched; only `.gitignore` gets a line, if it has none that covers the file.

Source: rules.md section 5; seed A§3.1, A§3.2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from tierwise.core.tiers import BUILT_IN, Ladder
from tierwise.files.config_keys import KEYS, known_key, parts_of
from tierwise.files.config_schema import built_in_values
from tierwise.files.file_writing import as_written
from tierwise.files.new_files import Change
from tierwise.files.schemas import schema_of
from tierwise.files.text_files import stands
from tierwise.files.yaml_edit import quoted_text

CONFIGURATION: Final = ".claude/model-routing.yaml"
SESSION: Final = ".claude/session-config.yaml"
SCHEMA: Final = ".claude/schemas/tierwise-routing.schema.json"
IGNORE: Final = ".gitignore"
EXAMPLES: Final[dict[str, str]] = {
    "conservation_mode": "",
    "on_red_high": "",
    "switch_cost": "",
    "budget_zones.yellow_threshold": "",
    "budget_zones.red_threshold": "",
    "defaults.coordinator": "",
    "defaults.specialist": "",
    "weekly_budget.opus_messages": "45",
    "weekly_budget.total_spend": "20",
    "tiers.haiku.claude_code": "claude-haiku-5-5",
    "overrides.{skill}.preferred": "opus",
    "overrides.{skill}.minimum": "sonnet",
    "overrides.{skill}.reason": '"why its own block is overruled"',
}
"""Key → what the starter shows of it; "": the built-in value."""
WIDTH: Final = 100
"""Columns that a comment is wrapped to."""
HEAD: Final = """\
# yaml-language-server: $schema=schemas/tierwise-routing.schema.json
#
# How the skills and calls of this project are routed. Every line is a comment: take the `#` away from what
# is to hold. A project may name tiers and lower caps; `tierwise config show` tells what it may not say, and
# `tierwise config explain KEY` what stands now.
"""
_COVERING: Final = frozenset({".claude", ".claude/*", ".claude/**", SESSION, ".claude/session-config.*"})
"""Lines of a .gitignore that cover the session's file, without slashes at their ends."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is missing: `files` (path below the project → text), and the change of a file that is there."""

    files: dict[str, str] = field(default_factory=dict)
    change: Change | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.files and self.change is None


def plan_for(project: Path, skills: Iterable[str] = (), ladder: Ladder = BUILT_IN) -> Plan:
    """What a project lacks. ConfigError if its .gitignore cannot be read."""
    files: dict[str, str] = {}
    if not stands(project / CONFIGURATION):
        files[CONFIGURATION] = starter_text(next(iter(skills), "my-skill"))
        if not stands(project / SCHEMA):
            files[SCHEMA] = json.dumps(schema_of("routing", ladder), indent=2) + "\n"
    ignore = project / IGNORE
    if not is_repository(project):
        return Plan(files)
    if not stands(ignore):
        return Plan(files | {IGNORE: f"{SESSION}\n"})
    before = as_written(ignore)
    return Plan(files) if _covers(before) else Plan(files, Change(ignore, before, _with_line(before)))


def starter_text(skill: str) -> str:
    """The starter: a heading, then for each section what its keys mean and how they are written."""
    return HEAD + "".join(f"{line}\n" for line in _sections(skill))


def is_repository(project: Path) -> bool:
    """Whether the project lies in a git repository."""
    return any(stands(folder / ".git") for folder in (project.absolute(), *project.absolute().parents))


def _sections(skill: str) -> Iterator[str]:
    built_in = built_in_values(BUILT_IN)
    above: tuple[str, ...] = ()
    for key, value in EXAMPLES.items():
        parts = parts_of(key.format(skill="x"))
        known = known_key(key.format(skill="x"))
        assert parts is not None, "examples are keys"
        assert known is not None, "examples are keys"
        names = tuple(skill if part == "x" else part for part in parts)
        yield from _heading(above, names)
        above = names
        written = value or str(built_in[names])
        yield from (f"# {line}" for line in wrap(f"{KEYS[known].meaning}.", WIDTH))
        yield f"#{'  ' * (len(names) - 1)}{names[-1]}: {written}"


def _heading(above: tuple[str, ...], names: tuple[str, ...]) -> Iterator[str]:
    """The lines of the mappings that begin with a key, and an empty one before a new section."""
    if above[:1] != names[:1]:
        yield ""
    for depth, name in enumerate(names[:-1]):
        if above[: depth + 1] != names[: depth + 1]:
            yield f"#{'  ' * depth}{_key(name)}:"


def _key(name: str) -> str:
    """A name as a key: in quotes unless it is plainly a word."""
    return name if re.fullmatch(r"[A-Za-z][\w-]*", name, re.ASCII) else quoted_text(name)


def _covers(text: str) -> bool:
    lines = (line.strip().removeprefix("/").removesuffix("/") for line in text.splitlines())
    return any(line in _COVERING for line in lines)


def _with_line(text: str) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    return f"{text}{'' if not text or text.endswith(end) else end}{SESSION}{end}"


def as_json(plan: Plan) -> list[dict[str, Any]]:
    """`[{path, action, text}]`: what is written, or the whole text after a change."""
    made = [{"path": path, "action": "create", "text": text} for path, text in plan.files.items()]
    if plan.change is None:
        return made
    return [*made, {"path": IGNORE, "action": "change", "text": plan.change.after}]
