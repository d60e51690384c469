"""Prices: which one held on a day, what a person's own price changes, and whether a `cost_ratio` is stale.

    list price            ──────────────┬──────────────────────┬──────────►  day
    own price from `since`              └── replaces, class by class, what it names ──►

What a person's file leaves out keeps its list price; what nobody knows is None and never 0.

Source: rules.md section 1; research/platform.md section 0 (the stale ratios).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from tierwise.core.models import ModelCard
from tierwise.core.prices import Price, Rates

RATIO_TOLERANCE: Final = Fraction(1, 5)
"""A declared `cost_ratio` may differ from the price table by this share before it is called stale."""

RATE_KEYS: Final = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
NO_RATES: Final = Rates()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value under `key` (a path of keys), and how to mend it; `rule` is its kind."""

    key: tuple[str, ...]
    problem: str
    remedy: str
    rule: str


@dataclass(frozen=True, slots=True)
class Override:
    """What a person's file says about one model. None: not said, so the list price or card stands.

    `base` and `long` hold the rates that were named; `long_prompt_tokens` comes with `long` or not at all.
    """

    base: Rates = NO_RATES
    long: Rates | None = None
    long_prompt_tokens: int | None = None
    since: str = ""
    source: str = ""
    tier: str | None = None
    platform: str | None = None
    window_tokens: int | None = None

    @property
    def has_rates(self) -> bool:
        """Whether it changes any price at all."""
        return self.base != NO_RATES or self.long is not None


def price_on(prices: tuple[Price, ...], day: str) -> Price | None:
    """The price that holds on `day` (ISO, UTC), from entries in order of `since`; None if none had begun.

    An empty day stands for the newest entry.
    """
    for price in reversed(prices):
        if not day or price.since <= day:
            return price
    return None


def merged(prices: tuple[Price, ...], override: Override) -> tuple[Price, ...]:
    """The entries with a person's own price laid over them from its `since` on."""
    if not override.has_rates:
        return prices
    before = tuple(price for price in prices if price.since < override.since)
    after = tuple(price for price in prices if price.since > override.since)
    begins = replace(price_on(prices, override.since or "0") or Price(NO_RATES), since=override.since)
    return (*before, *(_laid_over(price, override) for price in (begins, *after)))


def _laid_over(price: Price, override: Override) -> Price:
    """One entry with the rates that the override names, the others as they were."""
    base = _filled(override.base, price.base)
    long, above = price.long, price.long_prompt_tokens
    if override.long is not None:
        long, above = _filled(override.long, long or base), override.long_prompt_tokens
    return Price(base, price.since, override.source, above, long)


def _filled(rates: Rates, fallback: Rates) -> Rates:
    """`rates` with every class that it does not know taken from `fallback`."""
    known = {key: getattr(rates, key) for key in RATE_KEYS if getattr(rates, key) is not None}
    return replace(fallback, **known)


def ratio_problems(cost_ratios: Mapping[str, float], cards: Mapping[str, ModelCard]) -> tuple[Problem, ...]:
    """Every declared `cost_ratio` that differs from the price table by more than a fifth.

    `cards` holds the model of each tier, cheapest tier first. The real ratio of a tier is the mean of its
    input and output list price over that of the lowest tier that has both a ratio and a price.
    """
    real = {
        tier: rate
        for tier, card in cards.items()
        if (rate := both_rates(card.price)) and 0 < cost_ratios.get(tier, 0) < float("inf")
    }
    if not real:
        return ()
    lowest = next(iter(real))
    unit = Fraction(cost_ratios[lowest])
    problems = []
    for tier, rate in real.items():
        ratio = Fraction(rate, real[lowest])
        declared = Fraction(cost_ratios[tier]) / unit
        if abs(declared - ratio) > RATIO_TOLERANCE * ratio:
            problem = (
                f"`{cost_ratios[tier]:g}` makes {tier} {float(declared):g} times {lowest}; by list price it "
                f"is {float(ratio):.3g} times ({cards[tier].id} against {cards[lowest].id})"
            )
            remedy = "Correct or delete it: a ratio is only used where a price is unknown."
            problems.append(Problem(("tiers", tier, "cost_ratio"), problem, remedy, "stale-cost-ratio"))
    return tuple(problems)


def both_rates(price: Price | None) -> int | None:
    """Input plus output base rate, twice their mean: what prices are compared by. None if one is unknown."""
    if price is None or price.base.input is None or price.base.output is None:
        return None
    return price.base.input + price.base.output
