"""What patterns are tried with: three models at their list prices, sizes, and any model at all."""

from __future__ import annotations

from hypothesis import strategies as st

from tierwise.core.models import ModelCard
from tierwise.core.prices import Price, Rates
from tierwise.core.skills import EstimatedTokens, TokenRange
from tierwise.core.task_sizes import TaskSizes, sizes_of

PRICES = {
    "haiku": Price(
        Rates(100_000, 500_000, 10_000, 125_000, 200_000),
        long_prompt_tokens=100_000,
        long=Rates(500_000, 2_500_000, 50_000, 625_000, 1_000_000),
    ),
    "sonnet": Price(Rates(2_000_000, 10_000_000, 100_000, 2_500_000, 4_000_000)),
    "opus": Price(Rates(4_000_000, 20_000_000, 200_000, 5_000_000, 8_000_000)),
}
"""The list prices of the 5.5 family, November 2026."""
CARDS = {tier: ModelCard(tier[0], "claude_code", tier, price=price) for tier, price in PRICES.items()}
DECLARED = EstimatedTokens(
    TokenRange(2_000, 5_000), TokenRange(500, 1_500), TokenRange(3, 8), TokenRange(8_000, 25_000)
)

rates = st.builds(Rates, *[st.integers(0, 10**8)] * 5)
cards = st.builds(
    lambda base, long: ModelCard("m", "p", "t", price=Price(base, "", "", 100_000, long)), rates, rates
)


def sized(declared: EstimatedTokens) -> TaskSizes:
    sizes = sizes_of(declared, ())
    assert sizes is not None
    return sizes
