"""Connections: a client's settings file as it was, as we left it, and the way back.

    connect     read file and record ─► plan ─► edit the text ─► show ─► lock ─► record ─► file
    disconnect  as we left it: the bytes of before;  edited since: our edits are taken out, his stay

The record is written before the file: whatever is broken off, the next `disconnect` knows both states. A
file that has changed between showing and writing is not written.

Source: design.md, "The shape" (installer); style.md, "Errors".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from tierwise.clients.connection_records import (
    FOLDER,
    Client,
    Connection,
    SettingsFile,
    connection_of,
    keep_status_line,
    locked,
    record_path,
    write_record,
)
from tierwise.clients.edits import FORMATS, Applied, Edit, applied, undone
from tierwise.clients.json_edit import dotted
from tierwise.clients.jsonc import UnreadableError, is_blank
from tierwise.clients.plans import Destination, Plan
from tierwise.errors import ConfigError
from tierwise.files.file_writing import replace_bytes


@dataclass(frozen=True, slots=True)
class Change:
    """A settings file and its record before and after; None where there is none.

    `notes`, `kept`, `refused` and `left` are for a person to read; `refused` means that nothing is written.
    """

    file: SettingsFile
    before: bytes | None
    after: bytes | None
    record_before: Connection | None
    record: Connection | None
    plan: Plan | None = None
    notes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether the file stays as it is."""
        return self.before == self.after


# -- connect -----------------------------------------------------------------------------------------------


def connecting(file: SettingsFile, to: Destination, home: Path, *, override: bool = False) -> Change:
    """What leads the file's client to the gateway. Writes nothing. Raises ConfigError."""
    before = file.content()
    record = connection_of(home, file)
    base = _without_ours(file, before, record)
    text = _decoded(file, before)
    known = record.edits if record else ()
    settings = _settings(file, text)
    plan = planned(file.client, settings, to, record)
    done = _applied(file, text, plan, known, override=override)
    after = done.text.encode() if done.text != text or before is not None else None
    upstream = plan.upstream
    written = Connection(
        file.client.name,
        str(file.path),
        to.url,
        upstream,
        base is not None,
        base or b"",
        _hashes(before, after, record),
        done.edits,
        _missing_folders(file) or (record.folders if record else ()),
        dict(plan.previous) if plan.previous and _has_status_line(done.edits) else None,
    )
    kept = tuple(dotted(one.path) for one in done.kept)
    refused = tuple(why for _, why in done.refused)
    return Change(file, before, after, record, written, plan, _notes(file, text, plan), kept, refused)


def planned(client: Client, settings: Mapping[str, Any], to: Destination, record: Connection | None) -> Plan:
    """The client's plan; what an earlier connection replaced is still what it replaces."""
    if record is None:
        return client.plan(settings, to)
    plan = client.plan(settings, replace(to, earlier=record.url))
    earlier = next((edit.previous for edit in record.edits if edit.path == ("statusLine",)), None)
    ours = any(
        edit.path == ("statusLine",) and edit.is_in(settings.get("statusLine")) for edit in record.edits
    )
    return replace(
        plan,
        previous=earlier if ours else plan.previous,
        upstream=plan.upstream if any(one.how == "refuse" for one in plan.wanted) else record.upstream,
    )


def _applied(
    file: SettingsFile, text: str, plan: Plan, known: tuple[Edit, ...], *, override: bool
) -> Applied:
    try:
        return applied(text, plan.wanted, known, file.client.form, override=override)
    except ValueError as problem:
        raise _unreadable(file, problem) from problem


def _has_status_line(edits: tuple[Edit, ...]) -> bool:
    return any(edit.path == ("statusLine",) for edit in edits)


def _hashes(before: bytes | None, after: bytes | None, record: Connection | None) -> tuple[str, ...]:
    """The hash of what is to be written, and of what was written last, in case we are broken off.

    None at all if the user has edited the file: then there are no bytes of before to bring back.
    """
    written = _hash(after or b"")
    if record is None:
        return (written,)
    if before is not None and not _is_as_left(before, record):
        return ()
    return (written, *list(record.hashes)[:1])


def _without_ours(file: SettingsFile, content: bytes | None, record: Connection | None) -> bytes | None:
    """The file as it would be had we never touched it: what `disconnect` is to bring back."""
    if record is None or content is None:
        return content
    return _taken_back(file, content, record)[0]


