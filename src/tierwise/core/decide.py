"""Deciding: which tier one call runs on, and why.

`decide` starts from the platform's default and lets each rule in `RULES` speak once, weakest first. A rule
may change the tier or leave it alone; the last to change it wins, so precedence is simply the order of the
table. Every rule leaves a step, also when it changes nothing: the trace is the decision.

    user  >  minimum (which a user may waive)  >  budget  >  preferred  >  session  >  platform

Source: rules.md section 3; seed A§1.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tierwise.core.adaptations import adaptation_of
from tierwise.core.bounds import availability, ceiling, context_fit, minimum, user
from tierwise.core.case import Case, Ruling, case_of
from tierwise.core.escalation import escalation
from tierwise.core.estimates import Estimate, estimate_for
from tierwise.core.models import ModelCard
from tierwise.core.pressure import budget, fullness
from tierwise.core.questions import Decision, Question, Refusal, Step
from tierwise.core.skills import Skill
from tierwise.core.switching import switch_cost
from tierwise.core.tiers import Tier
from tierwise.core.wishes import conditions, fit, learned, preferred, session_default
from tierwise.core.zones import Gauge, Zone

Rule = Callable[[Case, Tier], Ruling]


def platform_default(case: Case, tier: Tier) -> Ruling:
    """The tier of the model that the client asked for, else the platform's default."""
    question = case.question
    if question.asked is not None:
        return question.asked, f"the client asked for {question.asked_model or question.asked}"
    return tier, f"the default of {question.platform}"


RULES: Final[dict[str, Rule]] = {
    "platform_default": platform_default,
    "session_default": session_default,
    "preferred": preferred,
    "conditions": conditions,
    "fit": fit,
    "learned": learned,
    "budget": budget,
    "availability": availability,
    "user": user,
    "minimum": minimum,
    "ceiling": ceiling,
    "context_fit": context_fit,
    "switch_cost": switch_cost,
    "escalation": escalation,
}
"""Weakest first; the order of this table is the precedence."""


def decide(question: Question) -> Decision:
    """Let every rule speak in turn; return the tier that remains, with the trace. Never raises."""
    case = case_of(question)
    tier: Tier | None = question.settings.platform_default
    unknown = question.asked_model is not None and question.asked is None
    trace: list[Step] = []
    for name, rule in RULES.items():
        if unknown and not (name == "user" and _has_wish(question)):
            after, why = _unknown(case, name)
        else:
            unknown = False
            after, why = rule(case, tier or case.ladder.lowest)
        trace.append(Step(name, tier, after, why))
        case.after[name] = tier = after
    return _concluded(case, tier, tuple(trace))


def _has_wish(question: Question) -> bool:
    wish = question.user
    return any(tier is not None for tier in (wish.pin, wish.inline, wish.force, wish.skill_override))


def _unknown(case: Case, rule: str) -> tuple[Tier | None, str]:
    """A rule's word on a model unknown to the catalog: left alone, until the user names a tier."""
    model = case.question.asked_model
    if rule == "platform_default":
        case.warnings.append(
            f"the catalog does not know `{model}`: served as asked, and its price is unknown"
        )
    if rule == "budget":
        case.zone, case.binding = case.zone_everywhere()
    return None, f"`{model}` is not in the catalog: left alone"


def _concluded(case: Case, tier: Tier | None, trace: tuple[Step, ...]) -> Decision:
    question = case.question
    refusal = case.refusal or _refused(case, tier)
    last = next((step for step in reversed(trace) if step.before != step.after), trace[0])
    return Decision(
        tier=tier,
        model=_model_at(case, tier),
        platform=question.platform,
        effort=case.effort,
        requested=case.after["learned"],
        reason=_reason(case, last, trace),
        rule=last.rule,
        zone=case.zone,
        binding=case.binding,
        trace=trace,
        offer=case.offer,
        refusal=refusal,
        warnings=tuple(case.warnings),
        notify=_notice(case),
        adaptations=adaptation_of(_as_written(case), tier, case.ladder),
        estimate=_estimate(case),
        answered=tuple(dict.fromkeys(case.answered)),
    )


def _as_written(case: Case) -> Skill | None:
    """The skill, preferring what its step names: a step that was written for a tier needs no help at it."""
    skill, tier = case.skill, case.step_tier
    return replace(skill, preferred=tier) if skill is not None and tier is not None else skill


def _reason(case: Case, last: Step, trace: tuple[Step, ...]) -> str:
    """Why the tier stands: the last change, or the skill's own wish where it would have come anyway."""
    if last.before == last.after or last.rule == "platform_default":
        wished = next(step for step in trace if step.rule == "preferred")
        if case.skill is not None and case.skill.preferred is not None and wished.after == last.after:
            return wished.why
    return last.why


def _estimate(case: Case) -> Estimate | None:
    """What a run of the skill is likely to take, against the budgets that govern it whatever its tier."""
    skill, question = case.skill, case.question
    if skill is None or (skill.estimated_tokens is None and question.history is None):
        return None
    others = (g for g in question.gauges if g.scope.kind != "skill" or g.scope.value == skill.name)
    return estimate_for(skill.estimated_tokens, question.history, question.candidates, others)


def _model_at(case: Case, tier: Tier | None) -> ModelCard | None:
    """The model to serve the tier: the first that fits, else the first; None if none is known."""
    if tier is None:
        return None
    models = case.models_at(tier)
    return case.fitting_model(tier) or (models[0] if models else None)


def _refused(case: Case, tier: Tier | None) -> Refusal | None:
    """The refusal of an exhausted hard budget that governs the call as decided; None if there is none."""
    full = case.spent_up_at(tier) if tier is not None else case.spent_up_everywhere()
    if full is None:
        return None
    asked = f"{full.name} is exhausted. Wait for its reset, or export the context?"
    case.make_offer("exhausted", asked, ("wait", "export"))
    return Refusal(
        budget=full.name,
        text=f"{full.name} is exhausted",
        resets=full.resets,
        options=("wait", "switch", "export"),
    )


def _notice(case: Case) -> str | None:
    """What to tell the user about the zone: once, as a budget enters yellow or a stricter zone."""
    gauge: Gauge | None = case.binding
    if gauge is None or case.zone < Zone.YELLOW or (gauge.before is not None and gauge.before >= case.zone):
        return None
    resets = f"; it resets {gauge.resets}" if gauge.resets else ""
    return fullness(case, case.zone) + resets
