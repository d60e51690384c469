"""Switching: what a conversation costs to go on with, by how much of it a model's cache holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.prices import Price, Rates
from tierwise.core.questions import CacheFacts
from tierwise.core.switching import going_on_nanousd, stay_nanousd, switch_nanousd


@given(
    st.integers(0, 400_000), st.integers(0, 400_000), st.integers(0, 400_000), st.integers(1, 50),
    st.sampled_from(["5m", "1h"]),
)  # fmt: skip
def test_a_fuller_cache_never_makes_going_on_dearer(
    warm: int, held: int, more: int, calls: int, ttl: Literal["5m", "1h"]
) -> None:
    rates = Rates(input=4_000_000, output=20_000_000, cache_read=200_000, cache_write_5m=5_000_000)
    price = Price(replace(rates, cache_write_1h=8_000_000))
    cache = CacheFacts(warm_tokens=warm, calls_left=calls, new_input_tokens=500, output_tokens=300, ttl=ttl)
    less, fuller = (going_on_nanousd(cache, price, tokens) for tokens in (held, held + more))
    cold, warmest = switch_nanousd(cache, price), stay_nanousd(cache, price)

    assert less is not None
    assert fuller is not None
    assert cold is not None
    assert warmest is not None
    assert warmest <= fuller <= less <= cold


def test_a_price_without_cache_writes_takes_plain_input_for_them() -> None:
    price = Price(Rates(input=2_000_000, output=10_000_000, cache_read=200_000))
    cache = CacheFacts(warm_tokens=1_000, calls_left=2)
    assert switch_nanousd(cache, price) == (1_000 * 2_000_000 + 1_000 * 200_000) // 1_000
    assert switch_nanousd(cache, Price(Rates(output=10_000_000, cache_read=200_000))) is None
