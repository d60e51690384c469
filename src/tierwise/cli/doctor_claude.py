"""Doctor at Claude Code: the settings that are in force, by whose file, and what its version can do.

| setting | what it is for |
|---|---|
| `env.ANTHROPIC_BASE_URL` | calls reach the gateway at all |
| `env.CLAUDE_CODE_GATEWAY_HINT_HEADERS` | each call says whether it is a turn, an agent, a title |
| small model, `fallbackModel` | titles on a small model; a request that cannot be swapped is steered |
| hooks | agents have names; the user's words and skills are heard of |
| status line, mod | what is shown; models switched by the client itself (2.1.287 and later) |

Source: research/clients.md sections 2, 5, 6 and 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tierwise.cli.doctor_clients import (
    Client,
    base_url_line,
    common_lines,
    merged,
    notes,
    origin_of,
    place_of,
)
from tierwise.cli.doctor_lines import Line
from tierwise.clients.claude_code import EVENTS, MARKETPLACE, PLUGIN
from tierwise.clients.in_force import hook_urls, in_force
from tierwise.clients.plans import HOOKS_PATH, LOOPBACK, table

MODS_SINCE: Final = (2, 1, 287)
HINTS_NOT_IN: Final = (2, 1, 197)
"""The newest version that is known to send none."""
CONNECT: Final = "tierwise connect claude"
SMALL: Final = ("ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_SMALL_FAST_MODEL")
UPDATE: Final = "claude update"
SAID_ABOVE: Final = ("fallbackModel", "disableAllHooks")
"""Notes on these have lines of their own."""


def claude_lines(client: Client) -> Iterator[Line]:
    """Everything about Claude Code; of one that is not connected only that."""
    yield from common_lines(client)
    found = in_force(client.layers, "env", "ANTHROPIC_BASE_URL")
    yield base_url_line(client, found)
    if found is None:
        return
    yield _hints(client)
    yield _small_model(client)
    yield _fallback(client)
    yield _hooks(client)
    yield _status_line(client)
    yield _mod(client)
    for line in notes(client, merged(client.layers)):
        if not line.text.startswith(SAID_ABOVE):
            yield line


def _hints(client: Client) -> Line:
    found = in_force(client.layers, "env", "CLAUDE_CODE_GATEWAY_HINT_HEADERS")
    version = client.installed.version if client.installed else ()
    if found and version and version <= HINTS_NOT_IN:
        text = f"on, but versions up to {_words(HINTS_NOT_IN)} send none"
        return client.line("hint headers", "warn", text, UPDATE)
    if found and str(found.value) not in ("", "0", "false"):
        return client.line("hint headers", "ok", f"on ({found.layer.words})")
    text = "off: titles and subagents are told by their looks alone"
    return client.line("hint headers", "warn", text, CONNECT)


def _small_model(client: Client) -> Line:
    for name in SMALL:
        found = in_force(client.layers, "env", name)
        if found and found.value:
            return client.line("small model", "ok", f"{found.value} ({found.layer.words})")
    text = "not set: titles are asked for on the main model, and cost that where the gateway is not reached"
    return client.line("small model", "warn", text, CONNECT)


def _fallback(client: Client) -> Line:
    found = in_force(client.layers, "fallbackModel")
    if found is None:
        text = "not set: a request that cannot be swapped runs as it was asked for"
        return client.line("fallback", "warn", text, CONNECT)
    if not isinstance(found.value, list) or not found.value:
        text = f"no list, so Claude Code ignores it ({found.layer.words})"
        return client.line("fallback", "warn", text, 'Write it so: "fallbackModel": ["sonnet", "haiku"]')
    return client.line("fallback", "ok", f"{', '.join(map(str, found.value))} ({found.layer.words})")


def _hooks(client: Client) -> Line:
    off = in_force(client.layers, "disableAllHooks")
    if off and off.value is True:
        text = f"off, all of them: disableAllHooks ({off.layer.words})"
        return client.line("hooks", "warn", text, "Take disableAllHooks out; the status line needs it too")
    wanted = _gateway(client) + HOOKS_PATH
    set_up = [event for event in EVENTS if wanted in (url for url, _ in hook_urls(client.layers, event))]
    missing = [event for event in EVENTS if event not in set_up]
    elsewhere = {
        url
        for event in missing
        for url, _ in hook_urls(client.layers, event)
        if url.endswith(HOOKS_PATH) and url != wanted
    }
    if elsewhere:
        text = f"{', '.join(missing)}: told to {', '.join(sorted(elsewhere))}, another gateway"
        return client.line("hooks", "warn", text, CONNECT)
    if missing:
        text = f"not told of {', '.join(missing)}: agents stay without names, words are read from requests"
        return client.line("hooks", "warn", text, CONNECT)
    return client.line("hooks", "ok", f"{len(set_up)} events are told to {wanted}")


def _gateway(client: Client) -> str:
    """Where its calls go, if that can be a gateway; else the one that is looked at."""
    base = in_force(client.layers, "env", "ANTHROPIC_BASE_URL")
    parts = place_of(str(base.value)) if base else None
    return origin_of(*parts) if parts and parts[0] in LOOPBACK else client.gateway.url


def _status_line(client: Client) -> Line:
    found = in_force(client.layers, "statusLine")
    command = table({"it": found.value}, "it").get("command") if found else None
    if found and isinstance(command, str) and "tierwise" in command and "statusline" in command:
        return client.line("status line", "ok", f"{command} ({found.layer.words})")
    text = "none" if found is None else f"another one ({found.layer.words})"
    return client.line("status line", "ok", f"{text}; {CONNECT} adds ours, behind your own")


def _mod(client: Client) -> Line:
    enabled = in_force(client.layers, "enabledPlugins", PLUGIN)
    version = client.installed.version if client.installed else ()
    can = "each request's model and effort are set by the client itself"
    if version and version < MODS_SINCE:
        text = f"mods need {_words(MODS_SINCE)} or later; hooks and gateway do what they can"
        return client.line("mod", "warn", text, UPDATE)
    if enabled is None or enabled.value is not True:
        text = f"not enabled; with it {can}, and its own cost display is right"
        return client.line("mod", "warn", text, CONNECT)
    source = in_force(client.layers, "extraKnownMarketplaces", MARKETPLACE)
    path = table({"it": source.value if source else None}, "it", "source").get("path")
    if isinstance(path, str) and not _is_folder(path):
        text = f"enabled, but its folder {path} is gone"
        return client.line("mod", "fail", text, CONNECT)
    return client.line("mod", "ok", f"enabled ({enabled.layer.words}): {can}")


def _words(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False
