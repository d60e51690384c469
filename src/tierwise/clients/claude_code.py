"""Claude Code: what `settings.json` must say for its calls, agents and skills to go through the gateway.

    env.ANTHROPIC_BASE_URL            every call goes to the gateway
    env.CLAUDE_CODE_GATEWAY_HINT_…    each call says whether it is a turn, an agent, a title
    env.ANTHROPIC_DEFAULT_HAIKU_MODEL titles are made with the smallest model
    fallbackModel + a header          the client resends on another model where the gateway asks it to
    hooks                             agents, skills, prompts and ends of sessions are told to the gateway
    statusLine                        ours, with the user's own in front
    extraKnownMarketplaces + enabled… the mod, as a plugin in the folder that tierwise was installed to

What the user has set himself is his: only another base URL is refused, since two cannot both hold.

Source: research/clients.md sections 2, 5, 6, 7 and 10.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tierwise.clients.edits import How, Wanted
from tierwise.clients.plans import HOOKS_PATH, Destination, Plan, is_gateway, table

PROVIDER: Final = "https://api.anthropic.com"
PARTS: Final = ("hints", "small-model", "fallback", "hooks", "statusline", "plugin")
FALLBACKS: Final = ("sonnet", "haiku")
FALLBACKS_HEADER: Final = "x-tierwise-fallbacks"
EVENTS: Final[Mapping[str, str]] = {
    "PreToolUse": "Agent|Task|Skill",
    "SubagentStart": "",
    "SubagentStop": "",
    "UserPromptSubmit": "",
    "SessionEnd": "",
}
"""Each event with the tools that it is matched by; "" for every occasion."""
HOOK_TIMEOUT_S: Final = 5
MARKETPLACE: Final = "tierwise"
PLUGIN: Final = "tierwise@tierwise"
_ELSEWHERE: Final = ("BEDROCK", "VERTEX", "FOUNDRY", "MANTLE", "ANTHROPIC_AWS")
"""Providers that Claude Code reaches past its base URL: `CLAUDE_CODE_USE_…`."""
_SMALL: Final = ("ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_SMALL_FAST_MODEL")


def plan(settings: Mapping[str, Any], to: Destination) -> Plan:
    """What the settings are to say, and what a person should know about them."""
    env = table(settings, "env")
    base = env.get("ANTHROPIC_BASE_URL")
    ours = base is None or is_gateway(base, to) or _is_ours(settings, base)
    how: How = "replace" if ours or str(base).rstrip("/") == PROVIDER else "refuse"
    wanted = [Wanted(("env", "ANTHROPIC_BASE_URL"), to.base_url, "url", how)]
    if to.home:
        wanted.append(Wanted(("env", "TIERWISE_HOME"), to.home, "url", "replace"))
    for part, of in _OF_PART.items():
        wanted += () if part in to.without else of(settings, to)
    status = settings.get("statusLine")
    previous = status if isinstance(status, dict) and status.get("command") != to.status_line else None
    return Plan(tuple(wanted), tuple(_notes(settings)), PROVIDER if ours else str(base), previous)


def _is_ours(settings: Mapping[str, Any], base: str) -> bool:
    """Whether hooks of ours stand in the file that go to the same gateway as the base URL."""
    said = json.dumps(table(settings, "hooks"))
    return f'"{base.partition("/p/")[0].rstrip("/")}{HOOKS_PATH}"' in said


def spoken_of(settings: Mapping[str, Any], url: str) -> frozenset[str]:
    """The parts that these settings speak of already, so that a project's would stand in front of them."""
    env = table(settings, "env")
    said = {
        "hints": "CLAUDE_CODE_GATEWAY_HINT_HEADERS" in env,
        "small-model": any(name in env for name in _SMALL),
        "fallback": "fallbackModel" in settings or "ANTHROPIC_CUSTOM_HEADERS" in env,
        "hooks": f'"{url}{HOOKS_PATH}"' in json.dumps(table(settings, "hooks")),
        "statusline": "statusLine" in settings,
        "plugin": PLUGIN in table(settings, "enabledPlugins"),
    }
    return frozenset(part for part, is_said in said.items() if is_said)


