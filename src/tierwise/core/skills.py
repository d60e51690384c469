"""Skills: what a SKILL.md says about the thinking that it needs.

One block, wherever it was written. `Routing` is that block as it was read, silent fields None; `Skill` is
the skill as the rules see it, with the defaults of rules.md section 2 filled in:

    acceptable = [preferred]     minimum = the lowest of acceptable     demand = variable
    allow_upgrade = allow_downgrade = true

A skill with no block at all is *undeclared* (`declared` is False): it runs on what the client asked for.
The steps of its procedure may name tiers of their own; `Skill.at` is the skill as it stands at one of them.

Source: rules.md sections 2 and 5; seed A§1.1, A§4.2, A§7.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tierwise.core.tiers import Tier


class Role(StrEnum):
    """What kind of work a request is."""

    COORDINATOR = "coordinator"
    SPECIALIST = "specialist"
    REFERENCE_LOADING = "reference_loading"
    AUXILIARY = "auxiliary"
    HOOK = "hook"


class Demand(StrEnum):
    """How much reasoning the author expects the work to need."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VARIABLE = "variable"


EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Condition:
    """A case that changes the tier: free text, with exactly one of the two tiers set.

    `when` is never executed. `match` holds plain words and globs of touched files; if it is empty the
    text itself is matched by its words.
    """

    when: str
    downgrade_to: Tier | None = None
    hold_at: Tier | None = None
    match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """A coordinator's upgrade trigger for one of its skills: text → tier, up or down."""

    when: str
    to: Tier


@dataclass(frozen=True, slots=True)
class SkillStep:
    """One numbered step of a skill's procedure (A§4.2), with the tiers that its author names for it.

    `tiers` are alternatives, as written; () where the step names none. `line` is 1-based in the skill's file,
    0 for a step that comes from none.
    """

    number: int
    title: str = ""
    tiers: tuple[Tier, ...] = ()
    reason: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"step {self.number} ({self.title})" if self.title else f"step {self.number}"


@dataclass(frozen=True, slots=True)
class TokenRange:
    """A declared range of tokens, `low` ≤ `high`, both at least 0."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class EstimatedTokens:
    """What a typical run needs, as the author declared it (A§2.4)."""

    input: TokenRange | None = None
    output: TokenRange | None = None
    tool_calls: TokenRange | None = None
    total_estimate: TokenRange | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """The `model` block as written: None where it is silent."""

    preferred: Tier | None = None
    acceptable: tuple[Tier, ...] | None = None
    minimum: Tier | None = None
    allow_upgrade: bool | None = None
    allow_downgrade: bool | None = None
    reasoning_demand: Demand | None = None
    conditions: tuple[Condition, ...] | None = None
    estimated_tokens: EstimatedTokens | None = None
    effort: str | None = None
    effort_first: bool | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill as the rules see it. `acceptable` is ordered cheapest first and holds `preferred`, if any.

    `minimum_declared` is False for a minimum that only follows from `acceptable`. `verified_floor` is the
    eval-verified minimum (rules.md section 8). `adaptations` maps (from, to) tier names to the skill's own
    compensating instructions. `steps` are those of its procedure.
    """

    name: str
    role: Role = Role.SPECIALIST
    declared: bool = False
    preferred: Tier | None = None
    acceptable: tuple[Tier, ...] = ()
    minimum: Tier | None = None
    minimum_declared: bool = False
    allow_upgrade: bool = True
    allow_downgrade: bool = True
    demand: Demand = Demand.VARIABLE
    conditions: tuple[Condition, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    estimated_tokens: EstimatedTokens | None = None
    effort: str | None = None
    effort_first: bool = False
    verified_floor: Tier | None = None
    adaptations: tuple[tuple[tuple[str, str], str], ...] = ()
    steps: tuple[SkillStep, ...] = ()

    def step(self, named: int | str) -> SkillStep | None:
        """The step of that number ("2", "step 2"), or of that title in any case; None if there is none."""
        word = str(named).strip()
        number = re.fullmatch(r"(?:step\s+)?([0-9]{1,9})", word, re.IGNORECASE)
        if number is not None:
            return next((step for step in self.steps if step.number == int(number[1])), None)
        return next((step for step in self.steps if word and _folded(step.title) == _folded(word)), None)

    def at(self, step: SkillStep) -> Skill:
        """This skill while it is at the step: what the step names is declared, and acceptable there.

        A declared minimum stands; one that only follows from `acceptable` follows the step's tiers too.
        """
        if not step.tiers:
            return self
        acceptable = tuple(sorted({*self.acceptable, *step.tiers}))
        minimum = self.minimum if self.minimum_declared else acceptable[0]
        return replace(self, declared=True, acceptable=acceptable, minimum=minimum)

    @property
    def floor(self) -> Tier | None:
        """The higher of the declared minimum and the eval-verified floor; None if neither is known."""
        floors = [tier for tier in (self.minimum, self.verified_floor) if tier is not None]
        return max(floors, default=None)

    @property
    def lowest_acceptable(self) -> Tier | None:
        """The cheapest acceptable tier that is not below the minimum; None if nothing is acceptable."""
        if not self.acceptable:
            return self.minimum
        lowest = self.acceptable[0]
        return max(lowest, self.minimum) if self.minimum is not None else lowest


def skill_of(
    name: str,
    routing: Routing | None,
    *,
    role: Role | None = None,
    triggers: tuple[Trigger, ...] = (),
    adaptations: tuple[tuple[tuple[str, str], str], ...] = (),
    steps: tuple[SkillStep, ...] = (),
) -> Skill:
    """The skill that this block describes, defaults filled in; undeclared if `routing` is None.

    `role` is what the reader found out about the skill (a routing table, its name); the block's own
    `role` wins. A `preferred` that is missing from `acceptable` is added to it: check reports it, and
    the author's wish still counts.
    """
    if routing is None:
        return Skill(
            name, role=role or Role.SPECIALIST, triggers=triggers, adaptations=adaptations, steps=steps
        )
    acceptable = set(routing.acceptable or ())
    if routing.preferred is not None:
        acceptable.add(routing.preferred)
    ordered = tuple(sorted(acceptable))
    return Skill(
        name,
        role=routing.role or role or Role.SPECIALIST,
        declared=True,
        preferred=routing.preferred,
        acceptable=ordered,
        minimum=routing.minimum or (ordered[0] if ordered else None),
        minimum_declared=routing.minimum is not None,
        allow_upgrade=routing.allow_upgrade is not False,
        allow_downgrade=routing.allow_downgrade is not False,
        demand=routing.reasoning_demand or Demand.VARIABLE,
        conditions=routing.conditions or (),
        triggers=triggers,
        estimated_tokens=routing.estimated_tokens,
        effort=routing.effort,
        effort_first=bool(routing.effort_first),
        adaptations=adaptations,
        steps=steps,
    )


def _folded(title: str) -> str:
    return " ".join(title.split()).rstrip(".:").casefold()
