"""Closing: the summary of a session that has ended, to wherever notices go.

    SessionEnd ──► what is under way is recorded ──► the store is read in a thread ──► one notice

Nobody waits for it, and it holds figures only.

Source: seed A§5.2; rules.md section 10.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tierwise.core.figures import counted, dollars
from tierwise.core.summaries import Summary, summarise
from tierwise.errors import StoreError
from tierwise.gateway.notices import Notice
from tierwise.gateway.purser import Ledger
from tierwise.store.contract import Store

MAX_CALLS: Final = 20_000
"""The newest calls of the session that are summed up."""
MAX_CLOSING: Final = 64
"""So many sessions are summed up at once; of more that end together the rest is left to `tierwise report`."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Sums sessions up; `tell` takes the notice, `alarm` what went wrong."""

    store: Store
    ledger: Ledger
    tell: Callable[[Notice], None]
    now_us: Callable[[], int]
    alarm: Callable[[str], None]
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def close(self, session: str) -> None:
        """Sum the session up in the background."""
        if len(self._tasks) >= MAX_CLOSING:
            return
        task = asyncio.get_running_loop().create_task(self._close(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self, session: str) -> None:
        try:
            await asyncio.wrap_future(self.ledger.flushed())
            summary = await asyncio.to_thread(self._summary, session)
        except StoreError as error:
            self.alarm(f"the session that ended was not summed up: {error}")
            return
        if summary.total.calls:
            text = summary_line(summary)
            self.tell(Notice("session", text, "", None, None, session, self.now_us() / 1_000_000))

    def _summary(self, session: str) -> Summary:
        return summarise(self.store.executions(session=session, last=MAX_CALLS))


def summary_line(summary: Summary) -> str:
    """The session in one sentence: calls, cost, what was moved, and the saving against what was asked for."""
    total, against = summary.total, summary.against_asked
    parts = [f"session ended: {counted(total.calls, 'call')}, {dollars(total.cost_nanousd)}"]
    if summary.moved:
        parts.append(f"{summary.moved} on another tier than asked")
    if against.saved_percent is not None and against.saved_nanousd:
        word = "saved" if against.saved_nanousd > 0 else "more"
        parts.append(f"{dollars(abs(against.saved_nanousd))} {word} against what was asked for")
    if summary.failed:
        parts.append(f"{summary.failed} failed or refused")
    if total.unpriced_calls:
        parts.append(f"{counted(total.unpriced_calls, 'call')} without a known price")
    return ", ".join(parts)
