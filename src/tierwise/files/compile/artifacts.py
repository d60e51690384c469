"""Artifacts: the files that a platform is to have, as values, before anything is written.

    Source (a skill's file, its text, where it is to run)  ──target──►  Artifacts (path → bytes, notes)

A file that was made says so in a comment near its top, with what it was made from. Only such a file is ever
replaced or removed; everything else belongs to a person.

Source: rules.md section 2; research/clients.md sections 3, 4, 11 and 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tierwise.core.skills import Skill
from tierwise.files.findings import Finding
from tierwise.files.skill_files import SkillFile

Kind = Literal["skill", "coordinator", "agent"]
Ownership = Literal["marker", "list", "source"]
"""Why a file may be replaced: it says so itself; the list of what was copied has it; it is the source."""

NAME: Final = re.compile(r"[^\W_](?:[\w.-]{0,126}[^\W_])?")
"""A skill's name that can be a file's name everywhere."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a skill is to run: its tier, the model's name on the platform, and the effort, if it says one."""

    tier: str
    model: str
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a suite. `text` is what it holds, BOM and line ends included.

    `skill` is the skill under its coordinator and the project's overrides. `aim` is None for what declares
    nothing. `in_sight` are the platforms whose client finds this very file by itself. `description` is the
    author's, on one line.
    """

    file: SkillFile
    skill: Skill
    kind: Kind
    text: str
    aim: Aim | None = None
    in_sight: frozenset[str] = frozenset()
    description: str = ""

    @property
    def name(self) -> str:
        """The skill's or the agent's name; that of its folder or file, where the name cannot be a file's."""
        if NAME.fullmatch(self.file.name):
            return self.file.name
        return self.file.path.stem if self.kind == "agent" else self.file.folder.absolute().name


@dataclass(frozen=True, slots=True)
class Made:
    """One file as it should be, and the source that it is made from."""

    path: Path
    content: bytes
    origin: Path
    ownership: Ownership = "marker"
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What a person should know about one skill, or (name "") about all of them."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What one platform is to have. `places` are patterns, below `root`, of what was ever made there."""

    root: Path
    files: tuple[Made, ...] = ()
    notes: tuple[Note, ...] = ()
    findings: tuple[Finding, ...] = ()
    places: tuple[str, ...] = ()


def twin_name(source: Source, platform: str) -> str:
    """What a skill's stand-in is called: as the skill, unless the client would then see two of one name."""
    assert source.aim is not None, "only what is declared has a twin"
    return f"{source.name}-on-{source.aim.tier}" if platform in source.in_sight else source.name


def name_findings(
    sources: Iterable[Source], names: Mapping[Path, str], *, apart: bool = False
) -> Iterator[Finding]:
    """An error for every source whose name cannot be a file's name, or is already taken by another.

    `apart`: agents are written apart from skills, so that both may have one name.
    """
    taken: dict[tuple[bool, str], Path] = {}
    for source in sources:
        name, path = names[source.file.path], source.file.path
        if not NAME.fullmatch(name):
            problem = "the name cannot be the name of a file"
            remedy = "Use letters, digits, `-`, `_` and `.`."
            yield Finding(str(path), 0, "name", problem, remedy, "error", "bad-name")
            continue
        first = taken.setdefault((apart and source.kind == "agent", name.casefold()), path)
        if first != path:
            problem = f"`{name}` is made from {first} already"
            yield Finding(str(path), 0, "name", problem, "Rename one of them.", "error", "compile-conflict")


COORDINATOR_NOTE: Final = "a coordinator stays in the conversation, on the session's own model"
_NATIVE: Final = frozenset({"preferred", "effort", "role", "estimated_tokens"})
"""Keys that a platform obeys, or that ask for nothing."""


def unheeded(source: Source, platform: str) -> Note | None:
    """The keys of a block that only tierwise itself can obey, as a note; None if there are none."""
    routing = source.file.routing
    if routing is None or source.aim is None:
        return None
    keys = [key for key in routing.__slots__ if key not in _NATIVE and getattr(routing, key) is not None]
    keys += ["triggers"] if source.skill.triggers else []
    if not keys:
        return None
    return Note(source.name, f"{platform} cannot obey {', '.join(keys)}: that takes the gateway")
