"""Bounds: what must hold whatever the work wishes (rules 8 to 12).

What can be had, what the user said, the minimum, the ceiling, and the window that must hold the prompt.

Source: rules.md section 3.
"""

from __future__ import annotations

from tierwise.core.cascade import landing
from tierwise.core.case import Case, Ruling
from tierwise.core.tiers import Tier


def availability(case: Case, tier: Tier) -> Ruling:
    """Same tier elsewhere, then configured fallbacks, then the next lower acceptable tier, then an offer."""
    obstacle = _obstacle(case, tier)
    if obstacle is None:
        return tier, _served_by(case, tier)
    choice = _first_to_be_had(case, _alternatives(case, tier, spent_up=case.reachable(tier)))
    if choice is not None:
        return choice, f"{obstacle}; {choice} is the next choice"
    below = case.ladder.below(tier)
    if below is not None and case.answer_to("unavailable", below) == "accept":
        case.accepted_below_minimum = True
        return below, f"{obstacle}; {below}, as the user accepted"
    case.make_offer(
        "unavailable",
        f"{obstacle} and nothing acceptable stands in." + (f" Use {below}?" if below else ""),
        ("accept", "wait", "export") if below else ("wait", "export"),
        below,
    )
    return tier, f"{obstacle}; nothing acceptable stands in"


def _first_to_be_had(case: Case, choices: list[Tier]) -> Tier | None:
    """The first choice that can be had, not below the floor; once one is spent up, only lower ones count."""
    floor = case.skill.floor if case.skill else None
    spent_up: Tier | None = None
    for choice in choices:
        below_floor = floor is not None and choice < floor
        if below_floor or (spent_up is not None and choice >= spent_up) or not case.reachable(choice):
            continue
        if _obstacle(case, choice) is None:
            return choice
        spent_up = choice
    return None


def _obstacle(case: Case, tier: Tier) -> str | None:
    """Why the tier cannot be had now: no reachable model, or a hard budget of its own that is empty."""
    if not case.reachable(tier):
        return f"{tier} has no reachable model on {case.question.platform}"
    gauge = case.spent_up_at(tier)
    if gauge is not None and gauge.scope.kind in ("tier", "model"):
        return f"{gauge.name} is exhausted"
    return None


def _served_by(case: Case, tier: Tier) -> str:
    models = case.models_at(tier)
    if not models or models[0].platform == case.question.platform:
        return f"{tier} is available"
    return f"{tier} is not available on {case.question.platform}; {models[0].platform} serves it"


def _alternatives(case: Case, tier: Tier, *, spent_up: bool) -> list[Tier]:
    """Where to turn, in order: the configured fallbacks, then the acceptable tiers below, highest first.

    An empty budget never leads up, and leads down only where the skill allows a downgrade.
    """
    bound, skill = ceiling_of(case), case.skill
    fallbacks = [t for t in case.question.settings.fallbacks_of(tier) if bound is None or t <= bound[0]]
    lower = [t for t in reversed(skill.acceptable) if t < tier] if skill else []
    if not spent_up:
        return fallbacks + lower
    if skill is not None and not skill.allow_downgrade:
        return []
    return sorted({t for t in (*fallbacks, *lower) if t < tier}, reverse=True)


def user(case: Case, tier: Tier) -> Ruling:
    """The strongest wish wins: a per-call pin, the prompt's own words, force_model, a session override."""
    wish = case.question.user
    quoted = f": `{wish.words}`" if wish.words else ""
    for named, why in (
        (wish.pin, "pinned for this call"),
        (wish.inline, f"the user asks for it{quoted}"),
        (wish.force, f"the user forces it for everything{quoted}"),
        (wish.skill_override, "the session's override for this skill"),
    ):
        if named is not None:
            case.offer = case.refusal = None  # whatever the budget asked, the user has answered it
            case.answered.clear()
            return named, why
    if tier in wish.negated and case.ladder.below(tier) is None:
        return case.ladder.above(tier) or tier, f"the user does not want {tier}, and nothing is below it"
    return tier, "no override"


def minimum(case: Case, tier: Tier) -> Ruling:
    """Raises to the higher of the declared minimum and the eval-verified floor, unless waived."""
    skill = case.skill
    floor = skill.floor if skill else None
    if skill is None or floor is None:
        return tier, "no minimum"
    kind = "eval-verified floor" if floor == skill.verified_floor else "minimum"
    if tier >= floor:
        return tier, f"not below the {kind} {floor}"
    if case.question.user.waive_minimum or case.accepted_below_minimum:
        case.warnings.append(f"{skill.name} runs on {tier}, below its {kind} {floor}: quality may suffer")
        return tier, f"below the {kind} {floor}, waived by the user"
    return floor, f"{tier} is below the {kind} {floor}; say `ignore minimum` to go lower"


def ceiling(case: Case, tier: Tier) -> Ruling:
    """Caps the tier; a minimum above the ceiling gives way, with a warning."""
    bound = ceiling_of(case)
    if bound is None:
        return tier, "no ceiling"
    top, why = bound
    if tier <= top:
        return tier, f"not above {top}: {why}"
    skill = case.skill
    floor = skill.floor if skill else None
    if floor is not None and floor > top:
        case.warnings.append(f"the minimum {floor} is above the ceiling {top}; the ceiling holds")
    lands = landing(top, skill, top if floor is None else min(floor, top)) if skill else top
    return min(lands, top), f"never above {top}: {why}"


def ceiling_of(case: Case) -> tuple[Tier, str] | None:
    """The lowest ceiling that holds, with its reason. A per-call pin has none."""
    wish, skill = case.question.user, case.skill
    if wish.pin is not None:
        return None
    ceilings: list[tuple[Tier, str]] = []
    if case.question.ceiling is not None:
        ceilings.append((case.question.ceiling, "the model that the user configured"))
    if skill is not None and not skill.allow_upgrade and skill.preferred is not None:
        ceilings.append((skill.preferred, "the skill allows no upgrade"))
    ceilings += [
        (below, f"the user does not want {negated}")
        for negated in wish.negated
        if (below := case.ladder.below(negated)) is not None
    ]
    return min(ceilings, default=None)


def context_fit(case: Case, tier: Tier) -> Ruling:
    """Upward from the tier, the first whose model can hold the prompt and its answer."""
    needed = case.question.context_tokens + case.question.output_tokens
    if not needed or not case.models_at(tier) or case.fitting_model(tier) is not None:
        return tier, "the prompt fits" if needed else "the prompt's size is not known"
    bound = ceiling_of(case)
    for rung in case.ladder.rungs[tier.rank + 1 :]:
        if (bound is None or rung <= bound[0]) and case.may_use(rung) and case.fitting_model(rung):
            return rung, f"{needed:,} tokens do not fit a {tier} model's window; {rung} holds them"
    case.warnings.append(f"no allowed model's window holds {needed:,} tokens")
    return tier, f"{needed:,} tokens do not fit, and no allowed tier above holds them either"
