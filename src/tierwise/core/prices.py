"""Prices: what a model costs by token class, and the cost of one call in nano-dollars.

A rate is an integer of **pico-dollars per token**: 1 USD per million tokens = 1,000,000 pico-dollars a
token, so every list price is exact. A rate that is not known is None, never 0, and a call that needs it
has no known cost. Rounding happens once, upward, when the sum of a call becomes nano-dollars.

Source: rules.md sections 1, 10 and 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tierwise.core.usage import Usage

PICO_PER_NANO: Final = 1_000
NANO_PER_USD: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Pico-dollars per token, by class; None where the class has no known price."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price from one day on: base rates, and the rates of a prompt above a size.

    `since` is an ISO date (UTC) or "" for always; `long_prompt_tokens` is the largest prompt that still
    costs the base rates (None: no step). A longer prompt costs `long` for all its tokens.
    """

    base: Rates
    since: str = ""
    source: str = ""
    long_prompt_tokens: int | None = None
    long: Rates | None = None

    def rates(self, prompt_tokens: int) -> Rates:
        """The rates that hold for a prompt of this many tokens."""
        if self.long_prompt_tokens is None or self.long is None:
            return self.base
        return self.long if prompt_tokens > self.long_prompt_tokens else self.base


def cost_nanousd(usage: Usage, price: Price | None) -> int | None:
    """The cost of `usage`, rounded up to a nano-dollar; None if a rate it needs is not known."""
    if price is None:
        return None
    rates = price.rates(usage.prompt_tokens)
    pico = 0
    for tokens, rate in (
        (usage.input_tokens, rates.input),
        (usage.output_tokens, rates.output),
        (usage.cache_read_tokens, rates.cache_read),
        (usage.cache_write_5m_tokens, rates.cache_write_5m),
        (usage.cache_write_1h_tokens, rates.cache_write_1h),
    ):
        if tokens:
            if rate is None:
                return None
            pico += tokens * rate
    return -(-pico // PICO_PER_NANO)


def usd(nanousd: int) -> float:
    """Nano-dollars as dollars, for display only."""
    return nanousd / NANO_PER_USD
