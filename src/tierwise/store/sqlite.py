"""The ledger in SQLite: one file, or memory; the records of calls, above the entries of money.

How the file is kept is in `sqlite_file`, how entries are in `sqlite_log`, what reports ask in `reading`.

Source: rules.md sections 10 and 11; design.md, "Parts chosen".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tierwise.core.ledger import Execution
from tierwise.store.reading import Clause, RecordReader
from tierwise.store.rows import Value
from tierwise.store.sqlite_log import SqliteLog


class SqliteStore(SqliteLog, RecordReader):
    """A store in the file `path`, made if it is missing (folder 0700, file 0600); in memory for None."""

    MARK = "?"
    WRITTEN_BY = "+seq <= ?"
    """The plus keeps SQLite from walking rows in the order of writing."""

    def append(self, executions: Sequence[Execution]) -> int:
        """Write all of them or none, durably; return how many were new."""
        with self._using("write to"), self._transaction():
            return self._append_executions(executions)

    def _select(
        self, columns: str, wanted: list[Clause], tail: str = "", more: tuple[Value, ...] = ()
    ) -> list[tuple[Any, ...]]:
        where = " AND ".join(clause for clause, _ in wanted) or "true"
        statement = f"SELECT {columns} FROM execution WHERE {where} {tail}"  # noqa: S608
        return self._rows(statement, (*(value for _, value in wanted), *more))
