"""Batches: what N items in one call save, against the cheaper way of going one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pattern_samples import CARDS, DECLARED, cards, sized

from tierwise.core.batches import (
    MOST_ITEMS,
    BatchCost,
    Item,
    batch_cost,
    counts_that_pay,
    items_of,
    most_items,
)
from tierwise.core.models import ModelCard
from tierwise.core.prices import Price, Rates

HAIKU, OPUS = CARDS["haiku"], CARDS["opus"]
ITEM = Item(20_000, 1_000, 500)
items = st.builds(Item, *[st.integers(0, 50_000)] * 3)


def test_ten_items_by_hand() -> None:
    """Nano-dollars.

    one by one   10 · (21,000 · 4,000 + 500 · 20,000)                                = 940,000,000
    cached       20,000 · 5,000 + 9 · 20,000 · 200 + 10 · (1,000 · 4,000 + 500 · 20,000) = 276,000,000
    collecting   30,000 · 100 + 5,000 · 500                                          =   5,500,000
    analysing    30,000 · 4,000 + 5,000 · 20,000                                     = 220,000,000
    """
    cost = batch_cost(ITEM, 10, HAIKU, OPUS)

    assert cost == BatchCost(940_000_000, 276_000_000, 5_500_000, 220_000_000)
    assert (cost.batch, cost.direct, cost.saved) == (225_500_000, 276_000_000, 50_500_000)


@given(items, cards, cards)
def test_a_batch_of_one_item_never_saves(item: Item, cheap: ModelCard, top: ModelCard) -> None:
    for tier in ("t", "other"):
        cost = batch_cost(item, 1, replace(cheap, tier=tier), top)
        assert cost is not None
        assert cost.saved <= 0


@given(items, cards, st.integers(1, 50))
def test_within_one_tier_there_is_nothing_to_collect(item: Item, card: ModelCard, count: int) -> None:
    cost = batch_cost(item, count, card, card)

    assert cost is not None
    assert cost.collecting == 0


@given(items, cards, cards, st.integers(1, 50))
def test_the_numbers_of_a_batch_add_up(item: Item, cheap: ModelCard, top: ModelCard, count: int) -> None:
    cost = batch_cost(item, count, replace(cheap, tier="cheap"), top)

    assert cost is not None
    assert cost.batch == cost.collecting + cost.analysing
    assert cost.direct == min(cost.separate, cost.cached or cost.separate) or cost.cached == 0
    assert cost.saved == cost.direct - cost.batch


def test_without_a_shared_prefix_nothing_is_saved() -> None:
    bare = Item(0, 2_000, 500)

    assert counts_that_pay((bare, bare), HAIKU, OPUS) == range(0)


def test_it_pays_until_a_long_prompt_makes_it_dear() -> None:
    """Above 100,000 tokens this haiku is very dear: with 20,000 shared, from the 81st item of 1,000 on.

    Up to there collecting costs $0.00035 an item, and each repetition that is saved $0.004.
    """
    slow = replace(HAIKU, price=Price(Rates(100_000, 500_000), "", "", 100_000, Rates(10**8, 10**8)))
    paying = counts_that_pay((ITEM, ITEM), slow, OPUS)

    assert (paying[0], paying[-1]) == (2, 80)


@settings(max_examples=25)
@given(items, items, cards, cards)
def test_every_number_that_is_said_to_pay_does(
    small: Item, large: Item, cheap: ModelCard, top: ModelCard
) -> None:
    cheap = replace(cheap, tier="cheap", window_tokens=400_000)
    paying = counts_that_pay((small, large), cheap, top)

    for count in (*paying[:1], *paying[-1:]):
        for item in (small, large):
            cost = batch_cost(item, count, cheap, top)
            assert cost is not None
            assert cost.saved > 0
            assert count <= most_items(item, (cheap,))


def test_what_fits_into_one_call_is_bounded_by_window_and_answer() -> None:
    windowed = replace(OPUS, window_tokens=50_000)
    brief = replace(OPUS, max_output_tokens=5_000)

    assert most_items(ITEM, (windowed, OPUS)) == 20
    assert most_items(ITEM, (windowed, brief)) == 10
    assert most_items(ITEM, ()) == MOST_ITEMS
    assert most_items(Item(60_000, 1, 1), (windowed,)) == 0
    assert most_items(Item(0, 0, 0), (windowed, brief)) == MOST_ITEMS


def test_a_missing_price_is_not_free() -> None:
    unpriced = replace(OPUS, price=None)
    uncached = replace(OPUS, price=Price(Rates(4_000_000, 20_000_000)))

    assert batch_cost(ITEM, 2, HAIKU, unpriced) is None
    assert batch_cost(ITEM, 2, unpriced, replace(OPUS, tier="x")) is None
    assert counts_that_pay((ITEM, ITEM), HAIKU, unpriced) == range(0)
    cost = batch_cost(ITEM, 2, HAIKU, uncached)
    assert cost is not None
    assert (cost.cached, cost.direct) == (None, cost.separate)


@pytest.mark.parametrize(("ttl", "first"), [("5m", 20_000 * 5_000), ("1h", 20_000 * 8_000)])
def test_the_cache_is_written_for_as_long_as_it_lives(ttl, first: int) -> None:
    cost = batch_cost(ITEM, 1, HAIKU, OPUS, ttl)

    assert cost is not None
    assert cost.cached == first + 1_000 * 4_000 + 500 * 20_000


def test_items_are_a_small_and_a_large_call() -> None:
    sizes = sized(DECLARED)

    assert items_of(sizes, 1_200) == (Item(1_200, 800, 500), Item(1_200, 3_800, 1_500))
    assert items_of(sizes, 1_200, 10_000)[0] == Item(11_200, 800, 500)
    assert items_of(sizes, 9_000)[0] == Item(2_000, 0, 500)
    assert items_of(replace(sizes, warm_tokens=1_500), 9)[0] == Item(1_500, 500, 500)
