"""Connection records: which files of which clients are connected, and what they were before.

    $TIERWISE_HOME/connections/claude-1f0c….json     one file of one client, connected
    $TIERWISE_HOME/statusline.json                   {"previous": {"/path/of/settings.json": {…}}}

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from tierwise.clients import claude_code, codex, jsonc, opencode
from tierwise.clients.edits import Edit
from tierwise.clients.plans import Destination, Plan
from tierwise.errors import ConfigError
from tierwise.files.file_writing import replace_bytes

FOLDER: Final = "connections"
STATUS_LINES: Final = "statusline.json"
MAX_BYTES: Final = 4 * jsonc.MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class Client:
    """A client that can be connected: its name for people, how its settings are written, who plans them."""

    name: str
    title: str
    form: str
    plan: Callable[[Mapping[str, Any], Destination], Plan]
    parts: tuple[str, ...] = ()
    plain: bool = False


CLIENTS: Final[Mapping[str, Client]] = {
    "claude": Client("claude", "Claude Code", "json", claude_code.plan, claude_code.PARTS, plain=True),
    "codex": Client("codex", "Codex", "toml", codex.plan),
    "opencode": Client("opencode", "opencode", "json", opencode.plan),
}


class Connection(msgspec.Struct, frozen=True):
    """What is remembered of one connected file. `hashes`: of what was written, the newest first.

    `folders` are those that were made for it; `status_line` whether the user's own is kept aside.
    """

    client: str
    path: str
    url: str
    upstream: str
    existed: bool
    original: bytes
    hashes: tuple[str, ...]
    edits: tuple[Edit, ...]
    folders: tuple[str, ...] = ()
    status_line: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """One settings file of a client. `within`: the project's folder, which a link may not lead out of."""

    client: Client
    path: Path
    within: Path | None = None

    @property
    def target(self) -> Path:
        """The file itself, behind all links."""
        return Path(os.path.realpath(self.path))

    def content(self) -> bytes | None:
        """Its bytes; None if there is none. Raises ConfigError if it is no file that can be edited."""
        if self.within is not None and not self.target.is_relative_to(os.path.realpath(self.within)):
            raise ConfigError(f"{self.path} leads out of {self.within}; put the file itself there.")
        try:
            found = self.target.stat()
            if not stat.S_ISREG(found.st_mode):
                raise ConfigError(f"{self.path} is no file; move it away.")
            if found.st_size > MAX_BYTES:
                raise ConfigError(
                    f"{self.path} is larger than {MAX_BYTES:,} bytes; that is no settings file."
                )
            return self.target.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise ConfigError(
                f"{self.path} cannot be read: {failure.strerror}. Check its folder."
            ) from failure


def connections(home: Path) -> list[Connection]:
    """Every connection that is remembered, by client and path. Raises ConfigError."""
    found = sorted((home / FOLDER).glob("*-*.json"))
    return [one for path in found if (one := _read_record(path)) is not None]


def connection_of(home: Path, file: SettingsFile) -> Connection | None:
    """The connection of this file; None if there is none. Raises ConfigError."""
    return _read_record(record_path(home, file))


def record_path(home: Path, file: SettingsFile) -> Path:
    """Where the record of this file lies."""
    key = hashlib.sha256(os.fsencode(file.target)).hexdigest()[:16]
    return home / FOLDER / f"{file.client.name}-{key}.json"


def _read_record(path: Path) -> Connection | None:
    try:
        content = path.read_bytes()
        return msgspec.json.decode(content, type=Connection) if content else None
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as failure:
        raise ConfigError(
            f"{path} cannot be read: {failure}. It says how a client was connected."
        ) from failure


def write_record(home: Path, file: SettingsFile, record: Connection) -> None:
    """Keep the record where only its owner can read it. Raises ConfigError."""
    path = record_path(home, file)
    _write_private(path, msgspec.json.encode(record))


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, however new it is."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    replace_bytes(path, content)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder's lock, held by nobody else meanwhile; the system lets go of it if we die."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as failure:
        raise ConfigError(f"{folder} cannot be written: {failure.strerror}. Check its folder.") from failure
    with os.fdopen(descriptor, "r+b") as stream:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def keep_status_line(home: Path, file: SettingsFile, record: Connection | None) -> None:
    """Keep the user's own status line where ours looks for it, or forget it."""
    path = home / STATUS_LINES
    kept = _status_lines(path)
    before = dict(kept)
    kept.pop(str(file.path), None)
    if record is not None and record.status_line is not None:
        kept[str(file.path)] = record.status_line
    if kept:
        if kept != before:
            _write_private(path, msgspec.json.format(msgspec.json.encode({"previous": kept}), indent=2))
    elif before:
        path.unlink(missing_ok=True)


def _status_lines(path: Path) -> dict[str, Any]:
    with suppress(OSError, msgspec.MsgspecError):
        known = msgspec.json.decode(path.read_bytes())
        if isinstance(known, dict) and isinstance(known.get("previous"), dict):
            return dict(known["previous"])
    return {}
