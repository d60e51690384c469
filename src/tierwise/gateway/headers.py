"""Headers: what passes through the gateway, and what belongs to one connection only.

Everything passes that is not hop-by-hop: credentials, `anthropic-beta`, `anthropic-version`, the client's own
marks, and on the way back `request-id` and the rate limits. The provider is asked not to compress, so that
usage can be read as it passes; on loopback nothing is lost by it. Our own `x-tierwise-*` request headers stay
here.

Source: research/clients.md sections 0 (16), 2, 7 and 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

Raw = tuple[bytes, bytes]
"""A header as it stands on the wire."""

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
NOT_UP: Final = HOP_BY_HOP | {b"host", b"content-length", b"accept-encoding", b"expect"}
OWN: Final = b"x-tierwise-"
LIMITS: Final = "anthropic-ratelimit-"
MODEL: Final = b"openai-model"
"""Which model answers. Codex tells its user of a suspicion of crime where it is not the one asked for."""


def by_name(raw: Iterable[Raw]) -> dict[str, str]:
    """Headers by lower-case name; of several of one name the last counts."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def upward(raw: Iterable[Raw]) -> list[tuple[str, str]]:
    """The client's headers as the provider shall see them."""
    passed = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in raw
        if name.lower() not in NOT_UP and not name.lower().startswith(OWN)
    ]
    return [*passed, ("accept-encoding", "identity")]


def downward(raw: Iterable[Raw], own: Mapping[str, str]) -> list[Raw]:
    """The provider's headers as the client shall see them, with our own behind them.

    Its own limits are left out where ours are told: the client would take them for one.
    """
    passed = [(name.lower(), value) for name, value in raw if name.lower() not in HOP_BY_HOP]
    if any(name.startswith(LIMITS) for name in own):
        passed = [(name, value) for name, value in passed if not name.startswith(LIMITS.encode())]
    return [*passed, *encoded(own)]


def naming_model(raw: Iterable[Raw], model: str) -> list[Raw]:
    """The headers with this model where they say which one answers; none is added."""
    told = model.encode("latin-1", "replace")
    return [(name, told if name.lower() == MODEL else value) for name, value in raw]


def encoded(headers: Mapping[str, str]) -> list[Raw]:
    """Header values that hold any text, made safe for the wire: one line, Latin-1, `?` for the rest."""
    return [
        (name.encode("ascii"), " ".join(value.split()).encode("latin-1", "replace"))
        for name, value in headers.items()
        if value
    ]
