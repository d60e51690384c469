"""A case: one question on its way through the rules, with what they have to remember for each other.

The question never changes. What a rule finds out beside the tier (an offer, a warning, the zone) is noted
here, and the tier after each rule is kept, so that a later rule can look back at what an earlier one did.

Source: rules.md section 3.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Final

from tierwise.core.models import ModelCard
from tierwise.core.questions import Answer, Offer, Question, Refusal
from tierwise.core.skills import Role, Skill, SkillStep
from tierwise.core.tiers import Ladder, Tier
from tierwise.core.zones import Gauge, Zone, strictest, zone_of

LONGEST_STEP: Final = 80
"""Characters of an unknown step's name that are repeated."""

Ruling = tuple[Tier, str]
"""What a rule returns: the tier that should stand, and why, in words for a person."""


@dataclass(slots=True)
class Case:
    """The question, what was found out so far, and the tier after each rule that has spoken.

    `skill` is as it stands at `step`, which names `step_tier`; both None where no known step is asked for.
    """

    question: Question
    ladder: Ladder
    skill: Skill | None
    step: SkillStep | None = None
    step_tier: Tier | None = None
    effort: str | None = None
    zone: Zone = Zone.GREEN
    binding: Gauge | None = None
    offer: Offer | None = None
    refusal: Refusal | None = None
    warnings: list[str] = field(default_factory=list)
    accepted_below_minimum: bool = False
    answered: list[str] = field(default_factory=list)
    after: dict[str, Tier | None] = field(default_factory=dict)
    _zones: dict[int, tuple[Zone, Gauge | None]] = field(default_factory=dict)
    _models: dict[int, tuple[ModelCard, ...]] = field(default_factory=dict)

    def may_use(self, tier: Tier) -> bool:
        """Whether routing may pick the tier unasked: premium rungs must be named by somebody."""
        if tier.name not in self.ladder.premium:
            return True
        named = {self.question.asked, self.question.settings.platform_default, *_wishes(self.question)}
        if self.skill is not None:
            named |= {self.skill.preferred, self.skill.minimum, *self.skill.acceptable}
        return tier in named

    def gauges_at(self, tier: Tier) -> list[Gauge]:
        """The budgets that govern a call at this tier."""
        return [gauge for gauge in self.question.gauges if self._governs(gauge, tier)]

    def zone_at(self, tier: Tier) -> tuple[Zone, Gauge | None]:
        """The strictest zone at this tier, and the budget that sets it."""
        known = self._zones.get(tier.rank)
        if known is None:
            settings = self.question.settings
            known = strictest(self.gauges_at(tier), settings.thresholds, settings.zone_by)
            self._zones[tier.rank] = known
        return known

    def zone_everywhere(self) -> tuple[Zone, Gauge | None]:
        """The strictest zone among the budgets that govern a call whatever its tier."""
        settings = self.question.settings
        return strictest(self._tierless_gauges(), settings.thresholds, settings.zone_by)

    def zone_of(self, gauge: Gauge) -> Zone:
        """The zone of one budget under the settings of this question."""
        settings = self.question.settings
        return zone_of(gauge, settings.thresholds, settings.zone_by)

    def spent_up_at(self, tier: Tier) -> Gauge | None:
        """A hard budget that is exhausted for calls at this tier; None if there is none."""
        if self.zone_at(tier)[0] is not Zone.EXHAUSTED:
            return None
        full = (g for g in self.gauges_at(tier) if g.hard and self.zone_of(g) is Zone.EXHAUSTED)
        return next(full, None)

    def spent_up_everywhere(self) -> Gauge | None:
        """A hard budget that is exhausted for every call, whatever its tier; None if there is none."""
        full = (g for g in self._tierless_gauges() if g.hard and self.zone_of(g) is Zone.EXHAUSTED)
        return next(full, None)

    def models_at(self, tier: Tier) -> tuple[ModelCard, ...]:
        """The models that can serve the tier now: this platform's first, then other providers'."""
        known = self._models.get(tier.rank)
        if known is None:
            here = () if tier.name in self.question.unavailable else self._listed_at(tier)
            known = here + self._reachable(self.question.elsewhere.get(tier.name, ()))
            self._models[tier.rank] = known
        return known

    def reachable(self, tier: Tier) -> bool:
        """Whether anything can serve the tier. Where no model is known at all, nothing speaks against it."""
        question = self.question
        if not question.candidates and not question.elsewhere and question.asked_card is None:
            return tier.name not in question.unavailable
        return bool(self.models_at(tier))

    def fitting_model(self, tier: Tier) -> ModelCard | None:
        """The first model of the tier whose window holds the prompt and its answer; None if none does."""
        needed = self.question.context_tokens + self.question.output_tokens
        models = self.models_at(tier)
        return next((m for m in models if m.window_tokens is None or m.window_tokens >= needed), None)

    def make_offer(self, kind: str, text: str, options: tuple[str, ...], tier: Tier | None = None) -> None:
        """Note a question for the user, if there is one to ask; the first stands, it has the best reason."""
        if self.offer is None and self.question.interactive:
            self.offer = Offer(self._offer_id(kind, tier), kind, text, options, tier)

    def answer_to(self, kind: str, tier: Tier | None = None) -> Answer | None:
        """What the user answered to the offer that would be made now; None if it is to be made."""
        id = self._offer_id(kind, tier)
        answer = self.question.answers.get(id, self.question.answer)
        if answer is not None:
            self.answered.append(id)
        return answer

    def _offer_id(self, kind: str, tier: Tier | None) -> str:
        """The same for the same question about the same skill and budget."""
        subject = self.skill.name if self.skill else ""
        budget = self.binding.name if self.binding else ""
        about = "\0".join((kind, subject, budget, tier.name if tier else ""))
        return hashlib.sha256(about.encode()).hexdigest()[:12]

    def _listed_at(self, tier: Tier) -> tuple[ModelCard, ...]:
        """This platform's models of the tier; the one that the client asked for comes first."""
        asked = self.question.asked_card
        cards = self.question.candidates.get(tier.name, ())
        if asked is not None and self.question.asked == tier and (not cards or cards[0].id != asked.id):
            cards = (asked, *(card for card in cards if card.id != asked.id))
        return self._reachable(cards)

    def _reachable(self, cards: tuple[ModelCard, ...]) -> tuple[ModelCard, ...]:
        unavailable = self.question.unavailable
        if not unavailable:
            return cards
        return tuple(c for c in cards if c.id not in unavailable and c.platform not in unavailable)

    def _tierless_gauges(self) -> list[Gauge]:
        lowest = self.ladder.lowest
        return [g for g in self.gauges_at(lowest) if g.scope.kind not in ("tier", "model")]

    def _governs(self, gauge: Gauge, tier: Tier) -> bool:
        kind, value = gauge.scope.kind, gauge.scope.value
        if kind == "tier":
            return self.ladder.get(value) == tier
        if kind == "model":
            models = self.models_at(tier)
            return bool(models) and models[0].id == value
        if kind == "skill":
            return self.skill is not None and self.skill.name == value
        return True


