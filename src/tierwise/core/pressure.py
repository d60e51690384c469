"""Pressure: what filling budgets do to the tier (rule 7).

One look at the budgets of the tier may lower it; then the budgets of the new tier are looked at, until it
stands still. The zone and the budget that the decision names are the strictest met on that way.

Work without a declaration is left alone, but for one thing: agents that one answer starts together, for
these are many before anybody sees what they cost. In yellow they begin on the standard tier, in red on the
light one.

Source: rules.md section 4; research/peers.md O5.
"""

from __future__ import annotations

from typing import Final

from tierwise.core.cascade import Work, allowed, work_of
from tierwise.core.case import Case, Ruling, default_for
from tierwise.core.questions import Refusal
from tierwise.core.skills import EFFORTS, Skill
from tierwise.core.tiers import Tier
from tierwise.core.zones import Zone

FAN_OUT_FROM: Final = 2
"""So many agents that one answer starts are a fan-out."""


def budget(case: Case, tier: Tier) -> Ruling:
    """The cascade, step by step: after each lowering the budgets of the new tier are looked at."""
    mode = case.question.settings.conservation
    start, why = tier, ""
    while True:
        zone, binding = case.zone_at(tier)
        if zone > case.zone or case.binding is None:
            case.zone, case.binding = zone, binding
        lowered, because = _pressed(case, tier, zone, mode)
        why = why or because
        if lowered == tier:
            return tier, why if tier < start else because
        tier, why = lowered, because


def _pressed(case: Case, tier: Tier, zone: Zone, mode: str) -> Ruling:
    """Where one look at the budgets leads."""
    skill = case.skill
    if mode == "off":
        return tier, "conservation mode is off"
    if (skill is None or not skill.declared) and case.question.siblings >= FAN_OUT_FROM:
        return _fanned_out(case, tier, zone)
    if skill is None:
        return tier, "no skill: budgets lower skills only"
    if not skill.declared:
        return _undeclared(case, skill, tier, mode)
    if not skill.allow_downgrade:
        return tier, f"{zone} zone, but the skill allows no downgrade"
    if mode == "aggressive":
        return min(tier, skill.minimum or tier), "aggressive conservation: the minimum in every zone"
    work = work_of(skill, case.question.fit.tier if case.question.fit else None, case.ladder)
    return _cascaded(case, skill, tier, zone, work)


def _fanned_out(case: Case, tier: Tier, zone: Zone) -> Ruling:
    """One of many agents that one answer starts, and that says nothing of the tier it needs."""
    ladder, many = case.ladder, f"one of {case.question.siblings} agents that start at once"
    full = fullness(case, zone)
    if zone < Zone.YELLOW:
        return tier, f"{full}: {many} may use {tier}"
    default = ladder.standard if zone is Zone.YELLOW else ladder.light
    return min(tier, default), f"{full}: {many} goes to {min(tier, default)}"


def _undeclared(case: Case, skill: Skill, tier: Tier, mode: str) -> Ruling:
    if mode != "aggressive":
        return tier, "an undeclared skill is left alone"
    return (
        min(tier, default_for(case.question, skill.role)),
        f"aggressive conservation: the default of {skill.role} work, as the skill names no minimum",
    )


def _cascaded(case: Case, skill: Skill, tier: Tier, zone: Zone, work: Work) -> Ruling:
    lowered = allowed(tier, skill, work, zone, case.ladder)
    full = fullness(case, zone)
    if lowered == tier:
        if zone is Zone.EXHAUSTED:
            return _below_minimum(case, skill, tier, full)
        return tier, f"{full}: {work} work may use {tier}"
    if _lower_effort_first(case, skill) and zone is Zone.YELLOW:
        return tier, f"{full}: effort is lowered to {case.effort} before the tier"
    if work is Work.HIGH and zone is Zone.RED:
        return _offered(case, tier, lowered, full)
    return lowered, f"{full}: {work} work goes to {lowered}"


def fullness(case: Case, zone: Zone) -> str:
    """The zone in words, with the budget that set it and how full it is."""
    binding = case.binding
    if binding is None or binding.share is None:
        return f"{zone} zone"
    return f"{zone} zone, {binding.name} at {binding.share:.0%}"


def _lower_effort_first(case: Case, skill: Skill) -> bool:
    """Lower the effort to the least, where the skill wants that first; whether that changed anything."""
    if not skill.effort_first or case.effort is None or case.effort == EFFORTS[0]:
        return False
    case.effort = EFFORTS[0]
    return True


def _offered(case: Case, tier: Tier, lowered: Tier, full: str) -> Ruling:
    """High-demand work in red: what the user answered, else what `on_red_high` says; always an offer."""
    answer, otherwise = case.answer_to("red_high", lowered), case.question.settings.on_red_high
    choice = {"accept": "downgrade", "hold": "hold", "pause": "pause"}[answer] if answer else otherwise
    by = "the user's answer" if answer else "on_red_high"
    name = case.skill.name if case.skill else "this work"
    if answer is None:
        case.make_offer(
            "red_high",
            f"{full}. {name} needs much reasoning; run it on {lowered} instead of {tier}?",
            ("accept", "hold", "pause"),
            lowered,
        )
    if choice == "pause":
        case.refusal = _paused(case, f"{name} is paused: {full}, by {by}")
        return tier, f"{full}: paused, by {by}"
    if choice == "hold":
        return tier, f"{full}: held at {tier}, by {by}"
    return lowered, f"{full}: high work goes to its minimum {lowered}, by {by}"


def _below_minimum(case: Case, skill: Skill, tier: Tier, full: str) -> Ruling:
    """The minimum's own budget is exhausted: warn, and offer the next tier down."""
    below, binding = case.ladder.below(tier), case.binding
    if below is None or binding is None or binding.scope.kind != "tier":
        return tier, f"{full}: {tier} is the minimum"
    case.warnings.append(f"{binding.name} is exhausted; below {tier}, its minimum, {skill.name} may degrade")
    answer = case.answer_to("exhausted_minimum", below)
    if answer == "accept":
        case.accepted_below_minimum = True
        return below, f"{full}: below the minimum, as the user accepted"
    if answer == "pause":
        case.refusal = _paused(case, f"{skill.name} is paused: {full}, by the user's answer")
        return tier, f"{full}: paused, by the user's answer"
    if answer is None:
        case.make_offer(
            "exhausted_minimum",
            f"{binding.name} is exhausted and {tier} is the minimum. Run below it, on {below}?",
            ("accept", "hold", "pause"),
            below,
        )
    return tier, f"{full}: {tier} is the minimum; {below} is offered"


def _paused(case: Case, text: str) -> Refusal:
    budget = case.binding
    return Refusal(
        budget=budget.name if budget else "",
        text=text,
        resets=budget.resets if budget else "",
        options=("accept", "hold", "wait", "export"),
    )
