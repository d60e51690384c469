"""Estimates: what a run of a skill is likely to take, before it runs.

From the ranges that the author declared: tokens, and dollars at the price of each tier. Where only a total
is declared its split is not known, so the whole of it is priced once as input (low) and once as output
(high): a wide range is honest, a narrow one would be invented.

Source: rules.md section 10; seed A§2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.core.models import Candidates
from tierwise.core.prices import cost_nanousd
from tierwise.core.skills import EstimatedTokens, TokenRange
from tierwise.core.usage import Usage


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
    prices = ((tier, cards[0].price) for tier, cards in candidates.items() if cards)
    return Estimate(
        source="declared",
        tokens=TokenRange(low.total_tokens, high.total_tokens),
        by_tier_nanousd=tuple(
            (tier, _cost_range(cost_nanousd(low, price), cost_nanousd(high, price))) for tier, price in prices
        ),
    )


def _bounds(declared: EstimatedTokens) -> tuple[Usage, Usage] | None:
    """The cheapest and the dearest run that the declaration allows.

    A declared total covers every tool round trip; input and output alone describe a single call.
    """
    total, input_, output = declared.total_estimate, declared.input, declared.output
    if total is not None and output is not None:
        return (
            Usage(max(total.low - output.low, 0), min(output.low, total.low)),
            Usage(max(total.high - output.high, 0), min(output.high, total.high)),
        )
    if total is not None:
        return Usage(input_tokens=total.low), Usage(output_tokens=total.high)
    if input_ is None and output is None:
        return None
    nothing = TokenRange(0, 0)
    sent, answered = input_ or nothing, output or nothing
    return Usage(sent.low, answered.low), Usage(sent.high, answered.high)


def _cost_range(low: int | None, high: int | None) -> TokenRange | None:
    if low is None or high is None:
        return None
    return TokenRange(min(low, high), max(low, high))
