"""The corpus of settings files, a place to connect them in, and what a connection does to them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tierwise.clients import jsonc
from tierwise.clients.connection_records import CLIENTS, SettingsFile
from tierwise.clients.connections import Change, carry_out, connecting, disconnecting
from tierwise.clients.plans import Destination

CORPUS = Path(__file__).parents[1] / "fixtures" / "settings"
PORTS = {"claude": 8787, "codex": 8787, "opencode": 8787}
FILES = [(path.parent.name, path) for path in sorted(CORPUS.glob("*/*"))]
IDS = [f"{client}/{path.name}" for client, path in FILES]


def leading_to(client: str, port: int = 0, **other: Any) -> Destination:
    to = Destination(
        url=f"http://127.0.0.1:{port or PORTS[client]}",
        small_model="claude-haiku-5-5",
        status_line="tierwise statusline",
        plugin=Path("/opt/tierwise/plugin"),
    )
    return replace(to, **other)


@dataclass(frozen=True)
class Place:
    """A settings file of a client in a folder of its own, and the home of tierwise beside it."""

    client: str
    path: Path
    home: Path

    @property
    def file(self) -> SettingsFile:
        return SettingsFile(CLIENTS[self.client], self.path)

    def connect(self, port: int = 0, *, override: bool = False, **other: Any) -> Change:
        change = connecting(self.file, leading_to(self.client, port, **other), self.home, override=override)
        assert change.refused == ()
        carry_out(change, self.home)
        return change

    def disconnect(self) -> Change:
        change = disconnecting(self.file, self.home)
        assert change is not None
        carry_out(change, self.home)
        return change

    def text(self) -> str:
        return self.path.read_bytes().decode()

    def write(self, text: str) -> None:
        self.path.write_bytes(text.encode())

    def values(self) -> dict[str, Any]:
        return values_of(self.client, self.text())


def placed(client: str, folder: Path, content: bytes | None, name: str = "settings") -> Place:
    path = folder / "of-client" / name
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Place(client, path, folder / "home")


def values_of(client: str, text: str) -> dict[str, Any]:
    """The values as another reader than the editor's own sees them, as far as there is one."""
    if client == "codex":
        return tomllib.loads(text.removeprefix("\ufeff"))
    if jsonc.is_blank(text):
        return {}
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return json.loads(_without_comments(text))


def _without_comments(text: str) -> str:
    """JSON of JSONC, by a reader that shares nothing with the editor's."""
    plain, rest = [], text.removeprefix("\ufeff")
    while rest:
        if rest[0] == '"':
            end = 1
            while rest[end] != '"':
                end += 2 if rest[end] == "\\" else 1
            plain.append(rest[: end + 1])
            rest = rest[end + 1 :]
        elif rest.startswith("//"):
            rest = rest[rest.find("\n") :] if "\n" in rest else ""
        elif rest.startswith("/*"):
            rest = rest[rest.index("*/") + 2 :]
        else:
            plain.append(rest[0])
            rest = rest[1:]
    parts = [part for part in plain if part.strip()]
    kept = [
        part
        for part, follower in zip(parts, [*parts[1:], ""], strict=True)
        if not (part == "," and follower in "}]")
    ]
    return "".join(kept)


def leaves(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value that is no table and no list, with its path."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from leaves(value, (*path, key))
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from leaves(value, (*path, number))
    else:
        yield path, value_text(values)


def value_text(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"
