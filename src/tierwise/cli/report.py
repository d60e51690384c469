"""`tierwise report`: what a session used, cost and saved.

Source: seed A§5.2; rules.md section 10.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

import click

from tierwise.cli import ledger
from tierwise.cli.moments import local_minute
from tierwise.core.figures import counted
from tierwise.core.ledger import Execution
from tierwise.core.records import as_json
from tierwise.core.summaries import Summary, summarise
from tierwise.core.summary_text import summary_json, summary_text

CSV_FIELDS = (
    "timestamp", "id", "session", "run", "agent", "turn", "request_class", "role", "skill", "project", "key",
    "platform", "asked_model", "decided_model", "served_model", "model_requested", "model_used",
    "downgrade_reason", "rule", "zone", "binding", "effort", "mode", "input", "output", "cache_read",
    "cache_write_5m", "cache_write_1h", "total", "tool_calls", "cost_usd", "latency_ms", "status", "outcome",
    "usage_estimated", "mismatch", "reason",
)  # fmt: skip
"""The columns, in their order; `input` is the whole prompt, the cache columns are parts of it."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@click.command("report")
@click.option("--session", "wanted", metavar="ID|last|all", help="Default: last; with --since: all.")
@click.option(
    "--project", metavar="NAME", help="Only calls whose base URL ends in /p/NAME. Sessions by default: all."
)
@ledger.since_option
@ledger.store_option
@ledger.json_option
@click.option("--csv", "as_csv", is_flag=True, help="One row a call, for a spreadsheet.")
def command(
    wanted: str | None,
    project: str | None,
    since_us: int | None,
    store_url: str | None,
    as_json_: bool,
    as_csv: bool,
) -> None:
    """Show what a session used, cost and saved, by skill and model.

    \b
    Examples:
      tierwise report                            the last session
      tierwise report --since monday             this week, all sessions
      tierwise report --project shop             what was called with the base URL …/p/shop
      tierwise report --session all --csv        every call, for a spreadsheet
    """
    if as_json_ and as_csv:
        raise click.UsageError("choose one of --json and --csv")
    with ledger.opened(store_url) as store:
        together = since_us is not None or project is not None
        session = ledger.session_of(store, wanted or ("all" if together else "last"))
        executions = store.executions(session=session, since_us=since_us)
        if project is not None:
            executions = (execution for execution in executions if execution.project == project)
        if as_csv:
            for line in csv_lines(executions):
                click.echo(line, nl=False)
            return
        summary = summarise(executions)
        if as_json_:
            click.echo(json.dumps(summary_json(summary), indent=2, ensure_ascii=False))
        elif summary.total.calls:
            click.echo(summary_text(summary, _subject(summary, session, project)))
        else:
            click.echo(ledger.nothing(store, store_url))


def csv_lines(executions: Iterable[Execution]) -> Iterator[str]:
    """A heading and one line a record; text that a spreadsheet would run as a formula starts with `'`."""
    yield _line(CSV_FIELDS)
    for execution in executions:
        record = as_json(execution)
        tokens, budget = record["tokens"], record["budget_status"]
        assert isinstance(tokens, dict)
        assert isinstance(budget, dict)
        cells = {**record, **tokens, "zone": budget["zone"], "cost_usd": _exact_usd(execution.cost_nanousd)}
        yield _line([_cell(cells[name]) for name in CSV_FIELDS])


def _line(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _exact_usd(nanousd: int | None) -> str | None:
    return None if nanousd is None else f"{nanousd // 10**9}.{nanousd % 10**9:09}"


def _subject(summary: Summary, session: str | None, project: str | None) -> str:
    """What the report covers: the project, the session or their number, and from when to when."""
    assert summary.first_us is not None
    assert summary.last_us is not None
    what = f"session {session}" if session is not None else counted(summary.sessions, "session")
    what = f"project {project}, {what}" if project is not None else what
    first, last = local_minute(summary.first_us), local_minute(summary.last_us)
    return f"{what}, {first}" if first == last else f"{what}, {first} to {last}"
