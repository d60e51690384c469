"""Estimates: what a run of a skill is likely to take, before it runs, against what remains.

From the ranges that the author declared, else from the skill's own past runs (p50 to p90): tokens, and
dollars at the price of each tier. Where only a total is declared its split is not known, so the whole of it
is priced once as input (low) and once as output (high): a wide range is honest, a narrow one would be
invented.

Source: rules.md section 10; seed A§2.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tierwise.core.ledger import Execution, weighted_tokens
from tierwise.core.models import Candidates
from tierwise.core.prices import NANO_PER_USD, PICO_PER_NANO, Price
from tierwise.core.run_history import RUNS_NEEDED, Percentile, percentile, runs_of
from tierwise.core.skills import EstimatedTokens, TokenRange
from tierwise.core.usage import Usage
from tierwise.core.zones import Gauge, Scope


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of one budget, in its unit (`usd` in dollars); None where it has no known limit."""

    budget: str
    scope: Scope
    unit: str
    limit: float | None
    left: float | None
    resets: str = ""

    def governs(self, tier: str) -> bool:
        """Whether the budget surely counts what runs at this tier; of a budget for one model nobody knows."""
        return self.scope.kind != "model" and (self.scope.kind != "tier" or self.scope.value == tier)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens of a typical run, and nano-dollars from low to high by tier; None where a price is missing.

    `source` is `declared` or `history`. A history's ranges reach from its p50 to its p90, both given in full,
    and rest on `runs` runs. `weighted_tokens` are as a budget of tokens counts them, `calls` as one of
    messages does; None where a declaration does not tell. `remaining` is what the estimate stands against.
    """

    source: str
    tokens: TokenRange
    by_tier_nanousd: tuple[tuple[str, TokenRange | None], ...]
    weighted_tokens: TokenRange | None = None
    calls: TokenRange | None = None
    p50: Percentile | None = None
    p90: Percentile | None = None
    runs: int = 0
    remaining: tuple[Remaining, ...] = ()


def estimate_for(
    declared: EstimatedTokens | None,
    history: Estimate | None,
    candidates: Candidates,
    gauges: Iterable[Gauge] = (),
) -> Estimate | None:
    """The estimate from the declaration, else from history, against these budgets; None without either."""
    estimate = estimate_of(declared, candidates) or history
    return replace(estimate, remaining=remaining_of(gauges)) if estimate is not None else None


def estimate_of(declared: EstimatedTokens | None, candidates: Candidates) -> Estimate | None:
    """The estimate from declared ranges, priced at each tier's first model; None without a declaration."""
    if declared is None:
        return None
    bounds = bounds_of(declared)
    if bounds is None:
        return None
    low, high = bounds
    return Estimate(
        source="declared",
        tokens=TokenRange(sum(low), sum(high)),
        by_tier_nanousd=tuple(
            [(tier, _cost_range(low, high, cards[0].price)) for tier, cards in candidates.items() if cards]
        ),
        weighted_tokens=TokenRange(*sorted(weighted_tokens(Usage(*run)) for run in bounds)),
    )


def history_estimate(executions: Iterable[Execution], candidates: Candidates) -> Estimate | None:
    """The estimate from a skill's own calls, in the order of their time, repriced at each tier's first model.

    None of fewer than `RUNS_NEEDED` finished runs.
    """
    runs = runs_of(executions)
    if len(runs) < RUNS_NEEDED:
        return None
    p50, p90 = percentile(runs, 50, candidates), percentile(runs, 90, candidates)
    return Estimate(
        source="history",
        tokens=TokenRange(p50.tokens, p90.tokens),
        by_tier_nanousd=tuple(
            (tier, None if low is None or high is None else TokenRange(low, high))
            for (tier, low), (_, high) in zip(p50.by_tier_nanousd, p90.by_tier_nanousd, strict=True)
        ),
        weighted_tokens=TokenRange(p50.weighted_tokens, p90.weighted_tokens),
        calls=TokenRange(p50.calls, p90.calls),
        p50=p50,
        p90=p90,
        runs=len(runs),
    )


def remaining_of(gauges: Iterable[Gauge]) -> tuple[Remaining, ...]:
    """What is left of each budget, never below 0."""
    return tuple(
        Remaining(
            budget=gauge.name,
            scope=gauge.scope,
            unit=gauge.unit,
            limit=gauge.limit,
            left=None if gauge.limit is None else max(gauge.limit - gauge.spent, 0.0),
            resets=gauge.resets,
        )
        for gauge in gauges
    )


def runs_left(estimate: Estimate, tier: str, remaining: Remaining) -> tuple[int, int | None] | None:
    """How many more runs at the tier this budget surely and possibly pays for; None if that is not known.

    The second is None where the low end of the estimate is 0: there is no most.
    """
    need = _need(estimate, tier, remaining.unit)
    if need is None or remaining.left is None or need.high <= 0:
        return None
    left = int(remaining.left * NANO_PER_USD) if remaining.unit == "usd" else int(remaining.left)
    return left // need.high, left // need.low if need.low > 0 else None


def _need(estimate: Estimate, tier: str, unit: str) -> TokenRange | None:
    """What a run takes of a budget in that unit; None for a quota in percent: only its platform knows."""
    if unit == "usd":
        return dict(estimate.by_tier_nanousd).get(tier)
    return {"tokens": estimate.weighted_tokens, "messages": estimate.calls}.get(unit)


Run = tuple[int, int]
"""Input and output tokens of one run."""


def bounds_of(declared: EstimatedTokens) -> tuple[Run, Run] | None:
    """The cheapest and the dearest run that the declaration allows; None if it tells no size.

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
