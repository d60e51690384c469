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
from tierwise.errors import StoreError
from tierwise.store.chain import Verdict, entry_of, gapless
from tierwise.store.log import Numbered, Pruned, Turn
from tierwise.store.postgres_connections import Connections, Database, Row
from tierwise.store.postgres_entries import EXCLUSIVE, links, turn, verdict
from tierwise.store.postgres_retention import prunable, prune
from tierwise.store.postgres_rows import INSERT_EXECUTIONS, column_of, execution_rows
from tierwise.store.reading import PAGE_ROWS, Clause, RecordReader
from tierwise.store.rows import COLUMNS, Value, first_complaint

MIGRATIONS: Final = ("0001_executions.sql", "0002_entries.sql", "0003_checkpoints.sql")
"""Scripts in `sql/postgres/`, oldest first; a database's schema version is how many of them it has seen."""


class PostgresStore(RecordReader):
    """A store in the database of the URL `dsn`, its schema made if it is missing."""

    MARK = "%s"
    WRITTEN_BY = "seq <= %s"

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
        complaint = "" if found.problem else first_complaint(self._execution_rows, column_of)
        return replace(found, problem=f"the entries are sound, but {complaint}") if complaint else found

    def prunable(self, cut: Cut) -> Pruned:
        """What `prune` would remove."""
        return prunable(self._connections, cut)

    def prune(self, cut: Cut) -> Pruned:
        """Remove what the cut says, in one turn, leaving a checkpoint; what has gone already is no error."""
        return prune(self._connections, cut)

    def close(self) -> None:
        """Release the storage; nothing may be called afterwards."""
        self._connections.close()

    def _execution_rows(self, after: int) -> list[Row]:
        """The next page of the rows of calls: `seq`, then `COLUMNS`."""
        tail = f"ORDER BY seq LIMIT {PAGE_ROWS}"
        return self._select(f"seq, {', '.join(COLUMNS)}", [("seq > %s", after)], tail)

    def _select(
        self, columns: str, wanted: list[Clause], tail: str = "", more: tuple[Value, ...] = ()
    ) -> list[Row]:
        where = " AND ".join(clause for clause, _ in wanted) or "true"
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
