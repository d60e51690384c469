"""File writing: a whole file replaced at once, so that a reader sees the old one or the new one.

    as_written(path)                 the text with its BOM and its own line ends
    replace_file(path, text)         draft beside it, mode kept, renamed over it

A link stays a link: what it leads to is replaced. With `within`, nothing outside that folder is written.

Source: style.md, "Errors"; rules.md section 5.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from tierwise.errors import ConfigError


def as_written(path: Path) -> str:
    """The text of the file, no byte of it changed; "" if there is none. ConfigError if it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError) as failure:
        raise ConfigError(
            f"{path} cannot be read: {_reason(failure)}. Check that it is a text file."
        ) from failure


def replace_file(path: Path, text: str, within: Path | None = None) -> None:
    """Write the file, and the folders above it that are missing. ConfigError if that cannot be."""
    replace_bytes(path, text.encode("utf-8"), within)


def replace_bytes(
    path: Path, content: bytes, within: Path | None = None, *, executable: bool = False
) -> None:
    """As `replace_file`, for a file that may be no text; a new one may be run, if `executable` says so."""
    target = Path(os.path.realpath(path))
    if within is not None and not target.is_relative_to(os.path.realpath(within)):
        raise ConfigError(f"{path} leads out of {within}; it is not written. Put the file itself there.")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            draft.touch(0o600)  # it may hold what only its owner may read
        draft.write_bytes(content)
        mode = stat.S_IMODE(draft.stat().st_mode)
        if executable:
            draft.chmod(mode | (mode & 0o444) >> 2)
        with suppress(FileNotFoundError):
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    except OSError as failure:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {_reason(failure)}. Check its folder.") from failure


def _reason(failure: Exception) -> str:
    return getattr(failure, "strerror", None) or str(failure)
