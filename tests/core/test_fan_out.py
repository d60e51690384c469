"""Agents that one answer starts together: cheaper by zone, unless they or the user say what they need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.decide import decide
from tierwise.core.forking import fork_pays
from tierwise.core.prices import Price, Rates
from tierwise.core.questions import CacheFacts, Question, Settings, UserWish
from tierwise.core.skills import Routing, skill_of
from tierwise.core.tiers import BUILT_IN
from tierwise.core.zones import Gauge

HAIKU, SONNET, OPUS = BUILT_IN["haiku"], BUILT_IN["sonnet"], BUILT_IN["opus"]


def asked(spent: float, siblings: int, **more: object) -> Question:
    return Question(
        asked_model="claude-opus-5-5",
        asked=OPUS,
        gauges=(Gauge("purse", spent, 100),),
        siblings=siblings,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("spent", "siblings", "tier"),
    [
        (10, 5, OPUS),
        (69.9, 5, OPUS),
        (70, 5, SONNET),
        (70, 2, SONNET),
        (70, 1, OPUS),
        (70, 0, OPUS),
        (90, 5, HAIKU),
        (100, 5, HAIKU),
    ],
)
def test_children_without_a_block_begin_lower_as_a_budget_fills(
    spent: float, siblings: int, tier: object
) -> None:
    decision = decide(asked(spent, siblings))
    assert decision.tier == tier
    if tier != OPUS:
        assert decision.rule == "budget"
        assert f"one of {siblings} agents that start at once" in decision.reason


def test_a_declared_minimum_holds_and_a_block_is_read_as_ever() -> None:
    skill = skill_of("reviewer", Routing(minimum=SONNET, preferred=OPUS))
    assert decide(asked(95, 5, skill=skill)).tier == decide(asked(95, 0, skill=skill)).tier == SONNET


def test_the_users_word_wins_and_conservation_may_be_off() -> None:
    assert decide(asked(95, 5, user=UserWish(inline=OPUS))).tier == OPUS
    assert decide(asked(95, 5, settings=Settings(conservation="off"))).tier == OPUS


@given(st.floats(0, 130), st.floats(0, 130), st.integers(2, 100), st.integers(0, 1))
def test_spending_more_and_starting_more_never_raise_the_tier(
    one: float, other: float, siblings: int, alone: int
) -> None:
    less, more = sorted((one, other))
    tiers = [decide(asked(spent, siblings)).tier for spent in (less, more)]
    assert tiers[0] is not None
    assert tiers[1] is not None
    assert tiers[1] <= tiers[0]
    single = decide(asked(more, alone)).tier
    assert single is not None
    assert tiers[1] <= single


def price(unit: int) -> Price:
    """List prices of the usual ratios: 20 units a token in, 100 out, 2 read from the cache, 25 written."""
    return Price(
        Rates(
            input=20 * unit,
            output=100 * unit,
            cache_read=2 * unit,
            cache_write_5m=25 * unit,
            cache_write_1h=40 * unit,
        )
    )


def warm(tokens: int) -> CacheFacts:
    return CacheFacts(OPUS, price(200), tokens, new_input_tokens=1_000, output_tokens=500)


def test_a_fork_pays_where_the_conversation_is_long_and_not_where_nothing_is_saved() -> None:
    assert "as a fork on haiku" in (fork_pays(warm(200_000), HAIKU, price(5)) or "")
    assert fork_pays(warm(1_000), SONNET, price(190)) is None
    assert fork_pays(warm(200_000), HAIKU, None) is None
    assert fork_pays(None, HAIKU, price(5)) is not None


def test_a_fork_to_a_higher_tier_is_compared_with_switching_alone() -> None:
    on_haiku = CacheFacts(HAIKU, price(5), 200_000, new_input_tokens=1_000, output_tokens=500)
    assert fork_pays(on_haiku, OPUS, price(200)) is not None
    assert fork_pays(CacheFacts(HAIKU, price(5), 4_000), OPUS, price(200)) is None