def _missing_folders(file: SettingsFile) -> tuple[str, ...]:
    """The folders above the file that have to be made, the outermost first."""
    missing: list[str] = []
    folder = file.target.parent
    while not folder.exists():
        missing.append(str(folder))
        folder = folder.parent
    return tuple(reversed(missing))


def _notes(file: SettingsFile, text: str, plan: Plan) -> tuple[str, ...]:
    notes = list(plan.notes)
    if file.path.absolute() != file.target and file.path.is_symlink():
        notes.append(f"{file.path} is a link: what changes is {file.target}")
    if file.client.plain and not is_blank(text) and not _is_plain(text):
        notes.append(
            f"{file.path} has comments or commas that JSON does not know: {file.client.title} ignores such a "
            "file as a whole"
        )
    return tuple(notes)


def _is_plain(text: str) -> bool:
    try:
        msgspec.json.decode(text.removeprefix("\ufeff"))
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return True


# -- disconnect --------------------------------------------------------------------------------------------


def disconnecting(file: SettingsFile, home: Path) -> Change | None:
    """What takes the connection of the file back; None if it is not connected. Raises ConfigError."""
    record = connection_of(home, file)
    if record is None:
        return None
    before = file.content()
    if before is None:
        left = (f"{file.path} is gone, and stays so",) if record.existed else ()
        return Change(file, None, None, record, None, left=left)
    after, told = _taken_back(file, before, record)
    return Change(file, before, after, record, None, left=told)


def _taken_back(
    file: SettingsFile, content: bytes, record: Connection
) -> tuple[bytes | None, tuple[str, ...]]:
    """The file without our edits: the very bytes of before, if it is as we left it."""
    original = record.original if record.existed else None
    if _is_as_left(content, record):
        return original, ()
    text = _decoded(file, content)
    try:
        back = undone(text, record.edits, file.client.form)
        nothing_left = not FORMATS[file.client.form].value_at(back.text, ())
    except ValueError as problem:
        raise _unreadable(file, problem) from problem
    if nothing_left and _says_nothing(back.text):
        return original if original is None or is_blank(_decoded(file, original)) else back.text.encode(), ()
    told = f"{file.path} was edited since: your edits stay, only ours are taken out"
    return back.text.encode(), (told, *back.left)


def _is_as_left(content: bytes, record: Connection) -> bool:
    """Whether the file is as we left it, or as it was before."""
    return _hash(content) in record.hashes or (record.existed and content == record.original)


def _says_nothing(text: str) -> bool:
    return not text.strip("\ufeff{} \t\r\n")


# -- carrying out ------------------------------------------------------------------------------------------


def carry_out(change: Change, home: Path) -> None:
    """Write the record, the status lines and the file; or nothing, with ConfigError, if it has changed."""
    file = change.file
    with locked(home / FOLDER):
        if file.content() != change.before or connection_of(home, file) != change.record_before:
            raise ConfigError(f"{file.path} has changed meanwhile; nothing was written. Run it again.")
        if change.record is not None:
            write_record(home, file, change.record)
        keep_status_line(home, file, change.record)
        _write_file(change)
        if change.record is None:
            record_path(home, file).unlink(missing_ok=True)


def _write_file(change: Change) -> None:
    file = change.file
    if change.after is None:
        try:
            file.target.unlink(missing_ok=True)
        except OSError as failure:
            raise ConfigError(
                f"{file.path} cannot be removed: {failure.strerror}. Check its folder."
            ) from failure
        for folder in reversed(change.record_before.folders if change.record_before else ()):
            with suppress(OSError):  # one that is not empty
                Path(folder).rmdir()
    elif change.after != change.before:
        replace_bytes(file.path, change.after, file.within)


# -- reading -----------------------------------------------------------------------------------------------


def _settings(file: SettingsFile, text: str) -> Mapping[str, Any]:
    """The values of the settings. Raises ConfigError where they cannot be read, or are no table."""
    try:
        values = FORMATS[file.client.form].value_at(text, ())
    except ValueError as problem:
        raise _unreadable(file, problem) from problem
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(f"{file.path} holds no settings: it must begin with `{{`.")
    return values


def _decoded(file: SettingsFile, content: bytes | None) -> str:
    try:
        return (content or b"").decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{file.path} is no UTF-8 text; save it as UTF-8.") from problem


def _unreadable(file: SettingsFile, problem: ValueError) -> ConfigError:
    line = f":{problem.line}" if isinstance(problem, UnreadableError) and problem.line else ""
    return ConfigError(f"{file.path}{line} cannot be edited: {problem}. Nothing was written; mend it first.")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
