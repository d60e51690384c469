"""Rows: an execution as the stores keep it: some columns to ask about, and the whole of it as JSON.

The JSON is the record's own fields, so a record that was written before a field was added still reads, and a
field that an older version does not know is passed over. Two things do not survive, and both can only come
from a broken client: an unpaired surrogate in a text becomes `?`, a share that is not finite becomes null.

Source: rules.md sections 10 and 11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tierwise.core.ledger import Execution, weighted_tokens
from tierwise.core.records import charged_to
from tierwise.errors import StoreError

Value = str | int | None

COLUMNS: Final = (
    "id", "at_us", "session", "run", "agent", "skill", "project", "key",
    "model", "tier", "cost_nanousd", "weighted_tokens", "answered", "record",
)  # fmt: skip

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

_decoder: Final = msgspec.json.Decoder(Execution)


def row_of(execution: Execution) -> tuple[Value, ...]:
    """The values of `COLUMNS`, in their order."""
    try:
        record = msgspec.json.encode(execution)
    except UnicodeEncodeError:
        execution = _without_surrogates(execution)
        record = msgspec.json.encode(execution)
    tier, model = charged_to(execution)
    return (
        execution.id,
        execution.at_us,
        execution.session,
        execution.run,
        execution.agent,
        execution.skill,
        execution.project,
        execution.key,
        model,
        tier,
        execution.cost_nanousd,
        weighted_tokens(execution.usage),
        int(answered(execution)),
        record.decode(),
    )


def execution_of(record: str) -> Execution:
    """The execution in a row's `record`; StoreError if it is not one."""
    try:
        return _decoder.decode(record)
    except msgspec.MsgspecError as broken:
        start = record[:60]
        raise StoreError(f"a record of the ledger cannot be read ({broken}); it begins {start!r}") from broken


def complaint_on(row: Sequence[Value], column_of: Callable[[Value], Value] = lambda value: value) -> str:
    """What is wrong with a stored row (the values of `COLUMNS`); "" if columns and record say the same.

    `column_of` is what a store keeps of a value in a column. Whoever changes how a column is derived has to
    migrate the rows there are, for sums as for this.
    """
    *columns, record = row
    try:
        execution = execution_of(str(record))
    except StoreError as broken:
        return f"the record of the call {columns[0]}: {broken}"
    said = [column_of(value) for value in row_of(execution)[:-1]]
    wrong = [name for name, kept, told in zip(COLUMNS, columns, said, strict=False) if kept != told]
    if not wrong:
        return ""
    return f"the record of the call {columns[0]} and its columns differ in {', '.join(wrong)}"


def first_complaint(
    read: Callable[[int], Sequence[Sequence[Any]]], column_of: Callable[[Value], Value] = lambda value: value
) -> str:
    """What is wrong with the first bad row; "" if none is.

    `read` gives the next page of rows numbered above its argument: `seq`, then the values of `COLUMNS`.
    """
    after = 0
    while page := read(after):
        for after, *row in page:  # noqa: B007 - where the next page begins
            if complaint := complaint_on(row, column_of):
                return complaint
    return ""


def answered(execution: Execution) -> bool:
    """Whether the call counts as a message: the provider began to answer, even if the end was lost."""
    if execution.outcome == "ok":
        return True
    return execution.status == 200 and execution.outcome in ("cut", "client_gone")


def _without_surrogates(execution: Execution) -> Execution:
    return msgspec.convert(_replaced(msgspec.to_builtins(execution)), Execution)


def _replaced(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [_replaced(item) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item) for key, item in value.items()}
    return value
