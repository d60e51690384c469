"""Retention in a log: what may go is worked out while others write, and removed in one turn.

    checkpoint   number and hash of the last entry that was removed; the chain is verified from there on

The triggers that keep a ledger append-only let go exactly what a checkpoint covers. So pruning writes a
checkpoint and deletes, in one transaction; for everybody else, at every moment, all else stays refused. As
the past never changes, a cut that was right when it was worked out is right when it is made.

Source: rules.md section 11.
"""

from __future__ import annotations

from tierwise.core.retention import Cut, cut_of, latest_us, talking
from tierwise.errors import StoreError
from tierwise.store.log import Log


def planned(log: Log, before_us: int, now_us: int) -> Cut:
    """The cut for everything before `before_us`, which is at most `latest_us(now_us)`.

    Raises StoreError if the log is damaged: pruning would remove the evidence.
    """
    verdict = log.verify()
    if verdict.problem:
        raise StoreError("the ledger is damaged, so nothing is removed: see `tierwise ledger verify`")
    return cut_of(log.entries(), before_us, now_us, talking(log.entries(), latest_us(now_us)))
