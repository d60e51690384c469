"""Step costs: what it costs to follow a skill's steps, each on a tier of its own, against one tier for all.

How a run's tokens fall on its steps is not known, so they are split evenly. With direct(t), the estimate of a
whole run at tier t, and n steps:

    apart     =  Σ direct(tierₖ) / n                    each step in a context of its own
    together  =  apart + Σ Cₖ · (writeₖ - readₖ)        all in one conversation, at every change of model

Cₖ is what was said before step k. A model that goes on reads it from its cache, and what that costs is in
direct(t); one that takes over has to write all of it anew. So a plan of one tier costs what the run does.

Source: rules.md section 6; seed A§4.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tierwise.core.estimates import Estimate
from tierwise.core.prices import Price
from tierwise.core.questions import CacheFacts
from tierwise.core.skills import TokenRange
from tierwise.core.switching import stay_nanousd, switch_nanousd

Money = TokenRange
"""Nano-dollars, at the short and at the long end of an estimated run."""


NOTHING: Final = Money(0, 0)


class Runner(NamedTuple):
    """Who runs a step: a tier, the model that serves it ("" if none is known), and the model's price."""

    tier: str
    model: str
    price: Price | None = None


class Difference(NamedTuple):
    """Nano-dollars saved at the short and at the long end of a run; negative where it costs more."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class StepCost:
    """One step: in a context of its own, and what the change to its model adds in one conversation.

    `switches` says whether its model differs from that of the step before. None is not known, never free.
    """

    apart: Money | None
    switches: bool = False
    change: Money | None = NOTHING

    @property
    def together(self) -> Money | None:
        """The step in one conversation with those before it."""
        return total((self.apart, self.change))


@dataclass(frozen=True, slots=True)
class StepCosts:
    """The steps in order, and `direct`: the whole run on one tier, for every tier with a model."""

    steps: tuple[StepCost, ...]
    direct: tuple[tuple[str, Money | None], ...]

    @property
    def apart(self) -> Money | None:
        """All steps, each in a context of its own; None if one is not known."""
        return total(step.apart for step in self.steps)

    @property
    def together(self) -> Money | None:
        """All steps in one conversation; None if one is not known."""
        return total(step.together for step in self.steps)

    @property
    def changes(self) -> int:
        """How often the model changes from one step to the next."""
        return sum(step.switches for step in self.steps)


def costs_of(runners: Sequence[Runner], estimate: Estimate | None) -> StepCosts:
    """What these runners cost, one a step; all of it unknown without an estimate. Needs a runner."""
    assert runners, "a plan has a step"
    direct = dict(estimate.by_tier_nanousd) if estimate is not None else {}
    said = _said_in(estimate)
    steps = []
    for at, runner in enumerate(runners):
        switches = at > 0 and _switches(runners[at - 1], runner)
        steps.append(
            StepCost(
                apart=_share(direct.get(runner.tier), len(runners), at),
                switches=switches,
                change=_change(_before(said, len(runners), at), runner.price) if switches else NOTHING,
            )
        )
    return StepCosts(tuple(steps), tuple(direct.items()))


def _switches(before: Runner, after: Runner) -> bool:
    """Whether the model changes; two tiers may be served by the same one."""
    return (before.model or before.tier) != (after.model or after.tier)


def saved(cost: Money | None, against: Money | None) -> Difference | None:
    """What `cost` saves of `against`, end by end; None if one is not known."""
    if cost is None or against is None:
        return None
    return Difference(against.low - cost.low, against.high - cost.high)


def total(parts: Iterable[Money | None]) -> Money | None:
    """The sum; None as soon as a part is not known."""
    low = high = 0
    for part in parts:
        if part is None:
            return None
        low, high = low + part.low, high + part.high
    return Money(low, high)


def _share(whole: Money | None, parts: int, at: int) -> Money | None:
    """Part `at` of an even split that loses nothing: the first parts take what does not divide."""
    if whole is None:
        return None
    return Money((whole.low + parts - 1 - at) // parts, (whole.high + parts - 1 - at) // parts)


def _said_in(estimate: Estimate | None) -> TokenRange | None:
    """What a run adds to its conversation: all that it sends and answers, but not what it reads again."""
    if estimate is None:
        return None
    if estimate.p50 is None or estimate.p90 is None:
        return estimate.tokens
    used = (estimate.p50.usage, estimate.p90.usage)
    low, high = (usage.total_tokens - usage.cache_read_tokens for usage in used)
    return TokenRange(low, high)


def _before(said: TokenRange | None, parts: int, at: int) -> TokenRange | None:
    return None if said is None else TokenRange(said.low * at // parts, said.high * at // parts)


def _change(context: TokenRange | None, price: Price | None) -> Money | None:
    """What writing the context anew costs more than reading it; None if that is not known."""
    if context is None or price is None:
        return None
    ends = [_rewritten(tokens, price) for tokens in (context.low, context.high)]
    known = [end for end in ends if end is not None]
    return Money(min(known), max(known)) if len(known) == len(ends) else None


def _rewritten(tokens: int, price: Price) -> int | None:
    cache = CacheFacts(warm_tokens=tokens, calls_left=1)
    stay, switch = stay_nanousd(cache, price), switch_nanousd(cache, price)
    return None if stay is None or switch is None else max(switch - stay, 0)
