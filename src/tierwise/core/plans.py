"""Plans: the steps of a skill, each as it would be decided now, and what they would cost.

    question ──► decide, once a step ──► tier and model a step ──► step costs ──► Plan

A step is decided like any call at it: under the budgets, bounds and wishes of the question. So a plan shows
what would run, and says where that is not what the author wrote. A skill without steps is one step.

Source: rules.md section 5; seed A§4.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tierwise.core.case import case_of
from tierwise.core.decide import decide
from tierwise.core.estimates import Estimate
from tierwise.core.questions import AtStep, Decision, Question
from tierwise.core.skills import SkillStep
from tierwise.core.step_costs import Difference, Money, Runner, StepCosts, costs_of, saved
from tierwise.core.tiers import Tier


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with its decision. `step` is None for a skill without steps; `said` is the tier it asks for."""

    step: SkillStep | None
    decision: Decision
    said: Tier | None = None

    @property
    def note(self) -> str:
        """Why it runs on another tier than the step says, or must not run at all; "" if it is as written."""
        decision = self.decision
        if decision.refusal is not None:
            return f"it would be refused: {decision.refusal.text}"
        if self.said is None or self.said == decision.tier:
            return ""
        runs = decision.tier or "the model that is asked for"
        return f"it says {self.said}, and would run on {runs}: {decision.reason}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a skill with their costs, and `own`: how the skill is decided without a step."""

    steps: tuple[PlannedStep, ...]
    own: Decision
    costs: StepCosts
    estimate: Estimate | None

    @property
    def own_cost(self) -> Money | None:
        """The whole run at the skill's own tier."""
        return dict(self.costs.direct).get(self.own.tier.name) if self.own.tier else None

    @property
    def apart_saves(self) -> Difference | None:
        """What the steps save of that, each in a context of its own."""
        return saved(self.costs.apart, self.own_cost)

    @property
    def together_saves(self) -> Difference | None:
        """What the steps save of that in one conversation; negative where following them costs more."""
        return saved(self.costs.together, self.own_cost)


def plan_of(question: Question, estimate: Estimate | None) -> Plan:
    """The plan of the question's skill; what a run of it takes is `estimate`. Never raises."""
    own = decide(replace(question, step=None))
    steps = question.skill.steps if question.skill is not None else ()
    planned = tuple(_planned(question, step) for step in steps) or (PlannedStep(None, own),)
    runners = [_runner(step.decision) for step in planned]
    return Plan(planned, own, costs_of(runners, estimate), estimate)


def verdict_of(plan: Plan) -> str:
    """Whether following the steps pays against staying on the skill's own tier, in a sentence or two."""
    own, apart, together = plan.own.tier, plan.apart_saves, plan.together_saves
    if plan.costs.changes == 0:
        return "All of it runs on one model: there is nothing to switch."
    if own is None or apart is None or together is None:
        return "Whether the steps pay is not known: an estimate or a price is missing."
    first = f"Each in a context of its own, the steps {_compared(apart)} staying on {own}."
    if min(together) >= 0:
        return f"{first} In one conversation they {_compared(together)} it."
    advice = "Run them apart" if min(apart) > 0 else f"Stay on {own}"
    second = f"Followed in one conversation they {_compared(together)} staying on {own}: {changes_of(plan)}"
    return f"{first} {second}, and each writes what was said so far into another cache. {advice}."


def changes_of(plan: Plan) -> str:
    """`2 changes of model`."""
    count = plan.costs.changes
    return f"{count} change{'' if count == 1 else 's'} of model"


def _compared(saves: Difference) -> str:
    if min(saves) > 0:
        return "cost less than"
    if max(saves) < 0:
        return "cost more than"
    return "cost as much as" if saves == (0, 0) else "may cost more than"


def _planned(question: Question, step: SkillStep) -> PlannedStep:
    at_step = replace(question, step=AtStep(step.number))
    return PlannedStep(step, decide(at_step), case_of(at_step).step_tier)


def _runner(decision: Decision) -> Runner:
    tier = decision.tier.name if decision.tier is not None else ""
    card = decision.model
    return Runner(tier, card.id if card is not None else "", card.price if card is not None else None)
