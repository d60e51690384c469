"""Entries in PostgreSQL: the turn to write them, and reading them back a page at a time.

A turn begins with one message to the server: begin, take the advisory lock, tell the head. It ends with one:
write, commit. Whoever holds that lock is the only writer in the database, so the head stays what it is until
the turn has written; and as the lock is released only after the commit is visible, the next turn sees it all.

Source: rules.md section 11; research/platform.md section B.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from tierwise.core.entries import Entry
from tierwise.core.ledger import Execution
from tierwise.errors import StoreError
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
from tierwise.store.log import Numbered
from tierwise.store.postgres_connections import BEGIN, Block, Connections
from tierwise.store.postgres_rows import (
    INSERT_ENTRIES,
    INSERT_EXECUTIONS,
    column_of,
    execution_rows,
    link_rows,
)

LOCK: Final = 0x74776C67
"""`twlg` in ASCII: the advisory lock that every writer of a ledger takes in its database."""
EXCLUSIVE: Final = f"{BEGIN}; SELECT pg_advisory_xact_lock({LOCK})"
TURN: Final = f"{EXCLUSIVE}; SELECT seq, hash FROM tierwise.entry ORDER BY seq DESC LIMIT 1"  # noqa: S608
SINCE: Final = "SELECT seq, record FROM tierwise.entry WHERE seq > %s ORDER BY seq"
PAGE: Final = """
    SELECT seq, id, record, prev_hash, hash FROM tierwise.entry WHERE seq > %s AND seq <= %s
    ORDER BY seq LIMIT %s
"""
PAGE_ROWS: Final = 1_000
CHECKPOINT: Final = "SELECT seq, hash FROM tierwise.checkpoint ORDER BY number DESC LIMIT 1"


class PostgresTurn:
    """The right to write, for as long as the block of `turn` lasts."""

    def __init__(self, connections: Connections, block: Block, seq: int, head: str) -> None:
        self._connections = connections
        self._block = block
        self._seq = seq
        self._head = head

    def since(self, seq: int) -> list[Numbered]:
        """The entries numbered above `seq`, whoever wrote them, in their order."""
        if seq >= self._seq:
            return []
        with self._connections.reporting("read"):
            rows = self._block.ask(SINCE, (seq,))
        return list(gapless(((number, entry_of(record)) for number, record in rows), seq))

    def append(self, entries: Sequence[Entry], executions: Sequence[Execution]) -> int:
        """Write after the last entry, linked to it by hash; return the number of the last entry now."""
        if entries:
            added = links_of(entries, self._seq, self._head)
            self._block.leave(INSERT_ENTRIES, (link_rows(added),))
            self._seq, self._head = added[-1].seq, added[-1].hash
        if executions:
            self._block.leave(INSERT_EXECUTIONS, (execution_rows(executions),))
        return self._seq


@contextmanager
def turn(connections: Connections) -> Iterator[PostgresTurn]:
    """Wait for the turn to write; durable when the block ends, unchanged if it ends by an exception."""
    with connections.transaction("write to", TURN) as block:
        seq, head = block.answer[0] if block.answer else (0, GENESIS)
        yield PostgresTurn(connections, block, seq, head)


def links(connections: Connections, after: int = 0) -> Iterator[Link]:
    """The rows numbered above `after` that there are when it is called, a page at a time."""
    newest = connections.read("SELECT coalesce(max(seq), 0) FROM tierwise.entry", ())[0][0]
    return _pages(connections, after, newest)


def verdict(connections: Connections) -> Verdict:
    """What the chain says from the checkpoint on; looked at again if it is pruned meanwhile."""
    while True:
        start = _checkpoint(connections)
        found = verdict_on(links(connections), start)
        if not found.problem or start == _checkpoint(connections):
            return found


def _checkpoint(connections: Connections) -> Checkpoint:
    found = connections.read(CHECKPOINT, ())
    return Checkpoint(*found[0]) if found else UNPRUNED


def _pages(connections: Connections, after: int, newest: int) -> Iterator[Link]:
    while page := connections.read(PAGE, (after, newest, PAGE_ROWS)):
        for seq, id, record, prev_hash, hash in page:
            yield Link(seq, _whole_id(id, record), record, prev_hash, hash)
        after = page[-1][0]


def _whole_id(column: str, record: str) -> str:
    """The entry's id, also where the column could only hold another name for it."""
    if column.isascii():
        return column
    try:
        id = entry_of(record).id
    except StoreError:
        return column
    return id if column_of(id) == column else column
