"""Rows for PostgreSQL: many in one statement, and texts as its columns can hold them.

All rows of a statement travel as one JSON text, which costs a tenth of what arrays of the driver cost.

Two kinds of text cannot be a column as they are, though they can be part of a record (whose JSON escapes the
one, and which is not indexed): those with the character NUL, and those that are too long for an index. In a
column they stand under another name, always the same, so that whoever asks for the text finds it.

Source: rules.md section 11; style.md, "Limits".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, overload

import msgspec

from tierwise.core.ledger import Execution
from tierwise.store.chain import Link
from tierwise.store.rows import COLUMNS, Value, row_of

LONGEST_TEXT_BYTES: Final = 512
"""What a text column holds at most: an index of PostgreSQL takes some 2,700 bytes a row."""
NUMBERS: Final = ("seq", "at_us", "cost_nanousd", "weighted_tokens", "answered")
"""The columns that are not text."""


def _insert(table: str, columns: Sequence[str]) -> str:
    """The statement that inserts the rows of a JSON array of arrays, in their order."""
    values = ", ".join(
        f"(cells ->> {place})::bigint" if column in NUMBERS else f"cells ->> {place}"
        for place, column in enumerate(columns)
    )
    return (
        f"INSERT INTO tierwise.{table} ({', '.join(columns)}) SELECT {values} "  # noqa: S608
        "FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS written (cells, place) ORDER BY place"
    )


INSERT_ENTRIES: Final = _insert("entry", Link._fields)
INSERT_EXECUTIONS: Final = f"{_insert('execution', COLUMNS)} ON CONFLICT (id) DO NOTHING"


def execution_rows(executions: Sequence[Execution]) -> str:
    """What `INSERT_EXECUTIONS` takes, within an exclusive transaction; ids that are known are passed over."""
    rows = []
    for execution in executions:
        *values, record = row_of(execution)
        rows.append([*map(column_of, values), record])
    return _json(rows)


def link_rows(links: Sequence[Link]) -> str:
    """What `INSERT_ENTRIES` takes, within an exclusive transaction."""
    return _json([link._replace(id=column_of(link.id)) for link in links])


def _json(rows: Sequence[Sequence[Value]]) -> str:
    return msgspec.json.encode(rows).decode()


@overload
def column_of(value: str) -> str: ...
@overload
def column_of(value: Value) -> Value: ...
def column_of(value: Value) -> Value:
    """The value as a column holds it: a text without NUL and of bounded length, one for one."""
    if not isinstance(value, str):
        return value
    plain = value.encode("utf-8", "replace").decode().replace("\0", "␀")
    data = plain.encode()
    if len(data) <= LONGEST_TEXT_BYTES:
        return plain
    return f"{plain[:64]}…{hashlib.sha256(data).hexdigest()}"
