"""Connections to PostgreSQL: few, bounded, opened when needed, replaced once when they were lost.

    take an idle one ──► BEGIN ──► work ──► COMMIT ──► idle again
                           │ lost           │ fails
                           ▼                ▼
                     a fresh one, once    closed: the server rolls back

Only what can be repeated is: the beginning of a transaction, and a read. A commit that breaks off is
reported, never repeated here, as nobody can say whether it happened. Every wait has an end: for a connection,
for the lock, for a statement; and the server itself ends a transaction whose process hangs.

Source: rules.md section 11; style.md, "Limits".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from tierwise.errors import StoreError

Database = psycopg.Connection[tuple[Any, ...]]
Row = tuple[Any, ...]

CONNECTION_LIMIT: Final = 4
CONNECTION_WAIT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 5
UNANSWERED_TIMEOUT_MS: Final = 10_000
LOCK_TIMEOUT_MS: Final = 5_000
STATEMENT_TIMEOUT_MS: Final = 30_000
IDLE_TRANSACTION_TIMEOUT_MS: Final = 30_000

BEGIN: Final = "BEGIN"
SESSION: Final = f"""
    SET lock_timeout = {LOCK_TIMEOUT_MS};
    SET statement_timeout = {STATEMENT_TIMEOUT_MS};
    SET idle_in_transaction_session_timeout = {IDLE_TRANSACTION_TIMEOUT_MS};
    SET default_transaction_isolation = 'read committed';
    SET search_path = '';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
"""What every connection says first. A server's stricter `synchronous_commit` stays."""

REMEDIES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (errors.DiskFull, "the server's disk is full: free some space; nothing that was written before is lost"),
    (errors.TooManyConnections, "the server has no connection left: raise its max_connections"),
    (errors.ReadOnlySqlTransaction, "the server only allows reading: name the primary, not a standby"),
    (errors.InsufficientPrivilege, "the user may not do that: make it the owner of the schema `tierwise`"),
    (errors.LockNotAvailable, f"another gateway has held it for {LOCK_TIMEOUT_MS / 1_000:g} s: look for it"),
    (
        errors.QueryCanceled,
        f"the server needs more than {STATEMENT_TIMEOUT_MS / 1_000:g} s: look at its load",
    ),
    (errors.UniqueViolation, "an entry with that id or number is there already"),
    (errors.RaiseException, "it refused: the ledger is append-only"),
)


class Block:
    """An open transaction. What is left for its end travels in one message, together with COMMIT."""

    def __init__(self, database: Database, answer: list[Row]) -> None:
        self.database = database
        self.answer = answer
        self._left: list[tuple[str, Sequence[object]]] = []

    def leave(self, statement: str, values: Sequence[object]) -> None:
        """Say this at the end of the block; what is wrong with it comes out there."""
        self._left.append((statement, values))

    def ask(self, statement: str, values: Sequence[object]) -> list[Row]:
        """The rows of the statement, asked after everything that was left before."""
        while self._left:
            self.database.execute(*self._left.pop(0))
        return self.database.execute(statement, values).fetchall()

    def commit(self) -> None:
        """Say what is left and COMMIT; returns when it is durable."""
        with self.database.pipeline():
            for statement, values in self._left:
                self.database.execute(statement, values)
            done = self.database.execute("COMMIT")
        assert done.statusmessage == "COMMIT", "an error was passed over"


class Connections:
    """At most `limit` connections to the database of `dsn`; any thread may use them."""

    def __init__(self, dsn: str, limit: int = CONNECTION_LIMIT) -> None:
        self.name = name_of(dsn)
        self._dsn = dsn
        self._limit = limit
        self._places = threading.BoundedSemaphore(limit)
        self._idle: list[Database] = []
        self._changing = threading.Lock()
        self._closed = False

    @contextmanager
    def transaction(self, doing: str, begin: str = BEGIN) -> Iterator[Block]:
        """All of the block or none of it, durable when it is left.

        `begin` opens it and may end with a question, whose answer the block has. Raises StoreError, in words
        that say what could not be done.
        """
        with self.reporting(doing), self._place():
            database, answer = self._answered(begin, None)
            try:
                block = Block(database, answer)
                yield block
                block.commit()
            except BaseException:
                database.close()
                raise
            self._put_back(database)

    def read(self, statement: str, values: Sequence[object]) -> list[Row]:
        """The rows of one statement that changes nothing. Raises StoreError."""
        with self.reporting("read"), self._place():
            database, rows = self._answered(statement, values)
            self._put_back(database)
            return rows

    def close(self) -> None:
        """Close what is idle now, the rest when it is given back; nothing can be begun any more."""
        with self._changing:
            self._closed = True
        self._drop_idle()

    def _answered(self, statement: str, values: Sequence[object] | None) -> tuple[Database, list[Row]]:
        """A connection that has answered the statement; a fresh one if an idle one turns out to be lost."""
        database = self._taken()
        if database is not None:
            try:
                return database, _rows(database, statement, values)
            except psycopg.Error:
                lost = database.closed
                database.close()
                if not lost:
                    raise
            self._drop_idle()
        database = self._connected()
        try:
            return database, _rows(database, statement, values)
        except BaseException:
            database.close()
            raise

    def _connected(self) -> Database:
        database: Database = psycopg.connect(
            self._dsn,
            autocommit=True,  # transactions are opened by name
            client_encoding="utf8",
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=UNANSWERED_TIMEOUT_MS,
            fallback_application_name="tierwise",
        )
        try:
            database.execute(SESSION)
        except BaseException:
            database.close()
            raise
        return database

    def _taken(self) -> Database | None:
        with self._changing:
            if self._closed:
                raise StoreError(f"{self.name} has been closed")
            return self._idle.pop() if self._idle else None

    def _put_back(self, database: Database) -> None:
        with self._changing:
            if not self._closed:
                self._idle.append(database)
                return
        database.close()

    def _drop_idle(self) -> None:
        with self._changing:
            dropped, self._idle = self._idle, []
        for database in dropped:
            database.close()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=CONNECTION_WAIT_S):
            raise StoreError(
                f"all {self._limit} connections to {self.name} have been busy for {CONNECTION_WAIT_S:g} s"
            )
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def reporting(self, doing: str) -> Iterator[None]:
        """What goes wrong with the database in the block becomes a StoreError."""
        try:
            yield
        except psycopg.Error as failure:
            known = (remedy for kind, remedy in REMEDIES if isinstance(failure, kind))
            said = " ".join(str(failure).split()) or type(failure).__name__
            because = next(known, f"{said}; look at the server and the URL")
            raise StoreError(f"cannot {doing} {self.name}: {because}") from failure


def name_of(dsn: str) -> str:
    """How messages call the database: host, port and name, never user or password.

    Raises StoreError if `dsn` is not a PostgreSQL URL.
    """
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # its text may hold the password
        raise StoreError(
            "the store's URL cannot be read; write `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`"
        ) from None
    host = parts.get("host") or "localhost"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"the ledger postgresql://{host}{port}/{parts.get('dbname') or ''}"


def _rows(database: Database, statement: str, values: Sequence[object] | None) -> list[Row]:
    cursor = database.execute(statement, values)
    while cursor.nextset():
        pass
    return cursor.fetchall() if cursor.description else []
