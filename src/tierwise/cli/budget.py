"""`tierwise budget`: what may be spent, by whom and how fast; what has been; and what will follow from it.

Source: rules.md section 4.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, get_args

import click

from tierwise import wiring
from tierwise.cli import ledger
from tierwise.cli.budget_show import as_lines
from tierwise.cli.budget_simulate import Spending, simulate_json, simulate_lines, simulated
from tierwise.cli.budget_views import budgets_path, defined, views, words_of
from tierwise.cli.findings_output import printable
from tierwise.core.budgets import DIMENSIONS, Budget
from tierwise.core.zones import ZoneBy
from tierwise.errors import TierwiseError
from tierwise.files.budget_limits import limit_of
from tierwise.files.budgets import block_of, budgets_from, read_budgets, remove_budget, set_budget
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.nodes import node_of
from tierwise.router.budget_views import document

SAID: Final = "the command"
"""Stands where a path would in the findings of a command's options."""

project_option = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current directory",
    help="The project whose routing configuration counts too.",
)
session_option = click.option(
    "--session", metavar="ID", help="For budgets of each session, run, project or key. Default: the latest."
)


@click.group("budget")
def command() -> None:
    """Budgets: what may be spent, what has been, and what follows from it.

    They stand in budgets.yaml in the home folder; the weekly_budget block of model-routing.yaml counts too.
    """


@command.command("set")
@click.argument("name")
@click.option("--limit", metavar="AMOUNT", help="5usd, 200ktokens, 45messages, 80%, or none: only tracked.")
@click.option("--window", type=click.Choice(DIMENSIONS), help="weekly: the last 7 days, rolling.")
@click.option(
    "--scope",
    metavar="SCOPE",
    help="tier=opus, skill=…, project=…, key=…, model=…; run or session: each one.",
)
@click.option("--hard/--soft", default=None, help="Refuse what would go above it, or only route cheaper.")
@click.option("--unit-of", "quota", metavar="QUOTA", help="What a limit in percent is a share of.")
@click.option("--zone", metavar="ZONE", help="Time zone of its days: Europe/Berlin.  [default: UTC]")
@click.option("--billing-day", type=int, metavar="1-31", help="On which monthly budgets begin.")
@click.option("--yellow", type=float, metavar="SHARE", help="Where the yellow zone begins, such as 0.7.")
@click.option("--red", type=float, metavar="SHARE", help="Where the red zone begins, such as 0.9.")
@click.option("--zone-by", type=click.Choice(get_args(ZoneBy)), help="What moves the zone.")
@ledger.json_option
def set_(name: str, as_json_: bool, **options: Any) -> None:  # noqa: ANN401 - click's values, read below
    """Define a budget, or change what is named of one.

    \b
    Examples:
      tierwise budget set week --limit 20usd --window weekly
      tierwise budget set opus --limit 45messages --window weekly --scope tier=opus
      tierwise budget set task --limit 2usd --window session --scope run --hard
      tierwise budget set plan --limit 80% --window weekly --unit-of anthropic-7d
    """
    budget, findings = _defined(name, options)
    if budget is None or findings:
        raise click.UsageError("\n".join(_told(finding) for finding in findings))
    try:
        set_budget(budgets_path(), budget)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error
    block = {"name": budget.name, **block_of(budget)}
    if as_json_:
        click.echo(json.dumps({"path": str(budgets_path()), "budget": block}, ensure_ascii=False))
        return
    click.echo(f"{budgets_path()}: {budget.name}")
    for key, value in list(block.items())[1:]:
        click.echo(f"  {key}: {str(value).lower() if isinstance(value, bool) else value}")


@command.command("show")
@project_option
@session_option
@ledger.store_option
@ledger.json_option
def show(project: Path, session: str | None, store_url: str | None, as_json_: bool) -> None:
    """Show every budget: what is spent, its zone, when it resets, and when it will run out."""
    found = defined(project)
    with ledger.opened(store_url) as store:
        shown = views(store, found, session)
    if as_json_:
        settings, path = found.config.settings, str(budgets_path())
        told = document(shown, settings, wiring.now_us(), found.findings, path, found.own)
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(as_lines(shown, found)))
        _tell(found.findings)
    if found.findings:
        raise click.exceptions.Exit(1)


