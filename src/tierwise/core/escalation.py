"""Escalation: a better model after work has failed for want of quality (rule 14).

Only a quality failure escalates: a quota, a network or a wrong request would fail on a heavier tier too.

Source: rules.md sections 3 and 9.
"""

from __future__ import annotations

from tierwise.core.bounds import ceiling_of
from tierwise.core.case import Case, Ruling
from tierwise.core.pressure import fullness
from tierwise.core.tiers import Tier
from tierwise.core.zones import Zone


def escalation(case: Case, tier: Tier) -> Ruling:
    """After a quality failure one tier up: once a unit, never above the ceiling, in red with consent."""
    failure = case.question.failure
    if failure is None:
        return tier, "no failure"
    if failure != "quality":
        return tier, f"a {failure} failure is no reason for a better model"
    if case.question.attempt > 0:
        return tier, "escalated once already; the configured tier stands"
    higher = case.ladder.above(tier)
    bound = ceiling_of(case)
    if higher is None or (bound is not None and higher > bound[0]):
        return tier, "nothing above is allowed"
    if not case.reachable(higher) or case.spent_up_at(higher) is not None:
        return tier, f"{higher} cannot be had"
    answer = case.answer_to("escalation", higher) if case.zone >= Zone.RED else "accept"
    if answer is None:
        case.make_offer(
            "escalation",
            f"{fullness(case, case.zone)}. The work failed on {tier}; retry it on {higher}?",
            ("accept", "hold"),
            higher,
        )
    if answer != "accept":
        return tier, f"{case.zone} zone: escalating to {higher} needs the user's consent"
    return higher, f"the work failed on {tier}: one tier up, once"