def case_of(question: Question) -> Case:
    """The case as it stands before the first rule: the skill at its step, its silent fields filled in."""
    step, step_tier, warnings = _step_of(question)
    skill = question.skill
    skill = _filled(question, skill.at(step) if skill and step else skill)
    return Case(
        question,
        question.settings.ladder,
        skill,
        step=step,
        step_tier=step_tier,
        effort=skill.effort if skill else None,
        warnings=warnings,
    )


def _step_of(question: Question) -> tuple[SkillStep | None, Tier | None, list[str]]:
    """The step that the question is at, the tier that it names, and what was wrong in asking for them."""
    at, skill = question.step, question.skill
    if at is None:
        return None, None, []
    step = skill.step(at.named) if skill else None
    if step is None:
        asked = f"step `{str(at.named)[:LONGEST_STEP]}`"
        whose = f"{skill.name} has no {asked}: its own tier stands" if skill else f"{asked} of no skill"
        return None, None, [whose]
    if at.tier is None or at.tier in step.tiers:
        return step, at.tier or max(step.tiers, default=None), []
    named = " or ".join(tier.name for tier in step.tiers) or "no tier"
    return step, max(step.tiers, default=None), [f"{step} names {named}, not {at.tier}"]


def default_for(question: Question, role: Role) -> Tier:
    """The tier of a role: what a user wrote, else the built-in default of A§1.2."""
    written = question.settings.user_defaults.get(role)
    if written is not None:
        return written
    ladder = question.settings.ladder
    return ladder.standard if role is Role.SPECIALIST else ladder.light


def _filled(question: Question, skill: Skill | None) -> Skill | None:
    """The skill; where it is declared without `preferred`, its role's default stands in for it."""
    if skill is None or not skill.declared or skill.preferred is not None:
        return skill
    tier = default_for(question, skill.role)
    acceptable = skill.acceptable or (tier,)
    return replace(skill, acceptable=acceptable, minimum=skill.minimum or min(acceptable[0], tier))


def _wishes(question: Question) -> tuple[Tier | None, ...]:
    user = question.user
    return user.skill_override, user.force, user.inline, user.pin