@command.command("remove")
@click.argument("name")
@ledger.json_option
def remove(name: str, as_json_: bool) -> None:
    """Remove a budget. What was spent stays in the ledger."""
    try:
        removed = remove_budget(budgets_path(), name)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error
    if not removed:
        raise click.ClickException(_no_such(name, [one.name for one in read_budgets(budgets_path())[0]]))
    click.echo(json.dumps({"removed": name}) if as_json_ else f"{budgets_path()}: {name} removed")


@command.command("simulate")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Spend from every budget of that unit.")
@click.option("--spend", metavar="AMOUNT", help="What if so much more is spent now: 3usd, 50ktokens.")
@click.option("--per-day", metavar="AMOUNT", help="What if so much is spent each day. Default: as now.")
@project_option
@session_option
@ledger.store_option
@ledger.json_option
def simulate(
    name: str | None,
    everything: bool,
    spend: str | None,
    per_day: str | None,
    project: Path,
    session: str | None,
    store_url: str | None,
    as_json_: bool,
) -> None:
    """Show which zones more spending leads to, when, and which skills would then change tier.

    \b
    Examples:
      tierwise budget simulate week --spend 3usd
      tierwise budget simulate --all --per-day 2usd
      tierwise budget simulate --all             at the present rate
    """
    if bool(name) == everything or (spend and per_day):
        raise click.UsageError("name one budget or --all, and at most one of --spend and --per-day")
    spending = Spending(_amount("--spend", spend), _amount("--per-day", per_day))
    found = defined(project)
    with ledger.opened(store_url) as store:
        shown = views(store, found, session)
    chosen = [view for view in shown if everything or view.budget.name == name]
    if name and not chosen:
        raise click.ClickException(_no_such(name, [view.budget.name for view in shown]))
    result = simulated(shown, chosen, spending, found.config, project)
    if as_json_:
        click.echo(json.dumps(simulate_json(result), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(simulate_lines(result)))


# -- from options to a budget ------------------------------------------------------------------------------


def _defined(name: str, options: dict[str, Any]) -> tuple[Budget | None, list[Finding]]:
    """The budget of that name as the file has it, with what the options say; and what is wrong with it."""
    config = wiring.configuration(None)
    words = words_of(config)
    before = {one.name: one for one in read_budgets(budgets_path(), words)[0]}
    block = block_of(before[name]) if name in before else {}
    given = {key: value for key, value in options.items() if value is not None}
    if given.get("window", "monthly") != "monthly" and "billing_day" not in given:
        block.pop("billing_day", None)
    if "limit" in given and "quota" not in given and not given["limit"].rstrip().endswith("%"):
        block.pop("quota", None)
    budgets, findings = budgets_from(node_of({name: {**block, **given}}), SAID, words)
    return (budgets[0] if budgets else None), findings


def _told(finding: Finding) -> str:
    return printable(f"{finding.key}: {finding.problem}. {finding.remedy}")


def _tell(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        click.echo(printable(str(finding)), err=True)


def _amount(option: str, text: str | None) -> tuple[str, int] | None:
    """Unit and amount of an option; a usage error if it is none."""
    if text is None:
        return None
    try:
        unit, amount = limit_of(text)
    except ValueError as wrong:
        raise click.BadParameter(f"`{text}` {wrong}; write 3usd or 50ktokens", param_hint=option) from wrong
    if amount is None or unit == "percent":
        raise click.BadParameter("write an amount: 3usd, 50ktokens, 10messages", param_hint=option)
    return unit, amount


def _no_such(name: str, known: list[str]) -> str:
    close = did_you_mean(name, known)
    hint = f"Did you mean `{close}`?" if close else "`tierwise budget show` lists them."
    return printable(f"there is no budget `{name}` in {budgets_path()}. {hint}")
