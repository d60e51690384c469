"""The contract of every store: append records, read them back, and answer what was spent.

A budget is a query over the entries, never a counter that can drift. Entries are never changed; a record
whose id is known already is left as it is, so a replay is harmless. A store may be used from any thread.

Source: rules.md section 11; style.md, "A budget is a query".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tierwise.core.ledger import Execution
from tierwise.core.zones import Scope

Unit = Literal["usd", "tokens", "messages"]
"""`usd` is answered in nano-dollars, `tokens` in weighted tokens, `messages` in calls that were answered."""


@dataclass(frozen=True, slots=True)
class SessionHead:
    """One session at a glance; times in µs since the epoch, UTC."""

    session: str
    first_us: int
    last_us: int
    calls: int


class Store(Protocol):
    """What every store can do. All of it raises `StoreError` if the storage fails."""

    def append(self, executions: Sequence[Execution]) -> int:
        """Write all of them or none, durably; return how many were new."""
        ...

    def executions(
        self,
        *,
        id: str | None = None,
        session: str | None = None,
        skill: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
        last: int | None = None,
    ) -> Iterator[Execution]:
        """The records that match, oldest first; `last` keeps only the newest so many.

        `since_us` is inclusive, `until_us` exclusive.
        """
        ...

    def spent(self, unit: Unit, scope: Scope, *, since_us: int, until_us: int | None = None) -> int:
        """What the scope has spent in the window, in the unit; unpriced calls add nothing to `usd`."""
        ...

    def sessions(self, last: int = 20) -> list[SessionHead]:
        """The newest sessions, newest first."""
        ...

    def close(self) -> None:
        """Release the storage; nothing may be called afterwards."""
        ...
