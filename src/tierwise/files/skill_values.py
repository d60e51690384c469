"""Skill values: every key of every skill's block as it stands in a project, and everything that it overrode.

    row of its coordinator < string < metadata < frontmatter < sidecar < project's override < session's wish

    skills.ui-bug-investigator.preferred    sonnet    .claude/session-config.yaml:4     session
      instead of                            opus      .claude/model-routing.yaml:7      project
      instead of                            sonnet    …/ui-bug-investigator/SKILL.md:5  frontmatter

A session's wish is no key of the block, but it replaces the tier that the block prefers, so it stands on top.

Source: rules.md sections 2 and 5; seed A§3.1, A§3.2, A§4.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tierwise.core.tiers import Ladder
from tierwise.files.config import Config, Entry
from tierwise.files.config_keys import BLOCK
from tierwise.files.findings import Finding
from tierwise.files.provenance import Provenance
from tierwise.files.skill_files import SKILL_FILE, SkillFile, read_skill
from tierwise.files.suites import coordinator_places, may_route, row_for
from tierwise.files.text_files import is_folder
from tierwise.files.tier_words import TierOfModel
from tierwise.files.walk import skill_paths

SKILL_FOLDERS: Final = (".claude/skills", ".agents/skills", ".codex/skills", "skills")
"""Where a project keeps its skills, for every client that has such a place."""
SECTION: Final = "skills"


@dataclass(frozen=True, slots=True)
class SkillEntries:
    """One skill: its file, the file of its coordinator (None: it has none), and its keys as they stand."""

    file: SkillFile
    coordinator: Path | None
    entries: tuple[Entry, ...]

    def value(self, key: str) -> object:
        """What stands under a key of the block; None if nobody says anything."""
        name = f"{SECTION}.{self.file.name}.{key}"
        return next((entry.value for entry in self.entries if entry.key == name), None)


def project_skills(project: Path) -> tuple[list[Path], list[Finding]]:
    """The SKILL.md files of a project, by path, and what could not be looked at."""
    roots = [project / folder for folder in SKILL_FOLDERS if is_folder(project / folder)]
    own = project / SKILL_FILE
    paths, findings = skill_paths([*([own] if own.is_file() else []), *roots])
    return [path for path in paths if path.name == SKILL_FILE], findings


def skill_entries(
    paths: Iterable[Path], config: Config, tier_of_model: TierOfModel
) -> tuple[SkillEntries, ...]:
    """The skills in these files as they stand under their coordinators and the configuration."""
    ladder = config.settings.ladder
    files = [read_skill(path, ladder, tier_of_model) for path in paths]
    routers = _Routers(ladder, tier_of_model)
    said = {entry.key: entry for entry in config.entries}
    return tuple(_entries(file, routers.beside(file), said) for file in files)


class _Routers:
    """The coordinators that may route to the skills of a folder, each folder looked through once."""

    def __init__(self, ladder: Ladder, tier_of_model: TierOfModel) -> None:
        self._ladder, self._tier_of_model = ladder, tier_of_model
        self._known: dict[Path, list[SkillFile]] = {}

    def beside(self, file: SkillFile) -> list[SkillFile]:
        parent = file.folder.absolute().parent
        if parent not in self._known:
            places = filter(may_route, coordinator_places(parent / "-"))
            read = (read_skill(place, self._ladder, self._tier_of_model) for place in places)
            self._known[parent] = [one for one in read if one.rows]
        return self._known[parent]


def _entries(file: SkillFile, routers: Iterable[SkillFile], said: Mapping[str, Entry]) -> SkillEntries:
    standing: dict[str, Entry] = {}
    coordinator = None
    for router in routers:
        row = None if router.path.resolve() == file.path.resolve() else row_for(file, router)
        if row is not None:
            coordinator = router.path
            values = {"preferred": row.default, "minimum": row.floor}
            for key, column in row.tiers().items():
                _stand(
                    standing,
                    _entry(file, key, values[key], Provenance(str(router.path), row.line, "table", column)),
                )
            break
    for key, value, at in file.said:
        _stand(standing, _entry(file, key, value, at))
    for key in BLOCK:
        _stand_over(standing, file, key, said.get(f"overrides.{file.name}.{key}"))
    _stand_over(standing, file, "preferred", said.get(f"skill_overrides.{file.name}"))
    order = list(BLOCK)
    entries = sorted(standing.values(), key=lambda entry: order.index(entry.key.rpartition(".")[2]))
    return SkillEntries(file, coordinator, tuple(entries))


def _entry(file: SkillFile, key: str, value: object, at: Provenance) -> Entry:
    return Entry(f"{SECTION}.{file.name}.{key}", value, at.home, at.path, at.line)


def _stand_over(standing: dict[str, Entry], file: SkillFile, key: str, over: Entry | None) -> None:
    """Lay what a configuration says, with its own chain, over what the skill says."""
    if over is not None:
        for one in (*reversed(over.overridden), over):
            _stand(standing, replace(one, key=f"{SECTION}.{file.name}.{key}", overridden=()))


def _stand(standing: dict[str, Entry], entry: Entry) -> None:
    before = standing.get(entry.key)
    if before is not None:
        entry = replace(entry, overridden=(replace(before, overridden=()), *before.overridden))
    standing[entry.key] = entry
