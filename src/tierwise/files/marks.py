"""Marks: how a file that was made from another one says so, near its top and in a comment.

    # Made by tierwise compile from ../mapper/SKILL.md; edit that file instead.

Only a file with a mark is ever replaced or removed. It is no skill of its author's: it stands in for one.

Source: rules.md section 2.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Final

LIST_FILE: Final = ".tierwise-compiled"
"""What lies at the top of a copy instead: the list of what was copied."""
MARKED_LINES: Final = 4
MARKED_BYTES: Final = 8_192
"""How far from the top of a file its mark may stand."""
_MARK: Final = re.compile(r"# Made by tierwise compile from (\S.*); edit that file instead\.\s*")


def mark(path: Path, origin: Path) -> str:
    """The comment by which the file at `path` says what it was made from."""
    return f"# Made by tierwise compile from {way(path.parent, origin)}; edit that file instead."


def origin_of(path: Path, content: bytes) -> Path | None:
    """What the file at `path` says that it was made from; None for a person's own file."""
    top = content[:MARKED_BYTES].decode("utf-8", "replace")
    found = _marked_in(top)
    return Path(os.path.normpath(path.parent / found)) if found else None


def is_made(text: str) -> bool:
    """Whether the text is that of a file that was made."""
    return _marked_in(text[:MARKED_BYTES]) is not None


def _marked_in(top: str) -> str | None:
    lines = re.split(r"\r\n|\r|\n", top, maxsplit=MARKED_LINES)[:MARKED_LINES]
    return next((found[1] for line in lines if (found := _MARK.fullmatch(line))), None)


def way(start: Path, to: Path) -> str:
    """The way from a folder to a file or folder, relative, with slashes."""
    try:
        return PurePosixPath(*Path(os.path.relpath(to, start)).parts).as_posix()
    except ValueError:  # another drive
        return to.as_posix()
