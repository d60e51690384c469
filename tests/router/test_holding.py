"""Holding: what is set aside for a call, and what becomes of one that does not fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog
from tierwise.core.budgets import Budget
from tierwise.core.entries import Overdrawn, Reserve, Standing, Tags
from tierwise.core.questions import Refusal
from tierwise.core.usage import Usage
from tierwise.router.holding import (
    USEFUL_ANSWER_TOKENS,
    USUAL_ANSWER_TOKENS,
    Holding,
    Wanted,
    with_max_tokens,
)

CARD = load_catalog().get("claude-opus-5-5", "claude_code", "2026-11-23")
SOFT = Budget("soft", "weekly", "usd", 10**9)
HARD = Budget("hard", "weekly", "usd", 10**9, hard=True)


def wanted(budget: Budget, max_tokens: int | None = 8_000, **how: object) -> Wanted:
    return Wanted(
        **{
            "id": "call",
            "tags": Tags(session="s", run="s", skill="a-skill", model="claude-opus-5-5", tier="opus"),
            "card": CARD,
            "budgets": (budget,),
            "text_bytes": 4_000,
            "max_tokens": max_tokens,
            "thinking_tokens": 0,
            "cache_writes": "5m",
            "at_us": 1_800_000_000_000_000,
            **how,
        }
    )


def held_nanousd(holding: Holding, call: Wanted) -> int:
    wish = holding.wish(call)
    assert isinstance(wish, Reserve)
    return wish.charge.nanousd


def test_a_soft_budget_holds_the_p90_of_the_skills_own_answers() -> None:
    holding, call = Holding(), wanted(SOFT)
    assert holding.usual_answer_tokens("a-skill") == USUAL_ANSWER_TOKENS
    at_first = held_nanousd(holding, call)
    for tokens in (100, 100, 100, 100, 100, 100, 100, 100, 300, 7_000):
        holding.observe(call, Usage(input_tokens=1_100, output_tokens=tokens))

    assert holding.usual_answer_tokens("a-skill") == 300
    assert holding.usual_answer_tokens("another") == USUAL_ANSWER_TOKENS
    assert held_nanousd(holding, call) < at_first


def test_a_hard_budget_holds_more_than_a_soft_one_for_the_same_call() -> None:
    assert held_nanousd(Holding(), wanted(HARD)) > held_nanousd(Holding(), wanted(SOFT))


def test_without_a_price_a_hard_dollar_budget_refuses_and_a_hard_token_budget_holds() -> None:
    assert isinstance(Holding().wish(wanted(HARD, card=None)), Refusal)
    tokens = Budget("tokens", "weekly", "tokens", 10**9, hard=True)
    wish = Holding().wish(wanted(tokens, card=None))

    assert isinstance(wish, Reserve)
    assert wish.charge.tokens >= 8_000 * 5


@given(st.integers(0, 10**9), st.integers(USEFUL_ANSWER_TOKENS, 100_000), st.sampled_from(["usd", "tokens"]))
def test_a_shorter_answer_fits_into_what_is_left_and_is_still_useful(
    available: int, max_tokens: int, unit: str
) -> None:
    holding, call = Holding(), wanted(Budget("hard", "weekly", unit, 10**9, hard=True), max_tokens)
    wish = holding.wish(call)
    assert isinstance(wish, Reserve)
    overdrawn = Overdrawn(wish.purses[0], Standing(10**9 - available, 0), available, ())
    shorter = holding.shorter(call, overdrawn)
    if shorter is None:
        return
    fits = holding.wish(with_max_tokens(call, shorter))

    assert USEFUL_ANSWER_TOKENS <= shorter < max_tokens
    assert isinstance(fits, Reserve)
    assert fits.charge.of(wish.purses[0].unit) <= available


def test_a_call_is_not_refused_because_another_has_just_taught_that_it_costs_less() -> None:
    holding, call = Holding(), wanted(HARD, text_bytes=400_000)
    wish = holding.wish(call)
    assert isinstance(wish, Reserve)
    overdrawn = Overdrawn(wish.purses[0], Standing(0, 0), wish.charge.nanousd - 10, ())
    for _ in range(20):
        holding.observe(call, Usage(input_tokens=60_000, output_tokens=10))
    shorter = holding.shorter(call, overdrawn)
    assert shorter == 7_999
    assert held_nanousd(holding, with_max_tokens(call, shorter)) < overdrawn.available
