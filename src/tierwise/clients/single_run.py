"""Single run: a client led to the gateway for one run, by environment and flags, with no file changed.

    claude      --settings JSON            over the user's own files; his own --settings are merged into it
                --plugin-dir FOLDER        the mod
    codex       -c key=value               over config.toml
    opencode    OPENCODE_CONFIG_CONTENT    over opencode.json

What a connected client would keep of the user's settings is kept here too.

Source: research/clients.md sections 2, 11 and 12; `claude --help`, `codex --help`; opencode's own pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tierwise.clients import json_edit
from tierwise.clients.claude_code import settings_flag
from tierwise.clients.connection_records import CLIENTS
from tierwise.clients.edits import Wanted, applied
from tierwise.clients.plans import Destination
from tierwise.clients.toml_edit import written

CONTENT: Final = "OPENCODE_CONFIG_CONTENT"
HEADERS: Final = ("env", "ANTHROPIC_CUSTOM_HEADERS")
PLUGIN: Final = ("enabledPlugins", "tierwise@tierwise")


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the client: its arguments, and what its environment holds more."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def claude(
    arguments: tuple[str, ...], settings: Mapping[str, Any], to: Destination, read: Callable[[str], str]
) -> Launch:
    """Claude Code for one run. `read` gives the text of the file that `--settings` may name.

    Raises ValueError if the user's own `--settings` cannot be read.
    """
    named, rest = settings_flag(arguments)
    own = named or ""
    text = own if own.lstrip().startswith("{") or not own else read(own)
    said = merged(settings, json_edit.value_at(text, ()) or {})
    without = {"plugin"} | ({"statusline"} if "statusLine" in said else set())
    without |= {"hooks"} if _has_hooks(said, to) else set()
    plan = CLIENTS["claude"].plan(said, replace(to, without=to.without | without))
    wanted = [
        one for one in plan.wanted if one.how != "keep" or one.kind != "value" or not _at(said, one.path)
    ]
    headers = _at(said, HEADERS)
    if isinstance(headers, str) and any(one.path == HEADERS for one in wanted):
        text = json_edit.with_value(text, HEADERS, headers)
    flags: tuple[str, ...] = ("--settings", applied(text, wanted, (), "json", override=True).text.strip())
    if to.plugin is not None and "plugin" not in to.without and not _at(said, PLUGIN):
        flags += ("--plugin-dir", str(to.plugin))
    return Launch((*flags, *rest), {"TIERWISE_URL": to.url})


def codex(arguments: tuple[str, ...], settings: Mapping[str, Any], to: Destination) -> Launch:
    """Codex for one run."""
    pairs = [f"{json_edit.dotted(one.path)}={written(one.value)}" for one in _wanted("codex", settings, to)]
    flags = tuple(part for pair in pairs for part in ("-c", pair))
    return Launch((*flags, *arguments), {"TIERWISE_URL": to.url})


def opencode(
    arguments: tuple[str, ...], settings: Mapping[str, Any], to: Destination, content: str
) -> Launch:
    """Opencode for one run. `content` is what its environment says already.

    Raises ValueError if that cannot be read.
    """
    said = merged(settings, json_edit.value_at(content, ()) or {})
    done = applied(content, _wanted("opencode", said, to), (), "json", override=True)
    return Launch(arguments, {CONTENT: done.text.strip(), "TIERWISE_URL": to.url})


def _wanted(client: str, settings: Mapping[str, Any], to: Destination) -> tuple[Wanted, ...]:
    return CLIENTS[client].plan(settings, to).wanted


def merged(below: Mapping[str, Any], above: Any) -> dict[str, Any]:  # noqa: ANN401  whatever JSON has
    """The settings with others over them, table by table."""
    both = dict(below)
    for key, value in (above if isinstance(above, Mapping) else {}).items():
        known = both.get(key)
        tables = isinstance(known, Mapping) and isinstance(value, Mapping)
        both[key] = merged(known or {}, value) if tables else value
    return both


def _at(settings: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401  whatever JSON has
    for key in path:
        settings = settings.get(key) if isinstance(settings, Mapping) else None
    return settings


def _has_hooks(settings: Mapping[str, Any], to: Destination) -> bool:
    """Whether hooks that go to this very gateway are in force already."""
    return f"{to.url}/tierwise/hooks/" in str(settings.get("hooks", ""))
