"""The ledger in PostgreSQL: one database for several gateways; durable when a call returns.

    advisory lock         one writer at a time over all gateways: the order of numbers is the order of commits
    synchronous_commit    on, whatever the server's default: what is acknowledged survives a crash
    triggers              the database itself refuses to change or delete a record, whoever asks

Everything lies in the schema `tierwise`. Whoever opens the database brings that up to date, under the lock.

Source: rules.md section 11; research/platform.md sections B and C; design.md, "Beyond one machine".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import resources
from typing import Final

from tierwise.core.ledger import Execution
from tierwise.core.retention import Cut
from tierwise.core.zones import Scope
from tierwise.errors import StoreError
from tierwise.store.chain import Verdict, entry_of, gapless
from tierwise.store.contract import SessionHead, Unit
from tierwise.store.log import Numbered, Pruned, Turn
from tierwise.store.postgres_connections import Connections, Database, Row
from tierwise.store.postgres_entries import EXCLUSIVE, links, turn, verdict
from tierwise.store.postgres_retention import prunable, prune
from tierwise.store.postgres_rows import INSERT_EXECUTIONS, column_of, execution_rows
from tierwise.store.rows import COLUMNS, SCOPES, TOTALS, Value, execution_of, first_complaint

MIGRATIONS: Final = ("0001_executions.sql", "0002_entries.sql", "0003_checkpoints.sql")
"""Scripts in `sql/postgres/`, oldest first; a database's schema version is how many of them it has seen."""

PAGE_ROWS: Final = 500
LAST_MOMENT_US: Final = 2**63 - 1

Clause = tuple[str, Value]
"""A condition with one `%s`, and its value."""
Position = tuple[int, int]
"""A place in the order of records: `at_us`, `seq`."""
FIRST: Final[Position] = (-(2**63), 0)


