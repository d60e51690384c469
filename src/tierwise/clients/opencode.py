"""opencode: what `opencode.json` or `opencode.jsonc` must say for its calls to go through the gateway.

    {"provider": {"anthropic": {"options": {"baseURL": "http://127.0.0.1:8787/v1"}}}}

OpenAI's provider is led there too where the user has configured it. Providers of other makers are left alone.
A new file also names its schema: the client would write that in by itself.

Source: research/clients.md section 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tierwise.clients.edits import Wanted
from tierwise.clients.plans import Destination, Plan, is_gateway, table

PROVIDERS: Final = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com"}
SCHEMA: Final = "https://opencode.ai/config.json"
PARTS: Final = ()


def plan(settings: Mapping[str, Any], to: Destination) -> Plan:
    """What the settings are to say, and what a person should know about them."""
    configured = [name for name in PROVIDERS if name in table(settings, "provider")] or ["anthropic"]
    wanted, upstreams = [], []
    if not settings or settings.get("$schema") == SCHEMA:
        wanted.append(Wanted(("$schema",), SCHEMA, "url"))
    for name in configured:
        base = table(settings, "provider", name, "options").get("baseURL")
        place = str(base).rstrip("/").removesuffix("/v1")
        foreign = base is not None and not is_gateway(base, to) and place != PROVIDERS[name]
        upstreams.append(place if foreign else PROVIDERS[name])
        path = ("provider", name, "options", "baseURL")
        wanted.append(Wanted(path, f"{to.base_url}/v1", "url", "refuse" if foreign else "replace"))
    return Plan(tuple(wanted), tuple(_notes(settings, configured)), upstreams[0])


def _notes(settings: Mapping[str, Any], configured: list[str]) -> list[str]:
    others = sorted(table(settings, "provider").keys() - PROVIDERS.keys())
    notes = [f"the provider `{name}` is left alone: its calls do not reach tierwise" for name in others]
    off = settings.get("disabled_providers")
    notes += [
        f"`{name}` is among disabled_providers"
        for name in configured
        if isinstance(off, list) and name in off
    ]
    return notes
