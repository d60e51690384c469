"""Holds: no call costs more than its worst case, and no answer is cut shorter than the budget demands."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.entries import Charge
from tierwise.core.holds import CacheWrites, affordable_max_tokens, p90_case, worst_case, worst_tokens
from tierwise.core.ledger import weighted_tokens
from tierwise.core.prices import Price, Rates, cost_nanousd
from tierwise.core.usage import Usage

SONNET = Price(Rates(2_000_000, 10_000_000, 200_000, 2_500_000, 4_000_000))
STEPPED = Price(
    Rates(100_000, 500_000, 10_000, 125_000, 200_000),
    long_prompt_tokens=100_000,
    long=Rates(500_000, 2_500_000, 50_000, 625_000, 1_000_000),
)
UNCACHED = Price(Rates(30_000_000, 180_000_000))

rate = st.integers(0, 200_000_000)
rates = st.builds(Rates, rate, rate, st.none() | rate, st.none() | rate, st.none() | rate)
PRICES = st.builds(
    Price, rates, long_prompt_tokens=st.none() | st.integers(0, 300_000), long=st.none() | rates
)
TOKENS = st.integers(0, 400_000)
WRITES = st.sampled_from(get_args(CacheWrites))


@st.composite
def bounded_calls(draw: st.DrawFn) -> tuple[int, int, Usage]:
    """Bounds of prompt and answer, and a call within them."""
    parts = draw(st.tuples(*[st.integers(0, 100_000)] * 4))
    answer = draw(TOKENS)
    prompt, most = sum(parts) + draw(TOKENS), answer + draw(TOKENS)
    return prompt, most, Usage(parts[0], answer, *parts[1:])


@given(bounded_calls(), PRICES)
def test_no_call_within_its_bounds_costs_more_than_its_worst_case(
    call: tuple[int, int, Usage], price: Price
) -> None:
    prompt, most, usage = call
    worst, cost = worst_case(prompt, most, price), cost_nanousd(usage, price)

    assert worst is not None
    assert cost is None or cost <= worst.nanousd
    assert weighted_tokens(usage) <= worst.tokens
    assert worst.messages == 1


@given(TOKENS, TOKENS, PRICES, st.sampled_from(("none", "5m", "1h")))
def test_a_worst_case_occurs_where_prices_have_no_step(
    prompt: int, most: int, price: Price, writes: CacheWrites
) -> None:
    """It is the dearest of the calls that are possible, not some amount above them."""
    flat = Price(price.base)
    possible = [Usage(prompt, most), Usage(0, most, prompt)]
    possible += [Usage(0, most, 0, prompt)] if writes != "none" else []
    possible += [Usage(0, most, 0, 0, prompt)] if writes == "1h" else []
    worst = worst_case(prompt, most, flat, writes)

    assert worst is not None
    costs = [cost for usage in possible if (cost := cost_nanousd(usage, flat)) is not None]
    assert worst.nanousd == max(costs)
    assert worst.tokens == max(map(weighted_tokens, possible))


@given(bounded_calls(), PRICES, TOKENS)
def test_the_usual_case_is_never_above_the_worst(
    call: tuple[int, int, Usage], price: Price, warm: int
) -> None:
    prompt, most, usage = call
    usual, worst = p90_case(prompt, usage.output_tokens, price, warm), worst_case(prompt, most, price)

    assert usual is not None
    assert worst is not None
    assert usual.nanousd <= worst.nanousd
    assert usual.tokens <= worst.tokens


@given(
    TOKENS,
    st.integers(0, 200_000),
    PRICES,
    st.none() | st.integers(0, 10**11),
    st.none() | st.integers(0, 3_000_000),
    WRITES,
)
def test_the_affordable_answer_fits_and_one_token_more_does_not(
    prompt: int, most: int, price: Price, nanousd: int | None, tokens: int | None, writes: CacheWrites
) -> None:
    def fits(length: int) -> bool:
        worst = worst_case(prompt, length, price, writes)
        assert worst is not None
        return (nanousd is None or worst.nanousd <= nanousd) and (tokens is None or worst.tokens <= tokens)

    found = affordable_max_tokens(
        prompt, most, price, available_nanousd=nanousd, available_tokens=tokens, writes=writes
    )

    assert 0 <= found <= most
    assert found == 0 or fits(found)
    assert found == most or not fits(found + 1)


def test_the_figures_by_hand() -> None:
    """10,000 tokens written for an hour at $4, 1,000 answered at $10 a million; weights 2 and 5."""
    assert worst_case(10_000, 1_000, SONNET) == Charge(50_000_000, 25_000, 1)
    assert worst_case(10_000, 1_000, SONNET, "5m") == Charge(35_000_000, 17_500, 1)
    assert worst_case(10_000, 1_000, SONNET, "none") == Charge(30_000_000, 15_000, 1)
    assert p90_case(10_000, 1_000, SONNET, 8_000) == Charge(16_600_000, 8_300, 1)
    assert affordable_max_tokens(10_000, 8_000, SONNET, available_nanousd=50_000_000) == 1_000
    assert affordable_max_tokens(10_000, 8_000, SONNET, available_nanousd=49_999_999) == 999
    assert affordable_max_tokens(10_000, 8_000, SONNET, available_nanousd=39_000_000) == 0
    assert affordable_max_tokens(10_000, 8_000, SONNET, available_tokens=25_004) == 1_000
    assert affordable_max_tokens(10_000, 8_000, SONNET) == 8_000


def test_a_long_prompt_costs_its_own_rates() -> None:
    short, long = worst_case(100_000, 0, STEPPED), worst_case(100_001, 0, STEPPED)

    assert short == Charge(20_000_000, 200_000, 1)
    assert long == Charge(100_001_000, 200_002, 1)


def test_a_prompt_may_turn_out_short_of_a_step_behind_which_it_is_cheaper() -> None:
    cheaper = Price(Rates(9_000, 0), long_prompt_tokens=1_000, long=Rates(1_000, 2_000))

    assert worst_case(1_001, 0, cheaper, "none") == Charge(9_000, 1_001, 1)
    assert worst_case(1_001, 8_000, cheaper, "none") == Charge(17_001, 41_001, 1)
    assert affordable_max_tokens(1_001, 5, cheaper, available_nanousd=8_999, writes="none") == 0
    assert affordable_max_tokens(1_001, 5, cheaper, available_nanousd=9_000, writes="none") == 5


def test_the_cache_is_left_out_where_a_model_has_no_price_for_it() -> None:
    assert worst_case(1_000, 100, UNCACHED) == Charge(48_000_000, 2_500, 1)
    assert p90_case(1_000, 100, UNCACHED, 900) == Charge(48_000_000, 1_500, 1)


def test_without_a_price_money_is_unknown_and_nothing_is_affordable() -> None:
    for price in (None, Price(Rates(input=1)), Price(Rates(output=1))):
        assert worst_case(10, 10, price) is None
        assert p90_case(10, 10, price) is None
        assert affordable_max_tokens(10, 10, price, available_nanousd=10**12) == 0
        assert affordable_max_tokens(10, 10, price, available_tokens=45) == 5
    assert worst_tokens(10, 10) == 70
