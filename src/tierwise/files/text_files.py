"""Text files: what a person wrote as text, or one finding that says why it cannot be read.

A file is read only if it is regular, within `MAX_FILE_BYTES` and `MAX_LINES`, and UTF-8; a BOM and foreign
line ends are taken off, so a line number means the same here and in an editor.

Source: rules.md section 2; research/platform.md section D.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tierwise.files.findings import Finding

MAX_FILE_BYTES: Final = 1024 * 1024
"""The largest public SKILL.md that was met has 288 KiB, nearly all of it prose."""
MAX_YAML_BYTES: Final = 256 * 1024
MAX_LINES: Final = 50_000
"""The same file has 7,000 lines; a megabyte of line ends would be a million."""


class UnusableError(Exception):
    """A file that cannot be used as it stands; becomes one finding. `line` 0 means the file as a whole."""

    def __init__(self, rule: str, problem: str, remedy: str, line: int = 0) -> None:
        super().__init__(problem)
        self.rule, self.problem, self.remedy, self.line = rule, problem, remedy, line

    def finding(self, path: str) -> Finding:
        """The one error that `path` gets for it."""
        return Finding(path, self.line, "", self.problem, self.remedy, "error", self.rule)


def read_text(path: Path) -> tuple[str | None, list[Finding]]:
    """The text of a file that a person wrote, without its BOM, lines ended by LF; None with the reason.

    Never raises, and never opens what is not a regular file.
    """
    try:
        return _decoded(_bytes_of(path)), []
    except UnusableError as unusable:
        return None, [unusable.finding(str(path))]


def read_exact(path: Path) -> tuple[str | None, list[Finding]]:
    """The text of a file with its BOM and its own line ends; else as `read_text`."""
    try:
        raw = _bytes_of(path)
        _decoded(raw)
        return raw.decode("utf-8"), []
    except UnusableError as unusable:
        return None, [unusable.finding(str(path))]


def stands(path: Path) -> bool:
    """Whether there is anything by that name, readable or not: what is closed to us must not go unnoticed."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder that may be looked at; a folder that is closed to us is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise UnusableError("unreadable", _why_no_file(path), "Name a text file.")
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as failure:  # ValueError: a NUL in the name
        reason = getattr(failure, "strerror", None) or str(failure)
        remedy = "Check its name and its permissions."
        raise UnusableError("unreadable", f"cannot be read: {reason}", remedy) from failure
    if len(raw) > MAX_FILE_BYTES:
        raise _too_large("the file", MAX_FILE_BYTES)
    return raw


def _why_no_file(path: Path) -> str:
    if path.exists():
        return "is not a regular file"
    return "is a link that leads nowhere" if path.is_symlink() else "does not exist"


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        problem = f"byte {wrong.start} (0x{raw[wrong.start]:02x}) is not UTF-8"
        raise UnusableError("not-utf-8", problem, "Save the file as UTF-8.", line) from wrong
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > MAX_LINES:
        problem = f"the file has more than {MAX_LINES:,} lines"
        raise UnusableError("too-large", problem, "Move what is long into files beside it.")
    return text


def _too_large(what: str, limit_bytes: int) -> UnusableError:
    problem = f"{what} is larger than {limit_bytes // 1024} KiB"
    return UnusableError("too-large", problem, "Move what is long into files beside it.")


_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def check_characters(text: str, first_line: int) -> None:
    """Raise UnusableError if `text` is too large, or holds a character that YAML forbids."""
    if len(text.encode("utf-8", "replace")) > MAX_YAML_BYTES:
        raise _too_large("the YAML", MAX_YAML_BYTES)
    found = _FORBIDDEN.search(text)
    if found:
        line = first_line + text.count("\n", 0, found.start())
        code = f"U+{ord(found[0]):04X}"
        raise UnusableError("control-character", f"holds the control character {code}", "Delete it.", line)
