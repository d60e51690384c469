"""Changes: what has to happen on the disk for the artifacts to be there, and the one place that does it.

    planned  on the disk               change
    yes      nothing                   made
    yes      other bytes, ours         changed
    yes      other bytes, a person's   none: a conflict, told
    no       ours, of this suite       removed

All conflicts are found before anything is written, and while there is one nothing is.

Source: style.md, "Errors".
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tierwise.errors import ConfigError
from tierwise.files.compile.agent_skills import digest, listed
from tierwise.files.compile.artifacts import Artifacts, Made
from tierwise.files.file_writing import replace_bytes
from tierwise.files.findings import Finding
from tierwise.files.marks import LIST_FILE, origin_of

Action = Literal["made", "changed", "removed", "unchanged"]
MAX_OLD_BYTES: Final = 64 * 1024 * 1024
"""A file that stands in a made one's place is read up to here; a larger one is no file of ours."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after; None where there is none. `origin` is what it is, or was, made from."""

    path: Path
    before: bytes | None
    after: bytes | None
    origin: Path
    executable: bool = False

    @property
    def action(self) -> Action:
        """What happens to the file."""
        if self.before is None:
            return "made"
        if self.after is None:
            return "removed"
        return "unchanged" if self.before == self.after else "changed"


def changes_of(artifacts: Artifacts, suite: Path, *, named: bool) -> tuple[list[Change], list[Finding]]:
    """Every file that is planned or no longer is, and what is in the way. Writes nothing, never raises.

    A root that nobody `named` must not be a link that leads elsewhere, unless the suite lies behind it.
    """
    comparison = _Comparison(artifacts.root, suite)
    if not named and artifacts.files:
        comparison.look_at_root()
    changes = [change for made in artifacts.files if (change := comparison.planned(made))]
    planned = {made.path for made in artifacts.files}
    changes += comparison.stale(artifacts.places, planned)
    return sorted(changes, key=lambda change: change.path), comparison.findings


class _Comparison:
    def __init__(self, root: Path, suite: Path) -> None:
        self.findings: list[Finding] = []
        self._root, self._suite = root, Path(os.path.realpath(suite))
        self._real_root = Path(os.path.realpath(root))
        known = _read(root / LIST_FILE)
        self._listed = listed(root, known) if known is not None else {}

    def look_at_root(self) -> None:
        """Tell if the root is a link to a place that has nothing to do with the suite."""
        around = Path(os.path.realpath(self._root.parent))
        if not self._real_root.is_relative_to(around) and not self._suite.is_relative_to(self._real_root):
            problem = "is a link that leads elsewhere"
            self._tell(self._root, "leads-out", problem, "Name the folder that is meant with --out.")

    def planned(self, made: Made) -> Change | None:
        """The change that the planned file asks for; None, with a finding, if something is in its way."""
        if made.ownership == "source" and _read(made.path) == made.content:
            return Change(made.path, made.content, made.content, made.origin)
        if self._leads_out(made.path):
            problem = "is, or lies behind, a link that leads elsewhere"
            self._tell(made.path, "leads-out", problem, "Put a folder of its own there.")
            return None
        if made.path.exists() and not made.path.is_file():
            self._tell(made.path, "compile-conflict", "is no file", "Move it away.")
            return None
        before = _read(made.path)
        if before is not None and before != made.content and not self._is_ours(made, before):
            problem = "was not made by tierwise, or was changed since, and would be replaced"
            self._tell(
                made.path, "compile-conflict", problem, "Rename it, or name another folder with --out."
            )
            return None
        return Change(made.path, before, made.content, made.origin, made.executable)

    def stale(self, places: Iterable[str], planned: set[Path]) -> Iterator[Change]:
        """What was made from this suite and is not planned any more."""
        for path in sorted({found for place in places for found in self._root.glob(place)} - planned):
            content = _read(path) if path.is_file() and not self._leads_out(path) else None
            origin = origin_of(path, content) if content is not None else None
            if origin is not None and self._is_of_suite(origin):
                yield Change(path, content, None, origin)
        for path, known in sorted(self._listed.items()):
            content = _read(path) if path not in planned and not self._leads_out(path) else None
            if content is None:
                continue
            if digest(content) == known:
                yield Change(path, content, None, self._suite)
            else:
                problem = "is a copy of a file that is gone, and was changed since"
                self._tell(path, "compile-conflict", problem, "Keep it elsewhere, or delete it.")

    def _is_ours(self, made: Made, before: bytes) -> bool:
        if made.ownership == "source":
            return True
        if made.path.name == LIST_FILE:
            return bool(self._listed)
        if made.ownership == "list" and made.path in self._listed:
            return self._listed[made.path] == digest(before)
        return made.ownership == "marker" and origin_of(made.path, before) is not None

    def _is_of_suite(self, origin: Path) -> bool:
        return Path(os.path.realpath(origin)).is_relative_to(self._suite)

    def _leads_out(self, path: Path) -> bool:
        if path.is_symlink():
            return True
        return not Path(os.path.realpath(path.parent)).is_relative_to(self._real_root)

    def _tell(self, path: Path, rule: str, problem: str, remedy: str) -> None:
        self.findings.append(Finding(str(path), 0, "", problem, remedy, "error", rule))


def _read(path: Path) -> bytes | None:
    """The bytes of a file; None if there is none, b"" if it is not to be read: then it is none of ours."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_OLD_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return b""


def carry_out(changes: Iterable[Change], root: Path) -> None:
    """Write and remove, each file at once; then remove folders that this left empty. Raises ConfigError."""
    for change in changes:
        if change.after is None:
            _remove(change.path, root)
        elif change.after != change.before:
            replace_bytes(change.path, change.after, root, executable=change.executable)


def _remove(path: Path, root: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise ConfigError(f"{path} cannot be removed: {reason}. Check its folder.") from failure
    folder = path.parent
    with suppress(OSError):  # one that is not empty
        while folder != root and folder.is_relative_to(root):
            folder.rmdir()
            folder = folder.parent
