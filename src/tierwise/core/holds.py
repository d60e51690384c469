"""Holds: how much to set aside for one call before it is made, and how long an answer a budget can pay for.

    hard budget    worst case   every prompt token at its dearest class, the answer as long as `max_tokens`
    soft budget    p90          the warm part read from the cache, the rest written to it, a usual answer

No call within its bounds can cost more than its worst case, whichever side of a long-prompt step it falls
on. A rate that is not known leaves the amount unknown: None, never 0.

Source: rules.md sections 1 and 11; research/platform.md section B3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from tierwise.core.entries import Charge
from tierwise.core.ledger import TOKEN_WEIGHTS_PERCENT, weighted_tokens
from tierwise.core.prices import PICO_PER_NANO, Price, Rates, cost_nanousd
from tierwise.core.usage import Usage

CacheWrites = Literal["none", "5m", "1h"]
"""The longest life that a request asks the prompt cache for. Who does not know says `1h`, the dearest."""

PROMPT_CLASSES: Final = {
    "none": ("input", "cache_read"),
    "5m": ("input", "cache_read", "cache_write_5m"),
    "1h": ("input", "cache_read", "cache_write_5m", "cache_write_1h"),
}
"""The classes that a prompt token can be billed as."""

PERCENT: Final = 100


def worst_case(
    prompt_tokens_upper: int, max_tokens: int, price: Price | None, writes: CacheWrites = "1h"
) -> Charge | None:
    """The most that a call can cost whose prompt and answer have at most these tokens; None if unpriced.

    Where only tokens or messages are limited no price is needed: see `worst_tokens`.
    """
    slopes = _slopes(prompt_tokens_upper, price, writes)
    if slopes is None:
        return None
    pico = max(prompt + max_tokens * output for prompt, output in slopes)
    return Charge(-(-pico // PICO_PER_NANO), worst_tokens(prompt_tokens_upper, max_tokens, writes), 1)


def worst_tokens(prompt_tokens_upper: int, max_tokens: int, writes: CacheWrites = "1h") -> int:
    """The most weighted tokens that such a call can take, rounded up."""
    percent = prompt_tokens_upper * _prompt_weight(writes) + max_tokens * TOKEN_WEIGHTS_PERCENT["output"]
    return -(-percent // PERCENT)


def p90_case(
    prompt_tokens: int, output_tokens: int, price: Price | None, warm_tokens: int = 0
) -> Charge | None:
    """What a call usually takes at most: `output_tokens` is the p90 of the skill's answers. None if unpriced.

    `warm_tokens` of the prompt are expected to be read from the cache. The rest is written to it. Either only
    where the model has a price for it.
    """
    rates = price.rates(prompt_tokens) if price is not None else Rates()
    warm = min(max(warm_tokens, 0), prompt_tokens) if rates.cache_read is not None else 0
    fresh = prompt_tokens - warm
    cached = rates.cache_write_5m is not None
    usage = Usage(
        input_tokens=0 if cached else fresh,
        output_tokens=output_tokens,
        cache_read_tokens=warm,
        cache_write_5m_tokens=fresh if cached else 0,
    )
    cost = cost_nanousd(usage, price)
    return None if cost is None else Charge(cost, weighted_tokens(usage), 1)


def affordable_max_tokens(
    prompt_tokens_upper: int,
    max_tokens: int,
    price: Price | None,
    *,
    available_nanousd: int | None = None,
    available_tokens: int | None = None,
    writes: CacheWrites = "1h",
) -> int:
    """The longest answer, up to `max_tokens`, whose worst case fits into everything that is available.

    None is not limited. 0 if not even the prompt fits, or if money is limited and a price is not known.
    """
    lengths = [max_tokens]
    if available_nanousd is not None:
        slopes = _slopes(prompt_tokens_upper, price, writes)
        if slopes is None:
            return 0
        pico = available_nanousd * PICO_PER_NANO
        lengths += [_longest(pico, prompt, output, max_tokens) for prompt, output in slopes]
    if available_tokens is not None:
        prompt = prompt_tokens_upper * _prompt_weight(writes)
        weight = TOKEN_WEIGHTS_PERCENT["output"]
        lengths.append(_longest(available_tokens * PERCENT, prompt, weight, max_tokens))
    return max(min(lengths), 0)


def _longest(available: int, prompt: int, each: int, at_most: int) -> int:
    """How many times `each` fits behind `prompt`; negative if `prompt` does not fit."""
    if available < prompt:
        return -1
    return (available - prompt) // each if each else at_most


def _prompt_weight(writes: CacheWrites) -> int:
    return max(TOKEN_WEIGHTS_PERCENT[name] for name in PROMPT_CLASSES[writes])


def _slopes(prompt_tokens: int, price: Price | None, writes: CacheWrites) -> list[tuple[int, int]] | None:
    """Pico-dollars of the dearest prompt and of each answer token, on either side of the long-prompt step."""
    if price is None:
        return None
    slopes: list[tuple[int, int]] = []
    for tokens, rates in _sides(prompt_tokens, price):
        if rates.input is None or rates.output is None:
            return None
        known = [rate for name in PROMPT_CLASSES[writes] if (rate := getattr(rates, name)) is not None]
        slopes.append((tokens * max(known), rates.output))
    return slopes


def _sides(prompt_tokens: int, price: Price) -> Iterator[tuple[int, Rates]]:
    """The longest prompts of at most so many tokens that the base and the long-prompt rates hold for."""
    step = price.long_prompt_tokens
    if step is None or price.long is None or prompt_tokens <= step:
        yield prompt_tokens, price.base
        return
    yield step, price.base
    yield prompt_tokens, price.long
