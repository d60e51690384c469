"""The shelf: the SKILL.md of a skill in use, read from the folder that a client names, if that is allowed.

A client's word is untrusted: the folder must lie inside an allowed root, after links are resolved, or the
file is not opened. A file is read again only when it, its sidecar or a possible coordinator has changed.

Source: rules.md section 5 (trust); research/clients.md section 3.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tierwise.core.tiers import Ladder
from tierwise.files.skill_files import SIDECAR_FILE, SKILL_FILE, SkillFile, read_skill
from tierwise.files.suites import coordinator_places, under_coordinator
from tierwise.files.tier_words import TierOfModel

MAX_SKILLS: Final = 512
PROJECT_MARKS: Final = frozenset({".claude", ".agents", ".codex", ".opencode"})

Signature = tuple[tuple[int, int, int] | None, ...]
"""What tells whether files have changed: inode, size and time of change of each; None for a missing one."""


def signature_of(paths: Sequence[Path]) -> Signature:
    """The signature of these files now."""
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, and there may be many
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class Shelf:
    """Skill files by folder, at most `MAX_SKILLS` of them, the longest unused given up first."""

    def __init__(self, roots: Sequence[Path], tier_of_model: TierOfModel) -> None:
        self.roots: Final = tuple(Path(os.path.realpath(root)) for root in roots)
        self._tier_of_model = tier_of_model
        self._read: OrderedDict[tuple[str, Ladder], tuple[Signature, SkillFile]] = OrderedDict()
        self._places: OrderedDict[str, tuple[Signature, tuple[Path, ...]]] = OrderedDict()

    def allows(self, folder: str) -> Path | None:
        """The real path of the folder if it lies inside an allowed root; None if it does not."""
        if not folder or "\0" in folder or not Path(folder).is_absolute():
            return None
        real = Path(os.path.realpath(folder))
        file = Path(os.path.realpath(real / SKILL_FILE))
        return real if self._holds(real) and self._holds(file) else None

    def holds(self, path: Path) -> bool:
        """Whether the path lies inside an allowed root, after links are resolved."""
        return self._holds(Path(os.path.realpath(path)))

    def skill_at(self, folder: Path, ladder: Ladder) -> SkillFile:
        """The skill in an allowed folder, under its coordinator's row, on this ladder; never raises.

        A coordinator is looked for beside and above the skill, inside the allowed roots.
        """
        key = str(folder), ladder
        places = self._coordinator_places(folder)
        now = signature_of((folder / SKILL_FILE, folder / SIDECAR_FILE, *places))
        known = self._read.get(key)
        if known is None or known[0] != now:
            known = now, self._read_skill(folder, ladder, places)
        self._read[key] = known
        self._read.move_to_end(key)
        while len(self._read) > MAX_SKILLS:
            self._read.popitem(last=False)
        return known[1]

    def _coordinator_places(self, folder: Path) -> tuple[Path, ...]:
        """Where the skill's coordinator may lie; looked up again when a skill beside it comes or goes."""
        around = signature_of((folder.parent, folder.parent.parent))
        known = self._places.get(str(folder))
        if known is None or known[0] != around:
            known = around, coordinator_places(folder)
        self._places[str(folder)] = known
        self._places.move_to_end(str(folder))
        while len(self._places) > MAX_SKILLS:
            self._places.popitem(last=False)
        return known[1]

    def _read_skill(self, folder: Path, ladder: Ladder, places: Sequence[Path]) -> SkillFile:
        skill = read_skill(folder, ladder, self._tier_of_model)
        allowed = (place for place in places if self._holds(Path(os.path.realpath(place))))
        return under_coordinator(skill, ladder, self._tier_of_model, allowed)

    def _holds(self, real: Path) -> bool:
        return any(real.is_relative_to(root) for root in self.roots)


def project_of(folder: Path) -> Path | None:
    """The project of a skill's folder: what holds its `.claude`, `.agents`, …; None if nothing does."""
    for ancestor in folder.parents:
        if ancestor.name in PROJECT_MARKS:
            return ancestor.parent
    return None
