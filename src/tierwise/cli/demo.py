"""`tierwise demo`: the main job end to end, on the embedded simulator; no key, no network, half a minute."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli import ledger
from tierwise.core.audits import audit_block, view_of
from tierwise.core.ledger import Execution
from tierwise.core.records import as_json as record_json
from tierwise.core.summaries import summarise
from tierwise.core.summary_text import summary_json, summary_text
from tierwise.errors import TierwiseError

PROJECT: Final = Path(__file__).parent.parent / "demo" / "project"
NEEDS_SDK: Final = "the demo talks through the `anthropic` SDK: pip install 'tierwise[demo]'"


@click.command("demo")
@ledger.store_option
@ledger.json_option
def command(store_url: str | None, as_json_: bool) -> None:
    """Play a session of a frontend QA suite through the gateway, and show what it cost and saved.

    Six skills, one budget that runs from green into yellow, and the real `anthropic` SDK against the built-in
    simulator. The ledger goes with the demo unless --store names a place for it.
    """
    if find_spec("anthropic") is None:
        raise click.ClickException(NEEDS_SDK)
    with _ledger_url(store_url) as url:
        try:
            report = asyncio.run(_play(url, quiet=as_json_))
        except TierwiseError as error:
            raise click.ClickException(str(error)) from error
    if as_json_:
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))


@contextmanager
def _ledger_url(named: str | None) -> Iterator[str]:
    if named is not None:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="tierwise-demo-") as folder:
        yield f"sqlite:{folder}/ledger.sqlite"


async def _play(store_url: str, *, quiet: bool) -> dict[str, Any]:
    from tierwise.demo.play import SESSION, Played, play
    from tierwise.demo.session import ASKED_MODEL, TURNS, WEEKLY_BUDGET_USD, script
    from tierwise.simulator.script_reading import script_of

    alarms: list[str] = []
    calls: list[Played] = []
    with tempfile.TemporaryDirectory(prefix="tierwise-demo-home-") as home:
        user_file = Path(home) / "model-routing.yaml"
        user_file.write_text(f"weekly_budget:\n  total_spend: {WEEKLY_BUDGET_USD}\n")
        options = wiring.ServeOptions(
            store=store_url,
            skill_roots=(PROJECT,),
            project=PROJECT,
            script=script_of(script(), "the demo's script"),
            user_file=user_file,
        )
        async with wiring.serving(options, alarm=alarms.append) as running:
            if not quiet:
                click.echo(
                    f"gateway {running.url}  →  simulator {running.upstream}\n"
                    f"{len(TURNS)} prompts to an agent that asks for {ASKED_MODEL} throughout; "
                    f"weekly budget ${WEEKLY_BUDGET_USD:.2f}\n"
                )
            async for played in play(running.url, PROJECT):
                if not quiet:
                    _show(played, calls)
                calls.append(played)
    executions = _recorded(store_url, SESSION)
    if not quiet:
        _show_audits(executions)
        click.echo(summary_text(summarise(executions), "demo session"))
        for alarm in dict.fromkeys(alarms):
            click.echo(f"alarm: {alarm}", err=True)
    return {
        "calls": [asdict(call) for call in calls],
        "executions": [record_json(execution) for execution in executions],
        "summary": summary_json(summarise(executions)),
        "alarms": alarms,
    }


def _recorded(store_url: str, session: str) -> list[Execution]:
    with ledger.opened(store_url) as store:
        return list(store.executions(session=session))


def _show(played: Any, before: list[Any]) -> None:  # noqa: ANN401  the SDK is an extra: its module loads late
    if not before or before[-1].turn != played.turn:
        click.echo(f"> {played.prompt}")
    if played.notice:
        click.echo(f"  ! {played.notice}")
    skill = played.skill or "(no skill)"
    click.echo(f"    {skill:26} {played.model:18} {played.tier:7} {played.rule:17} {played.zone}")


def _show_audits(executions: list[Execution]) -> None:
    """One decision of each kind that did not simply follow the skill's wish."""
    shown: dict[tuple[str | None, str], Execution] = {}
    for execution in executions:
        if execution.skill and execution.rule not in ("preferred", "platform_default"):
            shown.setdefault((execution.skill, execution.rule), execution)
    for execution in shown.values():
        click.echo("\n" + audit_block(view_of(execution)))
    click.echo()
