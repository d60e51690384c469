"""`tierwise audit`: why each recorded call went where it went.

Source: seed A§5.3; rules.md section 3.
"""

from __future__ import annotations

import json

import click

from tierwise.cli import ledger
from tierwise.cli.moments import local_minute
from tierwise.core.audits import audit_block, view_of
from tierwise.core.figures import dollars, printable
from tierwise.core.ledger import Execution
from tierwise.core.records import as_json

DEFAULT_LAST = 20


@click.command("audit")
@click.option("--session", "wanted", metavar="ID|last|all", help="Default: all.")
@click.option("--skill", metavar="NAME", help="Only this skill's calls.")
@click.option(
    "--last", type=click.IntRange(min=1), default=DEFAULT_LAST, show_default=True, help="The newest so many."
)
@click.option("--id", "execution_id", metavar="ID", help="The call with this id alone, with every step.")
@ledger.since_option
@click.option(
    "--verbose", "-v", is_flag=True, help="Every step of the trace, also those that changed nothing."
)
@ledger.store_option
@ledger.json_option
def command(
    wanted: str | None,
    skill: str | None,
    last: int,
    execution_id: str | None,
    since_us: int | None,
    verbose: bool,
    store_url: str | None,
    as_json_: bool,
) -> None:
    """Show why each call went to its model: what was asked, decided and served, rule by rule.

    \b
    Examples:
      tierwise audit --last 5                    the newest decisions
      tierwise audit --skill ui-bug-investigator -v
      tierwise audit --session last --json       one record a line
    """
    with ledger.opened(store_url) as store:
        if execution_id is None:
            session = ledger.session_of(store, wanted or "all")
            found = list(store.executions(session=session, skill=skill, since_us=since_us, last=last))
        else:
            found = list(store.executions(id=execution_id))
            if not found:
                raise click.BadParameter(f"no call with the id `{execution_id}`", param_hint="--id")
        if as_json_:
            for execution in found:
                click.echo(json.dumps(as_json(execution), ensure_ascii=False))
        else:
            blocks = [block(execution, verbose or execution_id is not None) for execution in found]
            click.echo("\n\n".join(blocks) or ledger.nothing(store, store_url))


def block(execution: Execution, verbose: bool) -> str:
    """The audit block of a stored call, with what became of the decision beneath it."""
    lines = [
        f"Served: {_served(execution)}",
        f"Call: {execution.id}, {local_minute(execution.at_us)}, session {execution.session}",
    ]
    if execution.mode != "enforce":
        lines.append(f"Mode: {execution.mode} (decided, not applied)")
    if execution.mismatch:
        lines.append(f"Mismatch: {execution.decided_model} was decided, {execution.served_model} answered")
    audited = audit_block(view_of(execution), verbose=verbose)
    return "\n".join([audited, *(f"  {printable(line)}" for line in lines)])


def _served(execution: Execution) -> str:
    model = execution.served_model or "no model answered"
    cost = "price unknown" if execution.cost_nanousd is None else dollars(execution.cost_nanousd)
    about = "about " if execution.usage_estimated else ""
    result = execution.outcome if execution.outcome == "ok" else f"{execution.outcome} ({execution.status})"
    return (
        f"{model}, {about}{execution.usage.total_tokens:,} tokens, {cost}, "
        f"{result} in {execution.latency_ms / 1_000:.1f} s"
    )
