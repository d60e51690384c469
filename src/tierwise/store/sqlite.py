"""The ledger in SQLite: one file, or memory; the records of calls, above the entries of money.

How the file is kept is in `sqlite_file`, how entries are in `sqlite_log`; this is what reports ask.

Source: rules.md sections 10 and 11; design.md, "Parts chosen".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tierwise.core.ledger import Execution
from tierwise.core.zones import Scope
from tierwise.store.contract import SessionHead, Unit
from tierwise.store.rows import SCOPES, TOTALS, Value, execution_of
from tierwise.store.sqlite_log import SqliteLog

PAGE_ROWS: Final = 500
LAST_MOMENT_US: Final = 2**63 - 1

Clause = tuple[str, Value]
"""A condition with one `?`, and its value."""
Position = tuple[int, int]
"""A place in the order of records: `at_us`, `seq`."""
FIRST: Final[Position] = (-(2**63), 0)


class SqliteStore(SqliteLog):
    """A store in the file `path`, made if it is missing (folder 0700, file 0600); in memory for None."""

    def append(self, executions: Sequence[Execution]) -> int:
        """Write all of them or none, durably; return how many were new."""
        with self._using("write to"), self._transaction():
            return self._append_executions(executions)

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
        newest = self._rows("SELECT coalesce(max(seq), 0) FROM execution", ())[0][0]
        conditions = (
            ("id = ?", id),
            ("session = ?", session),
            ("skill = ?", skill),
            ("at_us >= ?", since_us),
            ("at_us < ?", until_us),
            ("+seq <= ?", newest),  # the plus keeps SQLite from walking rows in the order of writing
        )
        wanted = [(clause, value) for clause, value in conditions if value is not None]
        start = FIRST if last is None else self._start_of_last(wanted, last)
        return self._pages(wanted, start)

    def spent(self, unit: Unit, scope: Scope, *, since_us: int, until_us: int | None = None) -> int:
        """What the scope has spent in the window, in the unit; unpriced calls add nothing to `usd`."""
        assert scope.kind in SCOPES, f"no such scope: {scope.kind}"
        column = SCOPES[scope.kind]
        until = LAST_MOMENT_US if until_us is None else until_us
        wanted: list[Clause] = [("at_us >= ?", since_us), ("at_us < ?", until)]
        if column:
            wanted.append((f"{column} = ?", scope.value))
        total = self._select(f"coalesce({TOTALS[unit]}, 0)", wanted)[0][0]
        assert isinstance(total, int)
        return total

    def sessions(self, last: int = 20) -> list[SessionHead]:
        """The newest sessions, newest first."""
        rows = self._rows(
            "SELECT session, min(at_us), max(at_us), count(*) FROM execution "
            "GROUP BY session ORDER BY max(at_us) DESC, max(seq) DESC LIMIT ?",
            (last,),
        )
        return [SessionHead(*row) for row in rows]

    def _start_of_last(self, wanted: list[Clause], last: int) -> Position:
        """The position just before the `last` newest matching rows."""
        assert last > 0, "`last` counts records"
        found = self._select("at_us, seq", wanted, f"ORDER BY at_us DESC, seq DESC LIMIT 1 OFFSET {last - 1}")
        return (found[0][0], found[0][1] - 1) if found else FIRST

    def _pages(self, wanted: list[Clause], position: Position) -> Iterator[Execution]:
        """The matching records after `position`, a page at a time, the lock released between pages."""
        tail = f"AND (at_us, seq) > (?, ?) ORDER BY at_us, seq LIMIT {PAGE_ROWS}"
        while True:
            page = self._select("at_us, seq, record", wanted, tail, position)
            for at_us, seq, record in page:
                position = (at_us, seq)
                yield execution_of(record)
            if len(page) < PAGE_ROWS:
                return

    def _select(
        self, columns: str, wanted: list[Clause], tail: str = "", more: tuple[Value, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows that satisfy every clause. Only our own words become SQL; values are bound."""
        where = " AND ".join(clause for clause, _ in wanted)
        statement = f"SELECT {columns} FROM execution WHERE {where} {tail}"  # noqa: S608
        return self._rows(statement, (*(value for _, value in wanted), *more))
