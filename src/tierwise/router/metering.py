"""Metering: a finished call as the ledger's record.

What was asked, decided and served stand apart. The cost is that of the model that answered, at the price of
the day; the counterfactuals price the same tokens and cache states at every tier of the same platform.

Source: rules.md sections 1 and 10.
"""

from __future__ import annotations

from tierwise.catalog.models import Catalog
from tierwise.core.ledger import Execution
from tierwise.core.prices import cost_nanousd
from tierwise.core.questions import Decision, Question
from tierwise.core.skills import Role
from tierwise.core.usage import Usage
from tierwise.core.zones import Gauge
from tierwise.router.answers import model_of, stored_trace
from tierwise.router.calls import Answered, Routed


def execution_of(routed: Routed, answered: Answered, catalog: Catalog, day: str) -> Execution:
    """The record of one call. A model without a known price has no cost, never a cost of 0."""
    call, question, decision = routed.call, routed.question, routed.decision
    skill = question.skill
    role = skill.role if skill else call.role
    served = catalog.get(answered.served_model, call.platform, day) if answered.served_model else None
    cost = 0 if answered.usage == Usage() else cost_nanousd(answered.usage, served.price if served else None)
    return Execution(
        id=answered.id,
        at_us=answered.began_us,
        session=call.session,
        run=call.session,
        agent=call.agent,
        turn=call.turn,
        request_class=call.request_class,
        skill=call.skill,
        role=_role_name(role),
        project=call.project,
        key=call.key,
        platform=call.platform,
        asked_model=call.asked_model,
        decided_model=model_of(decision, question) or call.asked_model,
        served_model=answered.served_model,
        requested_tier=decision.requested.name if decision.requested else None,
        decided_tier=decision.tier.name if decision.tier else None,
        served_tier=_served_tier(question, answered.served_model, served.tier if served else None),
        effort=decision.effort or call.effort,
        mode=routed.mode,
        rule=decision.rule,
        reason=decision.reason,
        downgrade_reason=_downgrade_reason(decision),
        zone=str(decision.zone),
        binding=binding_text(decision.binding),
        usage=answered.usage,
        usage_estimated=answered.usage_estimated,
        tool_calls=answered.tool_calls,
        cost_nanousd=cost,
        if_nanousd=_counterfactuals(question, answered.usage),
        weekly_consumed=_consumed(question, "weekly"),
        session_consumed=_consumed(question, "session"),
        latency_ms=max(answered.ended_us - answered.began_us, 0) // 1_000,
        status=answered.status,
        outcome=answered.outcome,
        upstream_id=answered.upstream_id,
        trace=stored_trace(decision),
        warnings=(*decision.warnings, *routed.alarms),
        preferred_tier=skill.preferred.name if skill and skill.preferred else None,
        minimum_tier=skill.floor.name if skill and skill.floor else None,
        user_words=routed.user_words,
        agent_name=call.agent_name,
    )


def binding_text(binding: Gauge | None) -> str | None:
    """What set the zone, in words: `weekly opus at 78%`; None if nothing did."""
    if binding is None:
        return None
    return binding.name if binding.share is None else f"{binding.name} at {binding.share:.0%}"


def _role_name(role: Role | None) -> str | None:
    return str(role) if role is not None else None


def _served_tier(question: Question, served_model: str, by_catalog: str | None) -> str | None:
    """The rung that answered: as configured for this platform, else as the catalog has it."""
    for tier, cards in question.candidates.items():
        if any(card.id == served_model for card in cards):
            return tier
    if question.asked and served_model == question.asked_model:
        return question.asked.name
    return by_catalog if by_catalog and question.settings.ladder.get(by_catalog) else None


def _downgrade_reason(decision: Decision) -> str | None:
    """Why the tier is below the wish, in the words of the last rule that lowered it; None if it is not."""
    if decision.tier is None or decision.requested is None or decision.tier >= decision.requested:
        return None
    for step in reversed(decision.trace):
        if step.before is not None and step.after is not None and step.after < step.before:
            return step.why
    return None


def _counterfactuals(question: Question, usage: Usage) -> tuple[tuple[str, int | None], ...]:
    candidates = question.candidates
    rungs = (rung.name for rung in question.settings.ladder.rungs)
    return tuple(
        (tier, cost_nanousd(usage, candidates[tier][0].price) if candidates.get(tier) else None)
        for tier in rungs
    )


def _consumed(question: Question, dimension: str) -> float | None:
    """The fullest share among the budgets of that dimension; None if none has a limit."""
    shares = [g.share for g in question.gauges if g.dimension == dimension and g.share is not None]
    return max(shares, default=None)
