"""`tierwise explain`: which tier a skill gets now, and why."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli import ledger
from tierwise.cli.skill_lookup import find_skill, platform_option, project_option, reading_roots
from tierwise.core.audits import AuditView, audit_block
from tierwise.core.figures import printable
from tierwise.core.prices import usd
from tierwise.core.questions import Decision
from tierwise.errors import TierwiseError
from tierwise.files.skill_files import SKILL_FILE, read_skill
from tierwise.router.answers import as_json as decision_json
from tierwise.router.answers import model_of, stored_trace
from tierwise.router.calls import Call, Routed
from tierwise.router.histories import history_in
from tierwise.router.metering import binding_text
from tierwise.router.standings import standings


@click.command()
@click.argument("skill")
@click.argument("prompt", required=False, default="")
@click.option("--asked", metavar="MODEL", default="", help="The model that the client asks for.")
@click.option("--step", metavar="STEP", default="", help="The step that it is at: its number or its title.")
@platform_option
@project_option
@ledger.store_option
@ledger.json_option
def command(
    skill: str,
    prompt: str,
    asked: str,
    step: str,
    platform: str,
    project: Path | None,
    store_url: str | None,
    as_json_: bool,
) -> None:
    """Show which tier a skill gets now, and why.

    SKILL is a name or a folder; the words of PROMPT count as the user's own.

    \b
      tierwise explain ui-bug-investigator
      tierwise explain ui-bug-investigator "Debug this hydration issue using sonnet"
      tierwise explain component-auditor --step 2
    """
    try:
        folder, others = find_skill(skill, project or Path.cwd())
        call = Call(
            platform=platform,
            asked_model=asked,
            skill=read_skill(folder).name,
            skill_folder=str(folder),
            step=step,
            user_words=prompt,
        )
        routed = _routed(call, folder, project, store_url)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error
    for other in others:
        click.echo(f"also found, and not used: {other}", err=True)
    for alarm in routed.alarms:
        click.echo(alarm, err=True)
    if as_json_:
        answer = decision_json(routed.decision, routed.question, id=routed.call.skill)
        click.echo(json.dumps({**answer, "skill_path": str(folder / SKILL_FILE)}, ensure_ascii=False))
    else:
        click.echo(_text(routed, folder))


def _routed(call: Call, folder: Path, project: Path | None, store_url: str | None) -> Routed:
    now_us = wiring.now_us()
    with closing(wiring.open_store(store_url)) as store:
        router = wiring.router_for(project, reading_roots(folder))
        day, known = wiring.day_of(now_us), partial(history_in, store)
        return router.decided(call, now_us, day, partial(standings, store), known)


def _text(routed: Routed, folder: Path) -> str:
    decision, question, skill = routed.decision, routed.question, routed.question.skill
    model = model_of(decision, question)
    view = AuditView(
        skill=routed.call.skill,
        preferred=skill.preferred.name if skill and skill.preferred else None,
        user_words=routed.user_words,
        zone=str(decision.zone),
        binding=binding_text(decision.binding) or "",
        minimum=skill.floor.name if skill and skill.floor else None,
        steps=stored_trace(decision),
        tier=decision.tier.name if decision.tier else None,
        model=model or "",
        reason=decision.reason,
        warnings=decision.warnings,
        ladder=tuple(rung.name for rung in question.settings.ladder.rungs),
    )
    lines = [
        audit_block(view, verbose=True),
        "",
        f"  Model: {model or 'none known'} on {routed.question.platform}",
        *_estimate_lines(decision),
        f"  Read from: {folder / SKILL_FILE}",
    ]
    if decision.offer:
        lines.append(f"  Offer: {decision.offer.text} ({' | '.join(decision.offer.options)})")
    if decision.adaptations:
        lines.append("  Adaptations for the lower tier:")
        lines += [f"    {printable(line)}" for line in decision.adaptations.splitlines()]
    return "\n".join(lines)


def _estimate_lines(decision: Decision) -> list[str]:
    estimate = decision.estimate
    if estimate is None:
        return []
    costs = (
        f"{tier} ${usd(cost.low):.4f}-${usd(cost.high):.4f}"
        for tier, cost in estimate.by_tier_nanousd
        if cost is not None
    )
    tokens = f"{estimate.tokens.low:,}-{estimate.tokens.high:,} tokens"
    return [f"  Estimate ({estimate.source}): {tokens}; {', '.join(costs)}"]
