"""The cascade: the highest tier that each kind of work may use, by zone.

Read a row left to right: work that needs less thought steps down first. Read a column top to bottom: a
ceiling only ever falls as a budget fills, so spending can never raise a tier.

    zone        coordination   low        medium     high       floor
    green       any            any        any        any        -
    yellow      light          light      standard   any        the lowest acceptable
    red         light          minimum    minimum    minimum*   minimum
    exhausted   light          minimum    minimum    minimum    minimum

    * offered to the user first: see `on_red_high`.

A tier that is lowered into a hole of `acceptable` lands on the next acceptable rung below, but not below the
floor. The floor is never below the declared minimum, in yellow either.

Source: rules.md section 4; seed A§2.2, A§2.3.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from tierwise.core.skills import Demand, Role, Skill
from tierwise.core.tiers import Ladder, Tier
from tierwise.core.zones import Zone


class Work(StrEnum):
    """Kinds of work, by the thought that they need."""

    COORDINATION = "coordination"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


ANY: Final = "any"
MINIMUM: Final = "minimum"

CEILINGS: Final = {
    Zone.UNKNOWN: {Work.COORDINATION: ANY, Work.LOW: ANY, Work.MEDIUM: ANY, Work.HIGH: ANY},
    Zone.GREEN: {Work.COORDINATION: ANY, Work.LOW: ANY, Work.MEDIUM: ANY, Work.HIGH: ANY},
    Zone.YELLOW: {
        Work.COORDINATION: "light",
        Work.LOW: "light",
        Work.MEDIUM: "standard",
        Work.HIGH: ANY,
    },
    Zone.RED: {
        Work.COORDINATION: "light",
        Work.LOW: MINIMUM,
        Work.MEDIUM: MINIMUM,
        Work.HIGH: MINIMUM,
    },
    Zone.EXHAUSTED: {
        Work.COORDINATION: "light",
        Work.LOW: MINIMUM,
        Work.MEDIUM: MINIMUM,
        Work.HIGH: MINIMUM,
    },
}
"""Zone → work → the highest tier: `any`, an alias of the ladder, or the skill's own `minimum`."""

_BY_DEMAND: Final = {Demand.LOW: Work.LOW, Demand.MEDIUM: Work.MEDIUM, Demand.HIGH: Work.HIGH}


def work_of(skill: Skill, fit: Tier | None, ladder: Ladder) -> Work:
    """The kind of work that the skill is. Variable demand takes the classifier's answer, else high.

    `fit` is the tier that the classifier found enough; None where it has no evidence.
    """
    if skill.role is not Role.SPECIALIST:
        return Work.COORDINATION
    if skill.demand is not Demand.VARIABLE:
        return _BY_DEMAND[skill.demand]
    if fit is None:
        return Work.HIGH
    if fit <= ladder.light:
        return Work.LOW
    return Work.MEDIUM if fit <= ladder.standard else Work.HIGH


def allowed(tier: Tier, skill: Skill, work: Work, zone: Zone, ladder: Ladder) -> Tier:
    """Where `tier` lands in this zone: itself or lower, never below the zone's floor."""
    ceiling = CEILINGS[zone][work]
    if ceiling == ANY:
        return tier
    floor = _floor(skill, zone, tier)
    target = floor if ceiling == MINIMUM else max(ladder[ceiling], floor)
    return min(tier, landing(target, skill, floor))


def landing(target: Tier, skill: Skill, floor: Tier) -> Tier:
    """The highest acceptable rung from `target` down to `floor`; the floor itself if there is none."""
    fitting = [tier for tier in skill.acceptable if floor <= tier <= target]
    return max(fitting, default=floor)


def _floor(skill: Skill, zone: Zone, tier: Tier) -> Tier:
    """The lowest tier that the zone may lead to; a skill that names none is held where it is."""
    if zone is Zone.YELLOW:
        return skill.lowest_acceptable or tier
    return skill.minimum or tier
