"""Client places: where the settings of each client lie on this machine.

    claude      $CLAUDE_CONFIG_DIR or ~/.claude, settings.json     PROJECT/.claude/settings.json
    codex       $CODEX_HOME or ~/.codex, config.toml               PROJECT/.codex/config.toml
    opencode    $OPENCODE_CONFIG, else $XDG_CONFIG_HOME or         PROJECT/opencode.json[c]
                ~/.config, opencode/opencode.json[c]

Source: research/clients.md sections 2, 11 and 12; opencode's own page on its configuration.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.wiring.places import home_dir

if TYPE_CHECKING:
    from tierwise.clients.connection_records import SettingsFile


def settings_file(client: str, project: Path | None) -> SettingsFile:
    """The settings of a client, the user's own or a project's; the file may not be there yet."""
    from tierwise.clients.connection_records import CLIENTS, SettingsFile

    found = _of_user(client) if project is None else _of_project(client, project.absolute())
    return SettingsFile(CLIENTS[client], found, None if project is None else project.absolute())


def _of_user(client: str) -> Path:
    if client == "claude":
        return _folder("CLAUDE_CONFIG_DIR", Path.home() / ".claude") / "settings.json"
    if client == "codex":
        return _folder("CODEX_HOME", Path.home() / ".codex") / "config.toml"
    named = os.environ.get("OPENCODE_CONFIG")
    if named:
        return Path(named).expanduser().absolute()
    folder = _folder("XDG_CONFIG_HOME", Path.home() / ".config") / "opencode"
    return _first_of([folder / name for name in ("opencode.jsonc", "opencode.json", "config.json")], 1)


def _of_project(client: str, project: Path) -> Path:
    if client == "claude":
        return project / ".claude" / "settings.json"
    if client == "codex":
        return project / ".codex" / "config.toml"
    names = (".opencode/opencode.jsonc", ".opencode/opencode.json", "opencode.json", "opencode.jsonc")
    return _first_of([project / name for name in names], 2)


def _folder(variable: str, usual: Path) -> Path:
    named = os.environ.get(variable)
    return Path(named).expanduser().absolute() if named else usual


def _first_of(paths: list[Path], new: int) -> Path:
    """The first that is there, the strongest first; the one of that number if none is."""
    return next((path for path in paths if path.exists()), paths[new])


def named_home() -> str:
    """Where `$TIERWISE_HOME` says that tierwise keeps its state; "" if it does not say."""
    return str(home_dir().absolute()) if os.environ.get("TIERWISE_HOME") else ""


def environment() -> dict[str, str]:
    """The environment of this process, as a copy."""
    return dict(os.environ)


def own_command(name: str) -> str:
    """How a shell runs our command of that name: by its name where it is found, else by its place."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    if found and (not beside.exists() or Path(found).resolve() == beside.resolve()):
        return name
    return shlex.quote(str(beside)) if beside.exists() else f"{shlex.quote(sys.executable)} -m tierwise"
