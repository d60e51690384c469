"""What reports ask of the records of calls, in the words that both dialects of SQL share.

A store brings `_select`, its mark for a value, and how it says "written by then"; the questions are here.
As rows are only ever added at the end, "all rows up to number N" is a snapshot, read a page at a time.

Source: rules.md sections 10 and 11; style.md, "A budget is a query".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from tierwise.core.ledger import Execution
from tierwise.core.zones import Scope
from tierwise.store.contract import SessionHead, Unit
from tierwise.store.rows import SCOPES, TOTALS, Value, execution_of

PAGE_ROWS: Final = 500
LAST_MOMENT_US: Final = 2**63 - 1

Clause = tuple[str, Value]
"""A condition with one mark, and its value."""
Position = tuple[int, int]
"""A place in the order of records: `at_us`, `seq`."""
FIRST: Final[Position] = (-(2**63), 0)


class RecordReader(ABC):
    """The reading half of a store."""

    MARK: ClassVar[str]
    """What stands for a bound value."""
    WRITTEN_BY: ClassVar[str]
    """The condition that a row's number is at most the value."""

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
        """The records that match when it is called, oldest first; `last` keeps only the newest so many."""
        newest = self._select("coalesce(max(seq), 0)", [])[0][0]
        conditions = (
            (f"id = {self.MARK}", id),
            (f"session = {self.MARK}", session),
            (f"skill = {self.MARK}", skill),
            (f"at_us >= {self.MARK}", since_us),
            (f"at_us < {self.MARK}", until_us),
            (self.WRITTEN_BY, newest),
        )
        wanted = [(clause, value) for clause, value in conditions if value is not None]
        start = FIRST if last is None else self._start_of_last(wanted, last)
        return self._matching(wanted, start)

    def spent(self, unit: Unit, scope: Scope, *, since_us: int, until_us: int | None = None) -> int:
        """What the scope has spent in the window, in the unit; unpriced calls add nothing to `usd`."""
        assert scope.kind in SCOPES, f"no such scope: {scope.kind}"
        column = SCOPES[scope.kind]
        until = LAST_MOMENT_US if until_us is None else until_us
        wanted: list[Clause] = [(f"at_us >= {self.MARK}", since_us), (f"at_us < {self.MARK}", until)]
        if column:
            wanted.append((f"{column} = {self.MARK}", scope.value))
        return int(self._select(f"coalesce({TOTALS[unit]}, 0)", wanted)[0][0])

    def sessions(self, last: int = 20) -> list[SessionHead]:
        """The newest sessions, newest first."""
        tail = f"GROUP BY session ORDER BY max(at_us) DESC, max(seq) DESC LIMIT {self.MARK}"
        rows = self._select("session, min(at_us), max(at_us), count(*)", [], tail, (last,))
        return [SessionHead(*row) for row in rows]

    @abstractmethod
    def _select(
        self, columns: str, wanted: list[Clause], tail: str = "", more: tuple[Value, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows of calls that satisfy every clause. Only our own words become SQL; values are bound."""

    def _start_of_last(self, wanted: list[Clause], last: int) -> Position:
        """The position just before the `last` newest matching rows."""
        assert last > 0, "`last` counts records"
        found = self._select("at_us, seq", wanted, f"ORDER BY at_us DESC, seq DESC LIMIT 1 OFFSET {last - 1}")
        return (found[0][0], found[0][1] - 1) if found else FIRST

    def _matching(self, wanted: list[Clause], position: Position) -> Iterator[Execution]:
        """The matching records after `position`, a page at a time; nothing is held between pages."""
        after = f"AND (at_us, seq) > ({self.MARK}, {self.MARK})"
        while True:
            tail = f"{after} ORDER BY at_us, seq LIMIT {PAGE_ROWS}"
            page = self._select("at_us, seq, record", wanted, tail, position)
            for at_us, seq, record in page:
                position = (at_us, seq)
                yield execution_of(record)
            if len(page) < PAGE_ROWS:
                return
