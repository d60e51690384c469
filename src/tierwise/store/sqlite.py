"""The ledger in SQLite: one file, or memory; durable when `append` returns.

    WAL, synchronous=FULL    an acknowledged record survives a crash of the process and of the machine
    BEGIN IMMEDIATE          processes that append to one file take turns instead of failing half-way
    triggers                 the database itself refuses to change or delete a record, whoever asks

One connection behind one lock serves every thread: a write is short, and a long read goes page by page, so
nothing waits for a report. As rows are only ever added, "all rows up to number N" is a snapshot.

Source: rules.md section 11; research/platform.md section B; design.md, "Parts chosen".
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import apsw

from tierwise.core.ledger import Execution
from tierwise.core.zones import Scope
from tierwise.errors import StoreError
from tierwise.store.contract import SessionHead, Unit
from tierwise.store.rows import COLUMNS, Value, execution_of, row_of

APPLICATION_ID: Final = 0x74776C67
"""`twlg` in ASCII: marks the file as a ledger of tierwise."""

MIGRATIONS: Final = ("0001_executions.sql",)
"""Scripts in `sql/`, oldest first; a file's schema version is how many of them it has seen."""

INSERT: Final = f"INSERT INTO execution ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
"""A row whose id is known already is passed over, by a trigger."""

BUSY_TIMEOUT_MS: Final = 5_000
PAGE_ROWS: Final = 500
LAST_MOMENT_US: Final = 2**63 - 1

Clause = tuple[str, Value]
"""A condition with one `?`, and its value."""
Position = tuple[int, int]
"""A place in the order of records: `at_us`, `seq`."""
FIRST: Final[Position] = (-(2**63), 0)

TOTALS: Final = {
    "usd": "sum(cost_nanousd)",
    "tokens": "sum(weighted_tokens)",
    "messages": "sum(answered)",
}
SCOPES: Final = {
    "all": "",
    "tier": "tier",
    "model": "model",
    "skill": "skill",
    "project": "project",
    "key": "key",
    "session": "session",
    "run": "run",
}
"""Scope kind → the column that holds its value."""

REMEDIES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (apsw.FullError, "the disk is full: free some space; nothing that was written before is lost"),
    (apsw.NotADBError, "it is not a SQLite database: name another file"),
    (apsw.CorruptError, "it is damaged: move it away and restore a copy, or start a new one"),
    (apsw.BusyError, f"another process has held it for {BUSY_TIMEOUT_MS / 1_000:g} s: end that process"),
    (apsw.ReadOnlyError, "it is read-only: allow writing, or name another file"),
    (apsw.CantOpenError, "it cannot be opened: look at its folder and the permissions"),
    (apsw.ConnectionClosedError, "it has been closed"),
    (PermissionError, "permission denied: allow reading and writing, or name another file"),
    (IsADirectoryError, "it is a folder: name a file in it"),
    (NotADirectoryError, "a part of its path is not a folder"),
)


class SqliteStore:
    """A store in the file `path`, made if it is missing (folder 0700, file 0600); in memory for None."""

    def __init__(self, path: Path | None) -> None:
        self._name = f"the ledger {path}" if path else "the ledger in memory"
        self._lock = threading.Lock()
        with self._using("open"):
            if path:
                _make_private(path)
            self._db = apsw.Connection(str(path) if path else ":memory:")
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def append(self, executions: Sequence[Execution]) -> int:
        """Write all of them or none, durably; return how many were new."""
        rows = [row_of(execution) for execution in executions]
        with self._using("write to"), self._transaction():
            before = self._db.total_changes()
            self._db.executemany(INSERT, rows)
            return self._db.total_changes() - before

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

    def close(self) -> None:
        """Release the storage; nothing may be called afterwards."""
        with self._using("close"):
            self._db.close()

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

    def _rows(self, statement: str, values: tuple[Value, ...]) -> list[tuple[Any, ...]]:
        with self._using("read"):
            return list(self._db.execute(statement, values))

    def _prepare(self) -> None:
        """Refuse what is not ours before changing anything; then set durability and bring the schema up."""
        self._db.set_busy_timeout(BUSY_TIMEOUT_MS)
        self._refuse_strangers()
        self._db.pragma("journal_mode", "wal")
        self._db.pragma("synchronous", "full")
        with self._transaction():
            for version in range(self._schema_version(), len(MIGRATIONS)):
                self._db.execute(_script(MIGRATIONS[version]))
            self._db.pragma("application_id", APPLICATION_ID)
            self._db.pragma("user_version", len(MIGRATIONS))

    def _refuse_strangers(self) -> None:
        """StoreError if the file belongs to another program or to a newer version of this one."""
        owner = self._db.pragma("application_id")
        empty = not self._db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        if owner != APPLICATION_ID and not (owner == 0 and empty):
            raise StoreError(f"{self._name} is a SQLite database of another program: name another file")
        version = self._schema_version()
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self._name} was written by a newer tierwise (schema {version}, this one knows "
                f"{len(MIGRATIONS)}): upgrade tierwise, or name another file"
            )

    def _schema_version(self) -> int:
        version = self._db.pragma("user_version")
        assert isinstance(version, int)
        return version

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of the block or none of it, the right to write taken first."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _using(self, doing: str) -> Iterator[None]:
        """The connection for this thread alone; what goes wrong with it becomes a StoreError."""
        try:
            with self._lock:
                yield
        except (apsw.Error, OSError) as failure:
            known = (remedy for kind, remedy in REMEDIES if isinstance(failure, kind))
            because = next(known, f"{failure}; look at the disk and the permissions")
            raise StoreError(f"cannot {doing} {self._name}: {because}") from failure


def _make_private(path: Path) -> None:
    """Make the file if it is missing, for its owner only; SQLite gives its side files the same rights."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _script(name: str) -> str:
    return resources.files("tierwise.store").joinpath("sql", name).read_text(encoding="utf-8")
