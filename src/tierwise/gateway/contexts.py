"""Contexts: the newest request of each session, in memory only, so that a person can go on elsewhere.

A request holds the whole conversation. The newest one of a session's main loop is kept as it came; it is
written nowhere unless somebody asks for it, and is gone when the gateway ends. What is exported loads into
any client of the API:

    {"model": …, "system": …, "messages": […], "tools": […]}           Messages, Chat Completions
    {"model": …, "instructions": …, "input": […], "tools": […]}        Responses

Source: seed A§2.3 step 5; rules.md section 4, "Exhausted"; research/platform.md section F2.14.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import msgspec

MAX_SESSIONS: Final = 32
MAX_BYTES: Final = 128 * 1024 * 1024
"""Of all kept requests together; a million tokens are about 4 MB."""

_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder: Final = msgspec.json.Encoder()
KEYS: Final = ("model", "system", "messages", "instructions", "input", "tools")
"""What another client needs; the rest is about one call only."""


class Contexts:
    """The newest `MAX_SESSIONS` sessions within `MAX_BYTES`, the longest silent given up first."""

    def __init__(self, *, keep: bool = True) -> None:
        self.keeps = keep
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def keep(self, session: str, body: bytes) -> None:
        """Keep the request instead of the session's earlier one; nothing if keeping is off."""
        if not self.keeps or not session:
            return
        self._forget(session)
        if len(body) > MAX_BYTES:
            return
        self._bodies[session] = body
        self._bytes += len(body)
        while self._bytes > MAX_BYTES or len(self._bodies) > MAX_SESSIONS:
            self._forget(next(iter(self._bodies)))

    def export(self, session: str) -> bytes | None:
        """The session's conversation as JSON; None if none is kept."""
        body = self._bodies.get(session)
        if body is None:
            return None
        members: dict[str, Any] = _decoder.decode(body)
        return _encoder.encode({key: members[key] for key in KEYS if key in members})

    def _forget(self, session: str) -> None:
        self._bytes -= len(self._bodies.pop(session, b""))