class PostgresStore:
    """A store in the database of the URL `dsn`, its schema made if it is missing."""

    def __init__(self, dsn: str) -> None:
        self._connections = Connections(dsn)
        try:
            self._prepare()
        except BaseException:
            self._connections.close()
            raise

    def append(self, executions: Sequence[Execution]) -> int:
        """Write all of them or none, durably; return how many were new."""
        if not executions:
            return 0
        with self._connections.transaction("write to", EXCLUSIVE) as block:
            return block.database.execute(INSERT_EXECUTIONS, (execution_rows(executions),)).rowcount

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
        newest = self._connections.read("SELECT coalesce(max(seq), 0) FROM tierwise.execution", ())[0][0]
        conditions = (
            ("id = %s", id),
            ("session = %s", session),
            ("skill = %s", skill),
            ("at_us >= %s", since_us),
            ("at_us < %s", until_us),
            ("seq <= %s", newest),
        )
        wanted = [(clause, value) for clause, value in conditions if value is not None]
        start = FIRST if last is None else self._start_of_last(wanted, last)
        return self._pages(wanted, start)

    def spent(self, unit: Unit, scope: Scope, *, since_us: int, until_us: int | None = None) -> int:
        """What the scope has spent in the window, in the unit; unpriced calls add nothing to `usd`."""
        assert scope.kind in SCOPES, f"no such scope: {scope.kind}"
        column = SCOPES[scope.kind]
        until = LAST_MOMENT_US if until_us is None else until_us
        wanted: list[Clause] = [("at_us >= %s", since_us), ("at_us < %s", until)]
        if column:
            wanted.append((f"{column} = %s", scope.value))
        total = self._select(f"coalesce({TOTALS[unit]}, 0)", wanted)[0][0]
        return int(total)

    def sessions(self, last: int = 20) -> list[SessionHead]:
        """The newest sessions, newest first."""
        rows = self._connections.read(
            "SELECT session, min(at_us), max(at_us), count(*) FROM tierwise.execution "
            "GROUP BY session ORDER BY max(at_us) DESC, max(seq) DESC LIMIT %s",
            (last,),
        )
        return [SessionHead(*row) for row in rows]

    def exclusive(self) -> AbstractContextManager[Turn]:
        """Wait for the turn to write; durable when the block ends, unchanged if it ends by an exception."""
        return turn(self._connections)

    def entries(self, after: int = 0) -> Iterator[Numbered]:
        """The entries numbered above `after` that there are when it is called, a page at a time."""
        found = links(self._connections, after)
        return gapless(((link.seq, entry_of(link.record)) for link in found), after)

    def verify(self) -> Verdict:
        """Walk the chain of hashes from the checkpoint on; then hold every record against its columns."""
        found = verdict(self._connections)
        complaint = "" if found.problem else first_complaint(self._execution_pages(), column_of)
        return replace(found, problem=f"the entries are sound, but {complaint}") if complaint else found

    def _execution_pages(self) -> Iterator[list[Row]]:
        """The rows of calls, a page at a time."""
        tail, after = f"ORDER BY seq LIMIT {PAGE_ROWS}", 0
        while page := self._select(f"seq, {', '.join(COLUMNS)}", [("seq > %s", after)], tail):
            yield [row[1:] for row in page]
            after = page[-1][0]

    def prunable(self, cut: Cut) -> Pruned:
        """What `prune` would remove."""
        return prunable(self._connections, cut)

    def prune(self, cut: Cut) -> Pruned:
        """Remove what the cut says, in one turn, leaving a checkpoint; what has gone already is no error."""
        return prune(self._connections, cut)

    def close(self) -> None:
        """Release the storage; nothing may be called afterwards."""
        self._connections.close()

    def _start_of_last(self, wanted: list[Clause], last: int) -> Position:
        """The position just before the `last` newest matching rows."""
        assert last > 0, "`last` counts records"
        found = self._select("at_us, seq", wanted, f"ORDER BY at_us DESC, seq DESC LIMIT 1 OFFSET {last - 1}")
        return (found[0][0], found[0][1] - 1) if found else FIRST

    def _pages(self, wanted: list[Clause], position: Position) -> Iterator[Execution]:
        """The matching records after `position`, a page at a time."""
        tail = f"AND (at_us, seq) > (%s, %s) ORDER BY at_us, seq LIMIT {PAGE_ROWS}"
        while True:
            page = self._select("at_us, seq, record", wanted, tail, position)
            for at_us, seq, record in page:
                position = (at_us, seq)
                yield execution_of(record)
            if len(page) < PAGE_ROWS:
                return

    def _select(
        self, columns: str, wanted: list[Clause], tail: str = "", more: tuple[Value, ...] = ()
    ) -> list[Row]:
        """The rows that satisfy every clause. Only our own words become SQL; values are bound."""
        where = " AND ".join(clause for clause, _ in wanted)
        statement = f"SELECT {columns} FROM tierwise.execution WHERE {where} {tail}"  # noqa: S608
        return self._connections.read(statement, (*(column_of(value) for _, value in wanted), *more))

    def _prepare(self) -> None:
        """Refuse what cannot hold the ledger before changing anything; then bring the schema up."""
        with self._connections.transaction("open", EXCLUSIVE) as block:
            database = block.database
            self._refuse_other_encodings(database)
            for version in range(self._schema_version(database), len(MIGRATIONS)):
                database.execute(_script(MIGRATIONS[version]))
                database.execute("INSERT INTO tierwise.migration (name) VALUES (%s)", (MIGRATIONS[version],))

    def _schema_version(self, database: Database) -> int:
        """How many migrations the database has seen; StoreError if that is more than this program knows."""
        schema = database.execute("SELECT to_regnamespace('tierwise')").fetchall()[0][0]
        if schema is None:
            database.execute("CREATE SCHEMA tierwise")
        database.execute(
            "CREATE TABLE IF NOT EXISTS tierwise.migration "
            "(number integer GENERATED ALWAYS AS IDENTITY, name text NOT NULL UNIQUE)"
        )
        version = database.execute("SELECT count(*) FROM tierwise.migration").fetchall()[0][0]
        assert isinstance(version, int)
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self._connections.name} was written by a newer tierwise (schema {version}, this one knows "
                f"{len(MIGRATIONS)}): upgrade tierwise, or name another database"
            )
        return version

    def _refuse_other_encodings(self, database: Database) -> None:
        encoding = database.execute("SHOW server_encoding").fetchall()[0][0]
        if encoding != "UTF8":
            raise StoreError(
                f"{self._connections.name} keeps texts in {encoding}: make a database with ENCODING 'UTF8'"
            )


def _script(name: str) -> str:
    return resources.files("tierwise.store").joinpath("sql", "postgres", name).read_text(encoding="utf-8")
