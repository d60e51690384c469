"""`tierwise demo`: the main job end to end, on the embedded simulator; no key, no network, half a minute."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
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
from tierwise.core.prices import usd
from tierwise.core.records import as_json as record_json
from tierwise.core.summaries import summarise
from tierwise.core.summary_text import summary_json, summary_text
from tierwise.errors import TierwiseError

PROJECT: Final = Path(__file__).parent.parent / "demo" / "project"
NEEDS_SDK: Final = "the demo talks through the `anthropic` SDK: pip install 'tierwise[demo]'"


@click.command("demo")
@click.option("--store", "store_url", metavar="URL", help="Keep the ledger there, as `sqlite:PATH`.")
@ledger.json_option
def command(store_url: str | None, as_json_: bool) -> None:
    """Play a session on the built-in simulator, and show what it saved.

    A frontend QA suite of six skills, a budget that runs from green to exhausted with an offer answered on
    the way, and the real `anthropic` SDK through the gateway's port. The ledger goes with the demo unless
    --store names a place for it.
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
    """The session with routing, then the same session without, as a measured control."""
    from tierwise.demo.session import ASKED_MODEL, TURNS, WEEKLY_BUDGET_USD

    say = (lambda _: None) if quiet else click.echo
    say(
        f"{len(TURNS)} prompts to an agent that asks for {ASKED_MODEL} throughout; six skills; "
        f"a weekly budget of ${WEEKLY_BUDGET_USD:.2f}\n"
    )
    calls, routed, alarms = await _session(store_url, "enforce", say)
    _, control, _ = await _session("memory", "off", lambda _: None)
    summary = summarise(routed)
    actual, without = (sum(e.cost_nanousd or 0 for e in executions) for executions in (routed, control))
    for text in _audits(routed):
        say(text)
    say(summary_text(summary, "demo session"))
    say(_control_text(actual, without))
    for alarm in dict.fromkeys(alarms):
        click.echo(f"alarm: {alarm}", err=True)
    return {
        "calls": [asdict(call) for call in calls],
        "executions": [record_json(execution) for execution in routed],
        "summary": summary_json(summary),
        "control": {"cost_usd": usd(without), "actual_usd": usd(actual)},
        "alarms": alarms,
    }


async def _session(
    store_url: str, mode: str, say: Callable[[str], None]
) -> tuple[list[Any], list[Execution], list[str]]:
    """Play the session once: its calls as the client saw them, its records, and the gateway's alarms."""
    from tierwise.demo.play import SESSION, play
    from tierwise.demo.session import WEEKLY_BUDGET_USD, script
    from tierwise.simulator.script_reading import script_of

    alarms: list[str] = []
    calls: list[Any] = []
    with tempfile.TemporaryDirectory(prefix="tierwise-demo-home-") as home:
        user_file = Path(home) / "model-routing.yaml"
        user_file.write_text(
            f"mode: {mode}\nweekly_budget: {{total_spend: {WEEKLY_BUDGET_USD}}}\n"
            "budget_zones: {yellow_threshold: 0.65, red_threshold: 0.80}\n"
        )
        options = wiring.ServeOptions(
            store=store_url,
            skill_roots=(PROJECT,),
            project=PROJECT,
            script=script_of(script(), "the demo's script"),
            user_file=user_file,
        )
        async with wiring.serving(options, alarm=alarms.append) as running:
            async for played in play(running.url, PROJECT):
                _show(played, calls, say)
                calls.append(played)
            await running.recorded()
            executions = list(running.store.executions(session=SESSION))
    return calls, executions, alarms


def _show(played: Any, before: list[Any], say: Callable[[str], None]) -> None:  # noqa: ANN401
    """One call. (`Played` comes with the SDK, which is an extra, so its module loads late.)"""
    if not before or before[-1].turn != played.turn:
        say(f"> {played.prompt}")
    if played.notice and not any(call.notice for call in before if call.turn == played.turn):
        say(f"  ! {played.notice}")
    skill = played.skill or "(no skill)"
    say(f"    {skill:26} {played.model:18} {played.tier:7} {played.rule:17} {played.zone}")


def _audits(executions: list[Execution]) -> Iterator[str]:
    """One decision of each kind that did not simply follow the skill's wish."""
    shown: dict[tuple[str | None, str], Execution] = {}
    for execution in executions:
        if execution.skill and execution.rule not in ("preferred", "platform_default"):
            shown.setdefault((execution.skill, execution.rule), execution)
    for execution in shown.values():
        yield "\n" + audit_block(view_of(execution))
    yield ""


def _control_text(actual: int, without: int) -> str:
    saved = 1 - actual / without if without else 0.0
    return (
        "\nControl (measured: the same session played again with routing off, its caches never switched):\n"
        f"  without routing ${usd(without):.3f} → with routing ${usd(actual):.3f} → saved {saved:.1%}"
    )
