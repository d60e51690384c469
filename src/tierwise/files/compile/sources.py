"""Sources: the skills and agents of a suite, with their text, and which clients see them as they lie.

What was made itself is no source, nor is a copy that lies in the folder.

Source: research/clients.md sections 3, 4, 11 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from tierwise.core.skills import Skill
from tierwise.files.compile.artifacts import Kind, Source
from tierwise.files.findings import Finding
from tierwise.files.frontmatter import read_page
from tierwise.files.marks import LIST_FILE
from tierwise.files.skill_files import SkillFile
from tierwise.files.suites import Suite
from tierwise.files.text_files import read_exact

PLUGIN: Final = Path(".claude-plugin", "plugin.json")
SkillOf = Callable[[SkillFile], Skill]
"""A file → the skill under the project's overrides."""


def sources_of(suite: Suite, skill_of_file: SkillOf) -> tuple[list[Source], list[Finding]]:
    """What a suite is compiled from, without aims, and what cannot be read. Never raises."""
    sources: list[Source] = []
    findings: list[Finding] = list(suite.findings)
    kinds: tuple[tuple[Kind, Iterable[SkillFile]], ...] = (
        ("coordinator", suite.coordinators),
        ("skill", suite.skills),
        ("agent", suite.agents),
    )
    for kind, files in kinds:
        for file in files:
            if _is_copied(file.path, suite.folder):
                continue
            raw, wrong = read_exact(file.path)
            if raw is None:
                findings += wrong
            else:
                sources.append(_source(file, kind, raw, skill_of_file(file)))
                findings += file.findings
    return sources, findings


def _is_copied(path: Path, suite: Path) -> bool:
    """Whether the file lies in a copy, below the folder of the suite."""
    folders = [folder for folder in path.parents if folder != suite and folder.is_relative_to(suite)]
    return any((folder / LIST_FILE).is_file() for folder in folders)


def _source(file: SkillFile, kind: Kind, raw: str, skill: Skill) -> Source:
    page, _ = read_page(raw.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), "")
    said = page.head.entries.get("description") if page.head is not None else None
    description = " ".join(said.node.text.split()) if said is not None else ""
    return Source(file, skill, kind, raw, in_sight=in_sight(file.path, kind), description=description)


def in_sight(path: Path, kind: Kind) -> frozenset[str]:
    """The platforms whose client finds the file where it lies."""
    folder = path.absolute().parent if kind == "agent" else path.absolute().parent.parent
    home, called = folder.parent, folder.name
    seen = set()
    if kind == "agent":
        if called == "agents" and (home.name == ".claude" or (home / PLUGIN).is_file()):
            seen.add("claude-code")
        if called in ("agent", "agents") and home.name == ".opencode":
            seen.add("opencode")
    elif called == "skills":
        if home.name == ".claude" or (home / PLUGIN).is_file():
            seen.add("claude-code")
        if home.name in (".agents", ".codex"):
            seen.add("codex")
    return frozenset(seen)


def folder_for_claude(suite: Path) -> Path:
    """The `.claude` folder or the plugin that a suite lies in, else `.claude` in the suite."""
    suite = suite.absolute()
    for folder in (suite, *suite.parents):
        if folder.name == ".claude" or (folder / PLUGIN).is_file():
            return folder
    return suite / ".claude"


def project_for(suite: Path, marks: frozenset[str]) -> Path:
    """The folder that holds the `.claude`, `.agents`, … that a suite lies in, else the suite itself."""
    suite = suite.absolute()
    for folder in (suite, *suite.parents):
        if folder.name in marks:
            return folder.parent
    return suite
