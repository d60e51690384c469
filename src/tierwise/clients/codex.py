"""Codex: what `config.toml` must say for its calls to go through the gateway.

    model_provider = "tierwise"           the provider in use …

    [model_providers.tierwise]            … is the gateway, which is spoken to
    name = "tierwise"
    base_url = "http://127.0.0.1:8787/v1"
    wire_api = "responses"
    requires_openai_auth = true           with the credential that the user's present provider has

A provider of the user's own is copied, all but its place: keys from the environment, headers, retries.

Source: research/clients.md section 11; the client's own configuration reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tierwise.clients.edits import Wanted
from tierwise.clients.plans import Destination, Plan, is_gateway, table

PROVIDER: Final = "https://api.openai.com"
NAME: Final = "tierwise"
BUILT_IN: Final = "openai"
PARTS: Final = ()
_OWN: Final = frozenset({"name", "base_url", "wire_api"})
_LOCAL: Final = frozenset({"oss", "ollama", "lmstudio"})


def plan(settings: Mapping[str, Any], to: Destination) -> Plan:
    """What the settings are to say, and what a person should know about them."""
    present = str(settings.get("model_provider", BUILT_IN))
    own = table(settings, "model_providers", present)
    ours = present == NAME
    values: dict[str, Any] = {
        "name": NAME,
        "base_url": f"{to.base_url}/v1",
        "wire_api": "responses",
        **_credential(own),
    }
    base = own.get("base_url") or (settings.get("openai_base_url") if present == BUILT_IN else None)
    place = str(base).rstrip("/").removesuffix("/v1")
    elsewhere = bool(base) and not is_gateway(base, to) and place != PROVIDER
    foreign = not ours and (elsewhere or present in _LOCAL)
    wanted = (
        Wanted(("model_provider",), NAME, "url", "refuse" if foreign else "replace"),
        Wanted(("model_providers", NAME), values, "url", "replace", mark="base_url"),
    )
    return Plan(wanted, tuple(_notes(settings, own)), place if foreign and base else PROVIDER)


def _credential(own: Mapping[str, Any]) -> dict[str, Any]:
    """How the user's provider is spoken to, but for its place; OpenAI's own login if it is built in."""
    if not own:
        return {"requires_openai_auth": True}
    return {key: value for key, value in own.items() if key not in _OWN}


def _notes(settings: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    notes = []
    profile = settings.get("profile")
    if isinstance(profile, str) and "model_provider" in table(settings, "profiles", profile):
        notes.append(f"the profile `{profile}` names a model_provider of its own, which is stronger")
    if own.get("wire_api") == "chat":
        notes.append("the present provider speaks Chat Completions; through tierwise it must speak Responses")
    if table(settings, "features").get("enable_request_compression") is True:
        notes.append(
            "enable_request_compression is on: a compressed request cannot be metered and is refused"
        )
    return notes