def _hints(_: Mapping[str, Any], __: Destination) -> list[Wanted]:
    return [Wanted(("env", "CLAUDE_CODE_GATEWAY_HINT_HEADERS"), "1", "hints")]


def _small_model(settings: Mapping[str, Any], to: Destination) -> list[Wanted]:
    if not to.small_model or _SMALL[1] in table(settings, "env"):
        return []
    return [Wanted(("env", _SMALL[0]), to.small_model, "small-model")]


def _fallback(settings: Mapping[str, Any], _: Destination) -> list[Wanted]:
    own = settings.get("fallbackModel")
    names = own if isinstance(own, list) and own and all(isinstance(one, str) for one in own) else FALLBACKS
    header = f"{FALLBACKS_HEADER}: {','.join(names)}"
    if any(char in header for char in "\r\n"):
        return []
    return [
        Wanted(("fallbackModel",), list(FALLBACKS), "fallback"),
        Wanted(("env", "ANTHROPIC_CUSTOM_HEADERS"), header, "fallback", kind="line"),
    ]


def _hooks(_: Mapping[str, Any], to: Destination) -> list[Wanted]:
    handler = {"type": "http", "url": f"{to.url}{HOOKS_PATH}", "timeout": HOOK_TIMEOUT_S}
    return [
        Wanted(
            ("hooks", event),
            {**({"matcher": tools} if tools else {}), "hooks": [handler]},
            "hooks",
            kind="hook",
        )
        for event, tools in EVENTS.items()
    ]


def _status_line(settings: Mapping[str, Any], to: Destination) -> list[Wanted]:
    value = {**table(settings, "statusLine"), "type": "command", "command": to.status_line}
    return [Wanted(("statusLine",), value, "statusline", "replace", mark="command")] if to.status_line else []


def _plugin(_: Mapping[str, Any], to: Destination) -> list[Wanted]:
    if to.plugin is None:
        return []
    source = {"source": {"source": "directory", "path": str(to.plugin)}}
    return [
        Wanted(("extraKnownMarketplaces", MARKETPLACE), source, "plugin", "replace"),
        Wanted(("enabledPlugins", PLUGIN), True, "plugin"),
    ]


_OF_PART: Final = {
    "hints": _hints,
    "small-model": _small_model,
    "fallback": _fallback,
    "hooks": _hooks,
    "statusline": _status_line,
    "plugin": _plugin,
}


def _notes(settings: Mapping[str, Any]) -> list[str]:
    env = table(settings, "env")
    notes = [
        f"CLAUDE_CODE_USE_{name} is set: Claude Code then calls that provider past its base URL, and no call "
        "reaches tierwise"
        for name in _ELSEWHERE
        if str(env.get(f"CLAUDE_CODE_USE_{name}", "0")).lower() not in ("", "0", "false")
    ]
    if settings.get("disableAllHooks") is True:
        notes.append("disableAllHooks is set: hooks and status line stay off")
    if isinstance(settings.get("allowedHttpHookUrls"), list):
        notes.append(f"allowedHttpHookUrls must allow the gateway's {HOOKS_PATH}, or its hooks stay off")
    if "fallbackModel" in settings and not isinstance(settings["fallbackModel"], list):
        notes.append("fallbackModel is no list; Claude Code ignores it, so no call can be steered")
    return notes


# -- for one run -------------------------------------------------------------------------------------------


def settings_flag(arguments: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The value of `--settings` among a client's arguments, of several the last, and the others."""
    value, rest, given = None, [], iter(arguments)
    for argument in given:
        if argument == "--":
            rest += [argument, *given]
        elif argument == "--settings":
            value = next(given, None)
        elif argument.startswith("--settings="):
            value = argument.partition("=")[2]
        else:
            rest.append(argument)
    return value, tuple(rest)
