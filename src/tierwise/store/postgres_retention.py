"""Pruning in PostgreSQL: a checkpoint, and what it covers deleted, in one transaction under the lock.

Source: rules.md section 11.
"""

from __future__ import annotations

from typing import Final

from tierwise.core.retention import Cut
from tierwise.store.chain import GENESIS
from tierwise.store.log import Pruned
from tierwise.store.postgres_connections import Connections
from tierwise.store.postgres_entries import EXCLUSIVE

BEGIN_PRUNING: Final = f"{EXCLUSIVE}; SET LOCAL statement_timeout = 0"
"""Deleting years of calls may take longer than any other statement is allowed to."""
WRITE_CHECKPOINT: Final = """
    INSERT INTO tierwise.checkpoint (seq, hash, before_us)
    SELECT seq, hash, %s FROM (
        SELECT seq, hash FROM tierwise.entry WHERE seq = %s
        UNION ALL SELECT seq, hash FROM tierwise.checkpoint
        UNION ALL SELECT 0, %s
    ) AS place ORDER BY seq DESC LIMIT 1
"""
"""At the entry of the cut; where the last one was, if that entry has gone already or none goes."""
OLD_ENTRIES: Final = "FROM tierwise.entry WHERE seq <= %s"
OLD_EXECUTIONS: Final = """
    FROM tierwise.execution WHERE at_us < %s
    AND (session = '' OR session NOT IN (SELECT session FROM tierwise.execution WHERE at_us >= %s))
"""


def prunable(connections: Connections, cut: Cut) -> Pruned:
    """What `prune` would remove."""
    old = (cut.before_us, cut.talking_us)
    return Pruned(
        connections.read(f"SELECT count(*) {OLD_ENTRIES}", (cut.seq,))[0][0],
        connections.read(f"SELECT count(*) {OLD_EXECUTIONS}", old)[0][0],
    )


def prune(connections: Connections, cut: Cut) -> Pruned:
    """Remove what the cut says, leaving a checkpoint."""
    with connections.transaction("prune", BEGIN_PRUNING) as block:
        database = block.database
        database.execute(WRITE_CHECKPOINT, (cut.before_us, cut.seq, GENESIS))
        entries = database.execute(f"DELETE {OLD_ENTRIES}", (cut.seq,)).rowcount
        old = (cut.before_us, cut.talking_us)
        executions = database.execute(f"DELETE {OLD_EXECUTIONS}", old).rowcount
        return Pruned(entries, executions)
