"""New files: several files written together, all of them or none, and never over one that is there.

    conflicts   everything that stands in the way, told at once, before a byte is written
    drafts      every text is written beside its place first
    links       then each draft gets its name, which fails if somebody took it meanwhile
    a change    of one file that is there comes last, if that file is still what was read

Nothing is written outside the folder that the caller names, links resolved. If anything fails, what was made
is taken away again.

Source: rules.md section 5 (trust); style.md, "Errors".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tierwise.errors import ConfigError
from tierwise.files.file_writing import as_written, replace_file


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is there, what it holds, and what it is to hold."""

    path: Path
    before: str
    after: str


def conflicts(root: Path, files: Mapping[str, str]) -> list[str]:
    """What stands in the way of writing these files below `root`, a sentence each, in their order."""
    found = []
    for name in files:
        place = root / name
        if os.path.lexists(place):
            found.append(f"{place} is there already")
        elif not _inside(place, root):
            found.append(f"{place} would lie outside of {root}, by a link")
        elif (blocker := _blocker(place)) is not None:
            found.append(f"{blocker} is no folder")
    return list(dict.fromkeys(found))


def write_new(root: Path, files: Mapping[str, str], change: Change | None = None) -> list[Path]:
    """The paths that were written: `files` (path below `root` → text), then the change.

    Raises ConfigError, with nothing written, for conflicts, for a file to change that lies outside of
    `root`, is a link out of it or has changed since, and where the disk says no.
    """
    wrong = conflicts(root, files)
    if change is not None and not _inside(change.path, root):
        wrong.append(f"{change.path} lies outside of {root}")
    if wrong:
        raise ConfigError("nothing was written: " + "; ".join(wrong))
    made = _Made()
    try:
        for name, text in files.items():
            made.file(root / name, text.encode())
        if change is not None:
            _replace(change, root)
    except OSError as failure:
        made.undo()
        where = failure.filename or root
        raise ConfigError(f"nothing was written: {where}: {failure.strerror}") from failure
    except ConfigError:
        made.undo()
        raise
    return [*made.files, *([change.path] if change is not None else [])]


@dataclass(slots=True)
class _Made:
    """What was made so far, in order."""

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def file(self, place: Path, raw: bytes) -> None:
        for folder in reversed([place.parent, *place.parent.parents]):
            if not folder.exists():
                folder.mkdir()
                self.folders.append(folder)
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            draft.write_bytes(raw)
            os.link(draft, place)
        finally:
            draft.unlink(missing_ok=True)
        self.files.append(place)

    def undo(self) -> None:
        for place in self.files:
            with suppress(OSError):
                place.unlink()
        for folder in reversed(self.folders):
            with suppress(OSError):
                folder.rmdir()


def _replace(change: Change, root: Path) -> None:
    if as_written(change.path) != change.before:
        raise ConfigError(f"nothing was written: {change.path} was changed meanwhile. Try again.")
    replace_file(change.path, change.after, within=root)


def _inside(place: Path, root: Path) -> bool:
    return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(root))


def _blocker(place: Path) -> Path | None:
    """A file where a folder is needed; None if the way is free."""
    folder = next((folder for folder in place.parents if os.path.lexists(folder)), None)
    return None if folder is None or folder.is_dir() else folder
