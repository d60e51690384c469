"""Estimates: what a run of a skill is likely to take, before it runs.

From the ranges that the author declared: tokens, and dollars at the price of each tier. Where only a total
is declared its split is not known, so the whole of it is priced once as input (low) and once as output
(high): a wide range is honest, a narrow one would be invented.

Source: rules.md section 10; seed A§2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.core.models import Candidates
from tierwise.core.prices import PICO_PER_NANO, Price
from tierwise.core.skills import EstimatedTokens, TokenRange


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens of a typical run, and nano-dollars from low to high by tier; None where a price is missing."""

    source: str
    tokens: TokenRange
    by_tier_nanousd: tuple[tuple[str, TokenRange | None], ...]


def estimate_of(declared: EstimatedTokens | None, candidates: Candidates) -> Estimate | None:
    """The estimate from declared ranges, priced at each tier's first model; None without a declaration."""
    if declared is None:
        return None
    bounds = _bounds(declared)
    if bounds is None:
        return None
    low, high = bounds
    return Estimate(
        source="declared",
        tokens=TokenRange(sum(low), sum(high)),
        by_tier_nanousd=tuple(
            [(tier, _cost_range(low, high, cards[0].price)) for tier, cards in candidates.items() if cards]
        ),
    )


Run = tuple[int, int]
"""Input and output tokens of one run."""


def _bounds(declared: EstimatedTokens) -> tuple[Run, Run] | None:
    """The cheapest and the dearest run that the declaration allows.

    A declared total covers every tool round trip; input and output alone describe a single call.
    """
    total, input_, output = declared.total_estimate, declared.input, declared.output
    if total is not None and output is not None:
        return _split(total.low, output.low), _split(total.high, output.high)
    if total is not None:
        return (total.low, 0), (0, total.high)
    if input_ is None and output is None:
        return None
    nothing = TokenRange(0, 0)
    sent, answered = input_ or nothing, output or nothing
    return (sent.low, answered.low), (sent.high, answered.high)


def _split(total: int, output: int) -> Run:
    return max(total - output, 0), min(output, total)


def _cost_range(low: Run, high: Run, price: Price | None) -> TokenRange | None:
    if price is None:
        return None
    costs = [_cost(run, price) for run in (low, high)]
    known = [cost for cost in costs if cost is not None]
    return TokenRange(min(known), max(known)) if len(known) == len(costs) else None


def _cost(run: Run, price: Price) -> int | None:
    """Nano-dollars of uncached input and output; None if a rate is not known."""
    sent, answered = run
    rates = price.rates(sent)
    if rates.input is None or rates.output is None:
        return None
    return -(-(sent * rates.input + answered * rates.output) // PICO_PER_NANO)
