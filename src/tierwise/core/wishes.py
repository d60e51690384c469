"""Wishes: what the work itself asks for, before any budget speaks (rules 2 to 6).

By role, by the skill's own word, by the case at hand, by how hard the task looks, by what was learned.
The tier after these rules is the decision's `requested`.

Source: rules.md sections 2, 3 and 5.
"""

from __future__ import annotations

from tierwise.core import conditions as lexical
from tierwise.core.bounds import ceiling_of
from tierwise.core.case import Case, Ruling, default_for
from tierwise.core.questions import Hint
from tierwise.core.skills import Role, Skill, SkillStep
from tierwise.core.tiers import Tier


def session_default(case: Case, tier: Tier) -> Ruling:
    """By role. The built-in defaults serve declared skills, and titles and summaries, which have no skill;
    those that a user wrote, any role."""
    skill = case.skill
    role = skill.role if skill else case.question.role
    if role is None:
        return tier, "no skill and no role: the session names nothing"
    if skill is not None and skill.declared:
        if skill.preferred is not None:
            return tier, "the skill itself names a tier"
        return default_for(case.question, role), f"the default for a {role} that names no tier"
    if skill is None and role is Role.AUXILIARY:
        return default_for(case.question, role), "titles and summaries run on the default for auxiliary work"
    written = case.question.settings.user_defaults.get(role)
    if written is None:
        return tier, f"no default of the user's own for {role} work"
    return written, f"the user's default for {role} work"


def preferred(case: Case, tier: Tier) -> Ruling:
    """The tier that the skill names for its step, else its preferred one, after project overrides."""
    skill, step = case.skill, case.step
    if skill is None:
        return tier, "no skill"
    if step is not None and case.step_tier is not None:
        return case.step_tier, f"{step} says {case.step_tier}{_whence(step)}"
    silent = f"{step} names no tier; " if step is not None else ""
    if skill.preferred is None:
        return tier, f"{silent}{skill.name} names no preferred tier"
    return skill.preferred, f"{silent}{skill.name} prefers {skill.preferred}"


def _whence(step: SkillStep) -> str:
    """Why the step says the tier: among which alternatives, and the author's reason."""
    among = f", of {' or '.join(each.name for each in step.tiers)}" if len(step.tiers) > 1 else ""
    return f"{among}: {step.reason}" if step.reason else among


def conditions(case: Case, tier: Tier) -> Ruling:
    """A hold beats a downgrade and never raises; of several downgrades the mildest counts."""
    skill, question = case.skill, case.question
    if skill is None or not (skill.conditions or skill.triggers):
        return tier, "no conditions"
    prompt = question.prompt.lower()
    held: list[tuple[Tier, str]] = []
    lowered: list[tuple[Tier, str]] = []
    for condition in skill.conditions:
        why = lexical.holds(condition, prompt, question.files, question.matched_conditions)
        if why and condition.hold_at is not None:
            held.append((condition.hold_at, why))
        elif why and condition.downgrade_to is not None:
            lowered.append((condition.downgrade_to, why))
    if held:
        to, why = max(held)
        return tier, f"held at {to}: {why}"
    if lowered:
        to, why = max(lowered)
        return min(tier, to), f"downgrade to {to}: {why}"
    return _triggers(skill, prompt, tier)


def _triggers(skill: Skill, prompt: str, tier: Tier) -> Ruling:
    """The coordinator's triggers, up or down, where no condition of the skill speaks; the highest counts."""
    matched = [(t.to, why) for t in skill.triggers if (why := lexical.matched_words(t.when, prompt))]
    if not matched:
        return tier, "none matched"
    to, why = max(matched)
    return to, f"the coordinator's trigger leads to {to}: {why}"


def fit(case: Case, tier: Tier) -> Ruling:
    """Lowers work without a declaration to what the classifier found enough; never raises."""
    hint = case.question.fit
    if hint is None:
        return tier, "dynamic routing is off or has no evidence"
    if case.skill is not None and case.skill.declared:
        return tier, "the skill says itself what it needs"
    if hint.tier >= tier:
        return tier, f"the task is not easier than {tier}: {hint.why}"
    return hint.tier, hint.why


def learned(case: Case, tier: Tier) -> Ruling:
    """What outcomes and ratings say, within [minimum, ceiling]."""
    hint = case.question.learned
    if hint is None:
        return tier, "nothing learned, or learning is off"
    target = _bounded(case, hint, tier)
    return target, hint.why if target == hint.tier else f"{hint.why}; bounded to {target}"


def _bounded(case: Case, hint: Hint, tier: Tier) -> Tier:
    """The hint within [minimum, ceiling], and never a premium rung that nobody named."""
    target = hint.tier if case.may_use(hint.tier) else max(tier, case.ladder.heavy)
    ceiling = ceiling_of(case)
    if ceiling is not None:
        target = min(target, ceiling[0])
    floor = case.skill.floor if case.skill else None
    return max(target, floor) if floor is not None and target < tier else target
