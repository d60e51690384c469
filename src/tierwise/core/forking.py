"""Forking: whether a skill is cheaper as an agent of its own than inside the conversation that called it.

A fork begins with a short prompt of its own, F tokens, on the decided tier's model. Inside, the same calls
carry the conversation, C tokens, either on the model that is warm or, written anew, on the decided one:

    fork   = F·write₂ + (n - 1)·F·read₂ + n·(i·in₂ + o·out₂)
    inside = the cheaper of staying and switching, as in `switching`; of switching alone where the skill needs
             a tier above the conversation's, for staying would not serve it

What is not priced is not compared: the fork is then left alone.

Source: rules.md section 6; research/clients.md section 3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tierwise.core.prices import Price, usd
from tierwise.core.questions import CacheFacts
from tierwise.core.switching import going_on_nanousd, stay_nanousd
from tierwise.core.tiers import Tier

FORK_TOKENS: Final = 10_000
"""What an agent's first prompt has before its task: 7,000 in Claude Code 2.1.330, 11,000 in 2.1.197."""


def fork_pays(cache: CacheFacts | None, tier: Tier, price: Price | None, held_tokens: int = 0) -> str | None:
    """Why the fork on `tier`, at `price`, is the cheaper way; None if it is not, or if that is not known.

    `held_tokens` of the conversation are still in the cache of the decided tier's own model. Where no call of
    the conversation is known there is no cache to lose: a fork on a lower tier is cheaper.
    """
    if cache is None or cache.tier is None or not cache.warm_tokens:
        lower = cache is None or cache.tier is None or tier < cache.tier
        return f"nothing is cached that {tier} would have to read anew" if lower else None
    if price is None or cache.price is None:
        return None
    fork = going_on_nanousd(replace(cache, warm_tokens=FORK_TOKENS, ttl="5m"), price, 0)
    stay, switch = stay_nanousd(cache, cache.price), going_on_nanousd(cache, price, held_tokens)
    if fork is None or stay is None or switch is None:
        return None
    inside = min(stay, switch) if tier < cache.tier else switch
    if fork >= inside:
        return None
    sums = f"${usd(fork):.4f} as a fork on {tier} against ${usd(inside):.4f} inside"
    return f"{sums}, over {cache.calls_left} calls"
