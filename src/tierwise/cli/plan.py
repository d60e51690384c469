"""`tierwise plan`: a skill's steps with the tier of each, what they cost, and whether following them pays.

Two sums, because they differ much: each step in a context of its own (a fork, a subagent), and all steps in
one conversation, where every change of model writes what was said so far into another cache.

Source: rules.md sections 5 and 6; seed A§4.2.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from tierwise.cli import ledger
from tierwise.cli.skill_lookup import platform_option, project_option
from tierwise.cli.skill_now import SkillNow, skill_now
from tierwise.core.estimates import estimate_for
from tierwise.core.figures import clipped, dollars, printable, saved_percent
from tierwise.core.plans import Plan, PlannedStep, changes_of, plan_of, verdict_of
from tierwise.core.prices import usd
from tierwise.core.step_costs import Difference, Money, StepCost, saved
from tierwise.files.skill_files import SKILL_FILE
from tierwise.router.answers import estimate_json

TITLE_WIDTH: Final = 40
WIDTH: Final = 100
UNKNOWN: Final = "not known"


@dataclass(frozen=True, slots=True)
class Planned:
    """A skill with its plan."""

    name: str
    file: Path
    platform: str
    plan: Plan


@click.command()
@click.argument("skill")
@platform_option
@project_option
@ledger.store_option
@ledger.json_option
def command(skill: str, platform: str, project: Path | None, store_url: str | None, as_json_: bool) -> None:
    """Show the steps of a skill with the tier of each, what they cost, and whether following them pays.

    SKILL is a name or a folder. What a run takes is as `tierwise estimate` says, split evenly over the steps.
    Each step is decided as it would be now, under your configuration and budgets.

    \b
      tierwise plan component-auditor
      tierwise plan .claude/skills/component-auditor --json
    """
    now = skill_now(skill, platform, project, store_url)
    planned = _planned(now, platform)
    if now.routed.mode == "off":
        click.echo("mode is off: nothing is routed now; the plan shows what routing would do", err=True)
    click.echo(_json(planned) if as_json_ else "\n".join(_lines(planned)))


def _planned(now: SkillNow, platform: str) -> Planned:
    """The plan under the configuration and the balances of now."""
    question = now.routed.question
    skill = question.skill or now.skill
    estimate = estimate_for(skill.estimated_tokens, now.history, question.candidates)
    plan = plan_of(replace(question, skill=skill), estimate)
    return Planned(now.file.name, now.file.path, platform, plan)


# -- for programs --------------------------------------------------------------------------------------------


def _json(planned: Planned) -> str:
    plan = planned.plan
    costs = plan.costs
    answer = {
        "skill": planned.name,
        "skill_path": str(planned.file),
        "platform": planned.platform,
        "has_steps": plan.steps[0].step is not None,
        "estimate": estimate_json(plan.estimate),
        "steps": [_step_json(step, cost) for step, cost in zip(plan.steps, costs.steps, strict=True)],
        "model_changes": costs.changes,
        "total_usd": {"apart": _usd(costs.apart), "one_conversation": _usd(costs.together)},
        "own_tier": plan.own.tier.name if plan.own.tier else None,
        "one_tier": {tier: _one_tier_json(plan, direct) for tier, direct in costs.direct},
        "verdict": verdict_of(plan),
    }
    return json.dumps(answer, ensure_ascii=False)


def _step_json(planned: PlannedStep, cost: StepCost) -> dict[str, Any]:
    step, decision = planned.step, planned.decision
    return {
        "number": step.number if step else None,
        "title": step.title if step else None,
        "line": step.line if step else None,
        "says": [tier.name for tier in step.tiers] if step else [],
        "why": step.reason if step else "",
        "tier": decision.tier.name if decision.tier else None,
        "model": decision.model.id if decision.model else None,
        "reason": decision.reason,
        "note": planned.note,
        "changes_model": cost.switches,
        "usd": {"apart": _usd(cost.apart), "one_conversation": _usd(cost.together)},
    }


def _one_tier_json(plan: Plan, direct: Money | None) -> dict[str, Any]:
    costs = plan.costs
    return {
        "usd": _usd(direct),
        "saved_usd": {
            "apart": _usd(saved(costs.apart, direct)),
            "one_conversation": _usd(saved(costs.together, direct)),
        },
    }


def _usd(money: Money | Difference | None) -> dict[str, float] | None:
    return None if money is None else {"low": usd(money.low), "high": usd(money.high)}


# -- for people ----------------------------------------------------------------------------------------------


def _lines(planned: Planned) -> Iterator[str]:
    plan = planned.plan
    yield f"[PLAN] {printable(planned.name)}"
    yield from _source_lines(planned)
    yield ""
    yield from _columns(list(_step_rows(plan)))
    if plan.estimate is not None:
        yield ""
        yield from _columns(list(_tier_rows(plan)))
    for planned_step in plan.steps:
        if planned_step.note:
            yield from _paragraph(f"{planned_step.step or 'the skill'}: {planned_step.note}")
    yield from _paragraph(verdict_of(plan))
    yield ""
    yield printable(f"  Read from: {planned.file}")


def _paragraph(text: str) -> Iterator[str]:
    yield ""
    yield from textwrap.wrap(printable(text), WIDTH, initial_indent="  ", subsequent_indent="  ")


def _source_lines(planned: Planned) -> Iterator[str]:
    plan, estimate = planned.plan, planned.plan.estimate
    if plan.steps[0].step is None:
        yield "  It names no steps (`Step 1: …`): planned as one."
    if estimate is None:
        yield f"  Costs are not known: {SKILL_FILE} declares no `estimated_tokens`,"
        yield "  and there are too few runs of it on record (see `tierwise estimate`)."
        return
    source = f"as {SKILL_FILE} declares" if estimate.source == "declared" else "as its own last runs took"
    yield f"  One run: {estimate.tokens.low:,}-{estimate.tokens.high:,} tokens, {source}."
    if len(plan.steps) > 1:
        yield f"  They are split evenly over its {len(plan.steps)} steps: how they really fall is not known."
        yield "  What the conversation held before the skill is not counted."


def _step_rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    yield "", "Step", "Tier", "Model", "In its own context", "In one conversation"
    for planned, cost in zip(plan.steps, plan.costs.steps, strict=True):
        step, decision = planned.step, planned.decision
        yield (
            f"{step.number}{'*' if planned.note else ''}" if step else "",
            clipped(step.title, TITLE_WIDTH) if step else "the whole skill",
            printable(_tier_words(planned)),
            printable(decision.model.id) if decision.model else UNKNOWN,
            _money(cost.apart),
            _money(cost.together),
        )
    yield "", "Total", "", changes_of(plan), _money(plan.costs.apart), _money(plan.costs.together)


def _tier_words(planned: PlannedStep) -> str:
    """The tier, and whether it is the skill's own or one of several that the step names."""
    step, tier = planned.step, planned.decision.tier
    if tier is None:
        return UNKNOWN
    others = [each.name for each in step.tiers if each != tier] if step and planned.said == tier else []
    aside = "its own" if step is not None and not step.tiers else " or ".join(("", *others))[1:]
    return f"{tier} ({aside})" if aside else tier.name


def _tier_rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    """What one tier for all would cost, and what the steps save of it; less than nothing is a loss."""
    yield "All of it on", "Cost", "The steps save, apart", "In one conversation"
    for tier, direct in plan.costs.direct:
        own = " (its own)" if plan.own.tier is not None and plan.own.tier.name == tier else ""
        yield (
            printable(tier) + own,
            _money(direct),
            _saving(plan.costs.apart, direct),
            _saving(plan.costs.together, direct),
        )


def _money(money: Money | None) -> str:
    if money is None:
        return UNKNOWN
    low, high = dollars(money.low), dollars(money.high)
    return low if low == high else f"{low} to {high}"


def _saving(cost: Money | None, against: Money | None) -> str:
    """`$0.022 to $0.059 (49.2%)`; a loss is below nothing, and has no share."""
    difference = saved(cost, against)
    if cost is None or against is None or difference is None:
        return UNKNOWN
    low, high = dollars(difference.low), dollars(difference.high)
    told = low if low == high else f"{low} to {high}"
    share = saved_percent(cost.high, against.high)
    return f"{told} ({share})" if share and difference.low > 0 and difference.high > 0 else told


def _columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
