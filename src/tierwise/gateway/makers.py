"""Makers: behind a maker's own public API, each client's calls go on to the maker that they are meant for.

    --upstream https://api.anthropic.com (or https://api.openai.com)

    /v1/messages…                                        https://api.anthropic.com
    /v1/responses…, /v1/chat/…                           https://api.openai.com
        with `chatgpt-account-id` (Codex, logged in)     https://chatgpt.com/backend-api/codex, without /v1
    anything else                                        as its headers say whose it is, else as configured

So one gateway serves Claude Code and Codex, and no maker is sent another one's credential. Any other
upstream (a proxy, a company's gateway, the simulator) gets everything.

Source: research/clients.md sections 2 and 11; research/peers.md T19; Codex's binary (ChatGPT's place).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ANTHROPIC: Final = "https://api.anthropic.com"
OPENAI: Final = "https://api.openai.com"
CHATGPT: Final = "https://chatgpt.com/backend-api/codex"
PUBLIC: Final = frozenset({ANTHROPIC, OPENAI})

_ACCOUNT: Final = "chatgpt-account-id"
_OF_ANTHROPIC: Final = frozenset({"anthropic-version", "anthropic-beta", "x-api-key"})
_OF_OPENAI: Final = frozenset(
    {_ACCOUNT, "openai-organization", "openai-project", "openai-beta", "originator"}
)


def place_of(upstream: str, target: str, headers: Iterable[tuple[str, str]]) -> str:
    """The URL that a request for `target`, path and query, is sent to."""
    if upstream not in PUBLIC:
        return upstream + target
    names = {name.lower() for name, _ in headers}
    maker = _maker(upstream, target, names)
    if maker == OPENAI and _ACCOUNT in names:
        return CHATGPT + target.removeprefix("/v1")
    return maker + target


def _maker(upstream: str, target: str, names: set[str]) -> str:
    if target.startswith("/v1/messages"):
        return ANTHROPIC
    if target.startswith(("/v1/responses", "/v1/chat/")):
        return OPENAI
    if names & _OF_ANTHROPIC:
        return ANTHROPIC
    return OPENAI if names & _OF_OPENAI else upstream
