"""Walk: the skill and agent files below some folders, in an order that is always the same.

SKILL.md anywhere, and the Markdown files of a folder called `agents`. Links are followed, each real folder
once, so a loop ends; a file that is reached on two ways is found once. The walk is bounded and says so when
it stops early.

Source: design.md, "The shape"; research/clients.md sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tierwise.files.findings import Finding
from tierwise.files.skill_files import SKILL_FILE
from tierwise.files.text_files import is_folder

SKIPPED: Final = frozenset({".git", ".hg", ".venv", "node_modules", "__pycache__", "site-packages"})
AGENTS_FOLDER: Final = "agents"
MAX_FILES: Final = 10_000
MAX_FOLDERS: Final = 100_000


def skill_paths(roots: Iterable[Path]) -> tuple[list[Path], list[Finding]]:
    """The files named by `roots` or found below them, sorted by path, and what could not be looked at."""
    walk = _Walk()
    files = [file for root in roots for file in walk.files(root)]
    return sorted(files), walk.findings


class _Walk:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._seen: set[Path] = set()
        self._folders = 0
        self._files = 0

    def files(self, root: Path) -> Iterator[Path]:
        waiting = [root]
        while waiting:
            path = waiting.pop()
            if not self._is_new(path):
                continue
            if not is_folder(path):
                self._files += 1
                yield path
            else:
                self._folders += 1
                waiting += self._children(path)
            if self._files > MAX_FILES or self._folders > MAX_FOLDERS:
                self._stop(root)
                return

    def _children(self, folder: Path) -> list[Path]:
        """What to look at next in a folder, last first: a stack turns it round."""
        try:
            children = sorted(folder.iterdir(), reverse=True)
        except OSError as failure:
            problem = f"the folder cannot be read: {failure.strerror}"
            self._tell(folder, "unreadable", problem, "Check its permissions.")
            return []
        return [child for child in children if _is_ours(child)]

    def _is_new(self, path: Path) -> bool:
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
            real = path.absolute()
        known = real in self._seen
        self._seen.add(real)
        return not known

    def _stop(self, root: Path) -> None:
        problem = f"more than {MAX_FILES:,} files or {MAX_FOLDERS:,} folders; the rest was not read"
        self._tell(root, "too-many-files", problem, "Name smaller folders.")

    def _tell(self, path: Path, rule: str, problem: str, remedy: str) -> None:
        self.findings.append(Finding(str(path), 0, "", problem, remedy, "error", rule))


def _is_ours(path: Path) -> bool:
    if path.name == SKILL_FILE or (path.suffix == ".md" and path.parent.name == AGENTS_FOLDER):
        return True
    return path.name not in SKIPPED and is_folder(path)
