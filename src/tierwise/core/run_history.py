"""Run history: what a skill's past runs took, as a median and a nearly-worst.

    calls of one (session, agent, turn)  ──►  a run  ──►  p50 and p90 over the newest runs, figure by figure

A call that consumed nothing is no part of a run, and a run whose last call was cut off did not show what
the work takes. Costs are the same tokens at today's price of each tier, call by call, because a long prompt
has its own rate. Percentiles are by nearest rank: values that occurred, so exact integers, and p90 is never
below p50.

Source: rules.md section 10 ("else from the skill's own history"); seed A§2.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tierwise.core.ledger import Execution, weighted_tokens
from tierwise.core.models import Candidates
from tierwise.core.prices import Price, cost_nanousd
from tierwise.core.usage import Usage

RUNS_NEEDED: Final = 5
"""Fewer runs than this are anecdotes."""

RUNS_KEPT: Final = 50
"""The newest so many: a skill changes."""

Run = tuple[Usage, ...]
"""What each call of one run consumed."""


@dataclass(frozen=True, slots=True)
class Percentile:
    """A rank among runs, of each figure by itself: so the classes need not add up to `tokens`.

    `weighted_tokens` are as a budget of tokens counts them; costs are nano-dollars by tier, None where a
    price is missing.
    """

    usage: Usage
    tokens: int
    weighted_tokens: int
    calls: int
    by_tier_nanousd: tuple[tuple[str, int | None], ...]


def runs_of(executions: Iterable[Execution]) -> list[Run]:
    """What the finished runs in these calls consumed, the newest `RUNS_KEPT`, oldest first.

    The calls must be one skill's, in the order of their time.
    """
    return [tuple(call.usage for call in calls) for calls in finished_runs(executions)]


def finished_runs(executions: Iterable[Execution]) -> list[list[Execution]]:
    """The calls of each finished run, the newest `RUNS_KEPT` runs, oldest first.

    A call that names neither turn nor agent is a run by itself.
    """
    grouped: dict[tuple[str, ...], list[Execution]] = {}
    for execution in executions:
        if execution.usage == Usage():
            continue
        named = execution.turn or execution.agent
        key = (execution.session, execution.agent, execution.turn) if named else (execution.id,)
        grouped.setdefault(key, []).append(execution)
    return [calls for calls in grouped.values() if calls[-1].outcome == "ok"][-RUNS_KEPT:]


def ended_at(executions: Iterable[Execution]) -> dict[str, int]:
    """How many of the finished runs had their last call served at which tier; "unknown" for one without.

    Where they ran, and nothing of whether they had to.
    """
    return dict(Counter(calls[-1].served_tier or "unknown" for calls in finished_runs(executions)))


def percentile(runs: Sequence[Run], percent: int, candidates: Candidates) -> Percentile:
    """The figures that `percent` of the runs stay within, priced at each tier's first model; needs a run."""
    totals = [_total(run) for run in runs]
    return Percentile(
        usage=Usage(
            *(nearest_rank([getattr(total, name) for total in totals], percent) for name in Usage.__slots__)
        ),
        tokens=nearest_rank([total.total_tokens for total in totals], percent),
        weighted_tokens=nearest_rank([sum(map(weighted_tokens, run)) for run in runs], percent),
        calls=nearest_rank([len(run) for run in runs], percent),
        by_tier_nanousd=tuple(
            (tier, _cost_rank(runs, percent, cards[0].price)) for tier, cards in candidates.items() if cards
        ),
    )


def nearest_rank(values: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` (1-100) of the values do not exceed; needs a value."""
    assert values, "a rank needs values"
    assert 1 <= percent <= 100, "a rank is a percentage"
    return sorted(values)[-(-percent * len(values) // 100) - 1]


def _cost_rank(runs: Sequence[Run], percent: int, price: Price | None) -> int | None:
    costs = [[cost_nanousd(usage, price) for usage in run] for run in runs]
    known = [sum(cost for cost in run if cost is not None) for run in costs if None not in run]
    return nearest_rank(known, percent) if len(known) == len(runs) else None


def _total(run: Run) -> Usage:
    total = Usage()
    for usage in run:
        total = total.plus(usage)
    return total
