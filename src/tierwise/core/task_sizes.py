"""Task sizes: what one task of a skill takes, small and large, as a whole run and as a single call.

    declared ranges   a run of the low figures, one of the high     a call: `input` and `output` as declared
    own history       every finished run as it was                  a call: the first one of each run

A cost is then a rank among the runs, at any price: the small end is the median, the large one stays above
nine in ten. Of two declared runs that is the cheaper and the dearer.

Source: rules.md sections 8 and 10; seed A§2.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tierwise.core.estimates import bounds_of
from tierwise.core.ledger import Execution
from tierwise.core.prices import Price, cost_nanousd
from tierwise.core.run_history import RUNS_NEEDED, Run, nearest_rank, runs_of
from tierwise.core.skills import EstimatedTokens, TokenRange
from tierwise.core.usage import Usage

SMALL_PERCENT: Final = 50
LARGE_PERCENT: Final = 90

CallSize = Literal["declared", "share", "run", "first_calls"]
"""How the size of a call is known: declared; the run over its calls; no better than the run; observed."""


@dataclass(frozen=True, slots=True)
class TaskSizes:
    """Runs of a task, and single calls of it, to be priced at any tier.

    `calls_a_run` is None where a declaration does not tell. `warm_tokens` is how much of its conversation a
    run found in the cache as it began (median): these reads are part of `runs`. `ttl` is the life of its
    cache entries. `count` is of how many runs this was learned, 0 for a declaration.
    """

    source: Literal["declared", "history"]
    runs: tuple[Run, ...]
    calls: tuple[Run, ...]
    call_size: CallSize
    calls_a_run: TokenRange | None = None
    warm_tokens: int = 0
    ttl: Literal["5m", "1h"] = "5m"
    count: int = 0


def sizes_of(declared: EstimatedTokens | None, executions: Iterable[Execution]) -> TaskSizes | None:
    """The sizes as declared, else as the skill's own calls were, in the order of their time; None of neither.

    History needs `RUNS_NEEDED` finished runs.
    """
    return (_declared(declared) if declared is not None else None) or _observed(runs_of(executions))


def cost_range(runs: Sequence[Run], price: Price | None, beside_tokens: int = 0) -> TokenRange | None:
    """Nano-dollars at the small and the large end; None if a needed rate is not known.

    `beside_tokens` stand in each prompt besides what the runs count: it may then have long-prompt rates.
    """
    if price is None:
        return None
    costs = [[cost_nanousd(usage, _beside(price, usage, beside_tokens)) for usage in run] for run in runs]
    known = [sum(cost for cost in run if cost is not None) for run in costs if None not in run]
    if len(known) < len(runs):
        return None
    return TokenRange(nearest_rank(known, SMALL_PERCENT), nearest_rank(known, LARGE_PERCENT))


def prompt_tokens(calls: Sequence[Run], percent: int) -> int:
    """The prompt that `percent` of these single calls stay within."""
    return nearest_rank([usage.prompt_tokens for call in calls for usage in call], percent)


def _beside(price: Price, usage: Usage, tokens: int) -> Price:
    return Price(price.rates(usage.prompt_tokens + tokens)) if tokens else price


def _declared(declared: EstimatedTokens) -> TaskSizes | None:
    runs = bounds_of(declared)
    if runs is None:
        return None
    tools, total = declared.tool_calls, declared.total_estimate
    calls_a_run = TokenRange(tools.low + 1, tools.high + 1) if tools else None
    if total is None and tools is None:
        calls_a_run = TokenRange(1, 1)
    calls, size = _declared_calls(declared, runs, calls_a_run)
    return TaskSizes(
        "declared",
        tuple((Usage(*run),) for run in runs),
        tuple((Usage(*call),) for call in calls),
        size,
        calls_a_run,
    )


Tokens = tuple[int, int]
"""Input and output tokens."""


def _declared_calls(
    declared: EstimatedTokens, runs: tuple[Tokens, Tokens], calls_a_run: TokenRange | None
) -> tuple[tuple[Tokens, Tokens], CallSize]:
    """One call, small and large, and how it is known. Without a better word it counts as a whole run."""
    sent, answered = declared.input, declared.output
    if sent is not None and answered is not None:
        return ((sent.low, answered.low), (sent.high, answered.high)), "declared"
    if declared.total_estimate is None:
        return runs, "declared"
    if calls_a_run is None:
        return runs, "run"
    low, high = runs
    small = low[0] // calls_a_run.high, low[1] // calls_a_run.high
    large = -(-high[0] // calls_a_run.low), -(-high[1] // calls_a_run.low)
    return (small, large), "share"


def _observed(runs: Sequence[Run]) -> TaskSizes | None:
    if len(runs) < RUNS_NEEDED:
        return None
    counts = [len(run) for run in runs]
    first = [run[0] for run in runs]
    hours = sum(usage.cache_write_1h_tokens for run in runs for usage in run)
    minutes = sum(usage.cache_write_5m_tokens for run in runs for usage in run)
    return TaskSizes(
        "history",
        tuple(runs),
        tuple((usage,) for usage in first),
        "first_calls",
        TokenRange(nearest_rank(counts, SMALL_PERCENT), nearest_rank(counts, LARGE_PERCENT)),
        nearest_rank([usage.cache_read_tokens for usage in first], SMALL_PERCENT),
        "1h" if hours > minutes else "5m",
        len(runs),
    )
