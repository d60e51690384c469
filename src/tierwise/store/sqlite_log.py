"""The log of entries in SQLite: `BEGIN IMMEDIATE` is the turn; the chain is read a page at a time.

Source: rules.md section 11; research/platform.md section B3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from tierwise.core.entries import Entry
from tierwise.core.ledger import Execution
from tierwise.core.retention import Cut
from tierwise.store.chain import (
    GENESIS,
    UNPRUNED,
    Checkpoint,
    Link,
    Verdict,
    entry_of,
    gapless,
    links_of,
    verdict_on,
)
from tierwise.store.log import Numbered, Pruned, Turn
from tierwise.store.rows import COLUMNS, first_complaint, row_of
from tierwise.store.sqlite_file import SqliteFile

INSERT_EXECUTION: Final = (
    f"INSERT INTO execution ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
)
"""A row whose id is known already is passed over, by a trigger."""

PAGE_ENTRIES: Final = 1_000

CHECKPOINT: Final = "SELECT seq, hash FROM checkpoint ORDER BY number DESC LIMIT 1"
WRITE_CHECKPOINT: Final = """
    INSERT INTO checkpoint (seq, hash, before_us)
    SELECT seq, hash, ?2 FROM (
        SELECT seq, hash FROM entry WHERE seq = ?1 UNION ALL SELECT seq, hash FROM checkpoint
        UNION ALL SELECT 0, ?3
    ) ORDER BY seq DESC LIMIT 1
"""
"""At the entry of the cut; where the last one was, if that entry has gone already or none goes."""
OLD_ENTRIES: Final = "FROM entry WHERE seq <= ?"
OLD_EXECUTIONS: Final = """
    FROM execution WHERE at_us < ?
    AND (session = '' OR session NOT IN (SELECT session FROM execution WHERE at_us >= ?))
"""


class SqliteLog(SqliteFile):
    """The entries in the file."""

    @contextmanager
    def exclusive(self) -> Iterator[Turn]:
        """Wait for the turn to write; durable when the block ends, unchanged if it ends by an exception.

        Inside the block, other methods of this object would wait for ever: use the turn.
        """
        with self._using("write to"), self._transaction():
            yield _Turn(self)

    def entries(self, after: int = 0) -> Iterator[Numbered]:
        """The entries numbered above `after` that there are when it is called, a page at a time."""
        found = self._links(after, self._newest())
        return gapless(((link.seq, entry_of(link.record)) for link in found), after)

    def verify(self) -> Verdict:
        """Walk the chain of hashes from the checkpoint on; then hold each call's record against its columns;
        then let SQLite look at its own pages and indexes."""
        verdict = self._verdict()
        if verdict.problem:
            return verdict
        complaint = first_complaint(self._execution_rows)
        if complaint:
            return replace(verdict, problem=f"the entries are sound, but {complaint}")
        complaint = self._rows("PRAGMA integrity_check(1)", ())[0][0]
        if complaint == "ok":
            return verdict
        problem = f"the entries are sound, but the database around them is damaged: {complaint}"
        return replace(verdict, problem=problem)

    def prunable(self, cut: Cut) -> Pruned:
        """What `prune` would remove."""
        entries = self._rows(f"SELECT count(*) {OLD_ENTRIES}", (cut.seq,))[0][0]
        old = (cut.before_us, cut.talking_us)
        return Pruned(entries, self._rows(f"SELECT count(*) {OLD_EXECUTIONS}", old)[0][0])

    def prune(self, cut: Cut) -> Pruned:
        """Remove what the cut says, in one turn, leaving a checkpoint; what has gone already is no error."""
        with self._using("prune"), self._transaction():
            self._db.execute(WRITE_CHECKPOINT, (cut.seq, cut.before_us, GENESIS))
            self._db.execute(f"DELETE {OLD_ENTRIES}", (cut.seq,))
            entries = self._db.changes()
            self._db.execute(f"DELETE {OLD_EXECUTIONS}", (cut.before_us, cut.talking_us))
            return Pruned(entries, self._db.changes())

    def _execution_rows(self, after: int) -> list[tuple[Any, ...]]:
        """The next page of the rows of calls: `seq`, then `COLUMNS`."""
        rest = "FROM execution WHERE seq > ? ORDER BY seq LIMIT ?"
        return self._rows_as_found(("seq", *COLUMNS), rest, (after, PAGE_ENTRIES))

    def _verdict(self) -> Verdict:
        """What the chain says from the checkpoint on; looked at again if it is pruned meanwhile."""
        while True:
            start = self._checkpoint()
            verdict = verdict_on(self._links(0, self._newest()), start)
            if not verdict.problem or start == self._checkpoint():
                return verdict

    def _checkpoint(self) -> Checkpoint:
        found = self._rows(CHECKPOINT, ())
        return Checkpoint(*found[0]) if found else UNPRUNED

    def _newest(self) -> int:
        newest = self._rows("SELECT coalesce(max(seq), 0) FROM entry", ())[0][0]
        assert isinstance(newest, int)
        return newest

    def _links(self, after: int, newest: int) -> Iterator[Link]:
        """The rows after `after` up to `newest`, the lock released between pages."""
        rest = "FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        while after < newest:
            values = (after, newest, PAGE_ENTRIES)
            page = [Link(*row) for row in self._rows_as_found(Link._fields, rest, values)]
            yield from page
            after = page[-1].seq if page else newest

    def _append_executions(self, executions: Sequence[Execution]) -> int:
        """Inside a transaction: write them; how many were new."""
        before = self._db.total_changes()
        self._db.executemany(INSERT_EXECUTION, [row_of(execution) for execution in executions])
        return self._db.total_changes() - before

    def _entries_since(self, seq: int) -> list[Numbered]:
        rows = self._db.execute("SELECT seq, record FROM entry WHERE seq > ? ORDER BY seq", (seq,))
        return list(gapless(((number, entry_of(record)) for number, record in rows), seq))

    def _append_entries(self, entries: Sequence[Entry]) -> int:
        """Inside a transaction: write them after the last one; the number of the last one then."""
        found: list[Any] = self._db.execute(
            "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1"
        ).fetchall()
        seq, head = found[0] if found else (0, GENESIS)
        links = links_of(entries, seq, head)
        self._db.executemany(
            "INSERT INTO entry (seq, id, record, prev_hash, hash) VALUES (?, ?, ?, ?, ?)", links
        )
        return int(seq) + len(links)


class _Turn:
    """A turn in the file whose transaction is open."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log

    def since(self, seq: int) -> list[Numbered]:
        """The entries numbered above `seq`, whoever wrote them, in their order."""
        return self._log._entries_since(seq)

    def append(self, entries: Sequence[Entry], executions: Sequence[Execution]) -> int:
        """Write after the last entry; return the number of the last entry now."""
        self._log._append_executions(executions)
        return self._log._append_entries(entries)
