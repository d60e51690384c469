"""Bulletins: what a session is to be told at its next hook, each thing once.

    a notice is made  ──►  kept for its session  ──►  its next prompt, agent or skill  ──►  user, model

Source: rules.md section 4, "Entering yellow and red is notified once"; "Consent".
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tierwise.gateway.notices import Notice

MAX_SESSIONS: Final = 1_024
MAX_WAITING: Final = 20
"""Of one session; the oldest are given up first."""
MAX_TOLD: Final = 200
"""So many texts are remembered of one session, so that none is told twice."""


class Bulletins:
    """What waits for each session, and what it was told; the longest silent sessions are given up first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, list[Notice]] = OrderedDict()
        self._told: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()

    def keep(self, notice: Notice) -> None:
        """Keep the notice for the session that it is about."""
        if not notice.session:
            return
        waiting = self._waiting.setdefault(notice.session, [])
        waiting.append(notice)
        del waiting[:-MAX_WAITING]
        self._waiting.move_to_end(notice.session)
        while len(self._waiting) > MAX_SESSIONS:
            self._waiting.popitem(last=False)

    def take(self, session: str) -> list[Notice]:
        """What the session has not been told yet; it has by now."""
        return self._waiting.pop(session, [])

    def news(self, session: str, text: str, within: str = "") -> str:
        """The text, if the session was not told it before (in the turn `within`); "" if it was."""
        if not text:
            return ""
        told = self._told.setdefault(session, OrderedDict())
        self._told.move_to_end(session)
        key = f"{within}\0{text}"
        if key in told:
            return ""
        told[key] = None
        while len(told) > MAX_TOLD:
            told.popitem(last=False)
        while len(self._told) > MAX_SESSIONS:
            self._told.popitem(last=False)
        return text

    def forget(self, session: str) -> None:
        """Forget what an ended session was told; what still waits is for whoever resumes it."""
        self._told.pop(session, None)
