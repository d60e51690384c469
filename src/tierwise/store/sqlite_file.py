"""A ledger's file in SQLite: opened, brought up to date, and written in whole transactions.

    WAL, synchronous=FULL    an acknowledged record survives a crash of the process and of the machine
    BEGIN IMMEDIATE          processes that append to one file take turns instead of failing half-way
    triggers                 the database itself refuses to change or delete a record, whoever asks

One connection behind one lock serves every thread: a write is short, and a long read goes page by page, so
nothing waits for a report. As rows are only ever added at the end, "all rows up to number N" is a snapshot.

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

from tierwise.errors import StoreError
from tierwise.store.rows import Value

APPLICATION_ID: Final = 0x74776C67
"""`twlg` in ASCII: marks the file as a ledger of tierwise."""

MIGRATIONS: Final = ("0001_executions.sql", "0002_entries.sql", "0003_checkpoints.sql")
"""Scripts in `sql/`, oldest first; a file's schema version is how many of them it has seen."""

BUSY_TIMEOUT_MS: Final = 5_000
BUSY_PAUSE_MS: Final = 2
"""How often to ask for a turn. SQLite's own pauses grow to 100 ms: whoever has waited long asks seldom, and
among others that come and go may wait for ever."""

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
    (UnicodeDecodeError, "a text in it is damaged: `tierwise ledger verify` says which; restore a copy"),
)


class SqliteFile:
    """The file `path`, made if it is missing (folder 0700, file 0600); in memory for None."""

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

    def close(self) -> None:
        """Release the storage; nothing may be called afterwards."""
        with self._using("close"):
            self._db.close()

    def _rows(self, statement: str, values: tuple[Value, ...]) -> list[tuple[Any, ...]]:
        with self._using("read"):
            return list(self._db.execute(statement, values))

    def _rows_as_found(
        self, columns: Sequence[str], rest: str, values: tuple[Value, ...]
    ) -> list[tuple[Any, ...]]:
        """Those columns of the rows, even where a text is damaged: a byte that is none reads as `\\xff`."""
        with self._using("read"):
            try:
                return list(self._db.execute(f"SELECT {', '.join(columns)} {rest}", values))
            except UnicodeDecodeError:
                raw = (
                    f"CASE typeof({it}) WHEN 'text' THEN CAST({it} AS BLOB) ELSE {it} END" for it in columns
                )
                found = list(self._db.execute(f"SELECT {', '.join(raw)} {rest}", values))
        return [tuple(_readable(value) for value in row) for row in found]

    def _prepare(self) -> None:
        """Refuse what is not ours before changing anything; then set durability and bring the schema up."""
        self._db.set_busy_handler(_wait_for_others)
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
        except (apsw.Error, OSError, UnicodeDecodeError) as failure:
            known = (remedy for kind, remedy in REMEDIES if isinstance(failure, kind))
            because = next(known, f"{failure}; look at the disk and the permissions")
            raise StoreError(f"cannot {doing} {self._name}: {because}") from failure


def _readable(value: Value | bytes) -> Value:
    """The value of a column, bytes as text."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _wait_for_others(tries: int) -> bool:
    """SQLite asks while another process writes: wait a little, and say whether to try again."""
    threading.Event().wait(BUSY_PAUSE_MS / 1_000)
    return tries < BUSY_TIMEOUT_MS / BUSY_PAUSE_MS


def _make_private(path: Path) -> None:
    """Make the file if it is missing, for its owner only; SQLite gives its side files the same rights."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _script(name: str) -> str:
    return resources.files("tierwise.store").joinpath("sql", name).read_text(encoding="utf-8")
