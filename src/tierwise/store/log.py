"""The contract of an append-only log: one writer at a time, over all processes; the past never changes.

    with log.exclusive() as turn:
        for seq, entry in turn.since(seen): …     what others have written meanwhile
        turn.append(entries, executions)          all of it becomes durable as the block ends, or none of it

Entries are numbered 1, 2, 3, … without gaps, in the order of writing; pruning removes the oldest, never one
between. As deciding and writing happen inside
one turn, no other writer can spend between the two. One storage object offers this beside the `Store` of the
reports, so that a call's record and its money are written in one transaction.

Source: rules.md section 11; research/platform.md section B.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from tierwise.core.entries import Entry
from tierwise.core.ledger import Execution
from tierwise.core.retention import Cut
from tierwise.store.chain import Verdict
from tierwise.store.contract import Store

Numbered = tuple[int, Entry]
"""An entry with its number in the log."""


class Pruned(NamedTuple):
    """How many entries of money and how many records of calls."""

    entries: int
    executions: int


class Turn(Protocol):
    """The right to write, for as long as the block of `Log.exclusive` lasts."""

    def since(self, seq: int) -> list[Numbered]:
        """The entries numbered above `seq`, whoever wrote them, in their order; all there are for 0.

        PrunedError if some of them were removed: what was read before no longer goes on from here.
        """
        ...

    def append(self, entries: Sequence[Entry], executions: Sequence[Execution]) -> int:
        """Write after the last entry, linked to it by hash; return the number of the last entry now.

        An id that the log holds already is our own mistake and fails as a StoreError; an execution whose id
        is known is left as it is. May be called with nothing to write.
        """
        ...


class Log(Protocol):
    """What every log can do, from any thread. All of it raises `StoreError` if the storage fails."""

    def exclusive(self) -> AbstractContextManager[Turn]:
        """Wait for the turn to write; durable when the block ends, unchanged if it ends by an exception.

        A StoreError at the end of the block may leave open whether the block was written (a connection lost
        while it was being committed): `since` tells at the next turn.
        """
        ...

    def entries(self, after: int = 0) -> Iterator[Numbered]:
        """The entries numbered above `after` that there are when it is called, a page at a time.

        All there are for 0. PrunedError if some of them were, or are meanwhile, removed.
        """
        ...

    def verify(self) -> Verdict:
        """Walk the chain of hashes from the checkpoint on, and whatever else the storage can check."""
        ...

    def prunable(self, cut: Cut) -> Pruned:
        """What `prune` would remove."""
        ...

    def prune(self, cut: Cut) -> Pruned:
        """Remove what the cut says, in one turn, leaving a checkpoint; what has gone already is no error."""
        ...

    def close(self) -> None:
        """Release the storage; nothing may be called afterwards."""
        ...


class Storage(Store, Log, Protocol):
    """Both at once: what `wiring.open_store` returns."""
