"""Clients: who sends a request, where that matters: a client with models, prices or habits of its own.

| client | known by |
|---|---|
| `codex` | its metadata of the turn, or `originator` |
| `opencode` | its user agent |

Claude Code needs no mark: its protocol is its own. A name that is claimed by another program changes how it
is refused and which list of models it is given, nothing more.

Source: research/clients.md sections 11 and 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Client = Literal["", "codex", "opencode"]

TURN_METADATA: Final = "x-codex-turn-metadata"


def client_of(headers: Mapping[str, str]) -> Client:
    """The client whose headers these are, by lower-case names; "" for any other."""
    if TURN_METADATA in headers or headers.get("originator", "").startswith("codex"):
        return "codex"
    return "opencode" if headers.get("user-agent", "").startswith("opencode/") else ""
