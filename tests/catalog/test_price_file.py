"""A person's own prices are exact and hold from their day on; every slip is named and costs only itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog, unplaced
from tierwise.catalog.price_file import ENTRY_KEYS, overrides_from
from tierwise.catalog.prices import Override, merged, price_on
from tierwise.core.prices import Price, Rates
from tierwise.core.tiers import BUILT_IN

TODAY = "2026-11-23"


def read(entry: object) -> Override:
    found, problems = overrides_from({"m": entry})
    assert problems == []
    return found["m"]


def complaint(entry: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    _, (problem,) = overrides_from({"m": entry}, ["openai", "claude_code"])
    return problem.key, problem.rule


def test_every_key_is_read() -> None:
    override = read(
        {
            "input": 0.1,
            "output": 0.5,
            "cache_read": 0.01,
            "cache_write_5m": 0.125,
            "cache_write_1h": 1,
            "long_prompt": {"above": 100_000, "input": 0.5},
            "since": "2026-11-01",
            "source": "contract 17",
            "tier": "Light",
            "platform": "openai",
            "window": 200_000,
        }
    )
    assert override == Override(
        Rates(100_000, 500_000, 10_000, 125_000, 1_000_000),
        Rates(input=500_000),
        100_000,
        "2026-11-01",
        "contract 17",
        "haiku",
        "openai",
        200_000,
    )


@given(st.decimals(0, 10_000, places=6))
def test_a_price_of_six_decimals_is_kept_exactly(usd: Decimal) -> None:
    assert read({"input": usd}).base.input == int(usd * 1_000_000)


@given(st.integers(0, 10_000_000))
def test_a_price_that_yaml_made_a_float_is_kept_exactly(thousandths: int) -> None:
    assert read({"input": thousandths / 1000}).base.input == thousandths * 1000


SLIPS = [
    ({"input": -1, "output": 1}, ("m", "input"), "price-value"),
    ({"input": True}, ("m", "input"), "price-value"),
    ({"input": float("nan")}, ("m", "input"), "price-value"),
    ({"input": float("inf")}, ("m", "input"), "price-value"),
    ({"input": 10_000.01}, ("m", "input"), "price-value"),
    ({"input": "3"}, ("m", "input"), "price-value"),
    ({"input": [3]}, ("m", "input"), "price-value"),
    ({"input": 0.0000001}, ("m", "input"), "price-value"),
    ({"inptu": 3}, ("m", "inptu"), "unknown-key"),
    ({"since": "2026-13-01"}, ("m", "since"), "price-value"),
    ({"since": 20261101}, ("m", "since"), "price-value"),
    ({"window": 0}, ("m", "window"), "price-value"),
    ({"window": True}, ("m", "window"), "price-value"),
    ({"window": "1M"}, ("m", "window"), "price-value"),
    ({"tier": 3}, ("m", "tier"), "price-value"),
    ({"source": " "}, ("m", "source"), "price-value"),
    ({"platform": "opnai"}, ("m", "platform"), "unknown-platform"),
    ({"long_prompt": 5}, ("m", "long_prompt"), "not-a-mapping"),
    ({"long_prompt": {"input": 5}}, ("m", "long_prompt"), "price-value"),
    ({"long_prompt": {"above": -1, "input": 5}}, ("m", "long_prompt", "above"), "price-value"),
    ({"long_prompt": {"above": 1, "imput": 5}}, ("m", "long_prompt", "imput"), "unknown-key"),
]


@pytest.mark.parametrize(("entry", "key", "rule"), SLIPS)
def test_a_slip_is_named_with_its_key(entry: dict[str, Any], key: tuple[str, ...], rule: str) -> None:
    assert complaint(entry) == (key, rule)


def test_a_slip_costs_only_its_own_value() -> None:
    found, problems = overrides_from({"a": {"input": 1, "output": -1}, "b": 3, "c": {"input": 2}})
    assert found["a"].base == Rates(input=1_000_000)
    assert found["c"].base == Rates(input=2_000_000)
    assert {problem.key for problem in problems} == {("a", "output"), ("b",)}


def test_a_misspelt_key_or_platform_is_answered_with_the_right_one() -> None:
    _, problems = overrides_from({"m": {"cach_read": 1, "platform": "opnai"}}, ["openai"])
    assert [problem.remedy for problem in problems] == [
        "Did you mean `cache_read`?",
        "Did you mean `openai`?",
    ]


def test_a_file_that_is_no_mapping_is_one_problem() -> None:
    for data in (None, [], "x", 3):
        found, (problem,) = overrides_from(data)
        assert (found, problem.key) == ({}, ())


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(ENTRY_KEYS) | st.text(max_size=8), inner, max_size=5)
            ),
            max_leaves=12,
        ),
        max_size=4,
    )
)
def test_no_file_is_a_crash_and_no_price_leaves_its_bounds(data: dict[str, Any]) -> None:
    found, _ = overrides_from(data, ["openai"])
    for override in found.values():
        rates = [override.base, *([override.long] if override.long else [])]
        values = [value for each in rates for value in (each.input, each.output, each.cache_read)]
        assert all(value is None or 0 <= value <= 10_000_000_000 for value in values)
    catalog = load_catalog(found)
    assert catalog.get("claude-opus-5-5") is not None
    unplaced(found)


LISTED = (
    Price(Rates(5, 25, 1), "", "list", 200_000, Rates(10, 50, 2)),
    Price(Rates(4, 20, 1), "2026-03-01", "list"),
)


def test_an_own_price_replaces_what_it_names_from_its_day_on() -> None:
    prices = merged(LISTED, Override(base=Rates(input=3), since="2026-06-01", source="own"))
    assert price_on(prices, "2026-02-28") == LISTED[0]
    assert price_on(prices, "2026-05-31") == LISTED[1]
    assert price_on(prices, "2026-06-01") == Price(Rates(3, 20, 1), "2026-06-01", "own")


def test_an_own_price_without_a_day_holds_for_all_time_and_through_later_list_prices() -> None:
    prices = merged(LISTED, Override(base=Rates(input=3), source="own"))
    assert [(price.since, price.base, price.source) for price in prices] == [
        ("", Rates(3, 25, 1), "own"),
        ("2026-03-01", Rates(3, 20, 1), "own"),
    ]
    assert prices[0].long == Rates(10, 50, 2)


def test_an_own_step_replaces_the_listed_one() -> None:
    override = Override(long=Rates(input=7), long_prompt_tokens=50_000, source="own")
    first, second = merged(LISTED, override)
    assert (first.long_prompt_tokens, first.long) == (50_000, Rates(7, 50, 2))
    assert (second.long_prompt_tokens, second.long) == (50_000, Rates(7, 20, 1))


def test_an_override_without_a_price_changes_none() -> None:
    assert merged(LISTED, Override(tier="haiku", since="2026-06-01")) is LISTED


@given(st.sampled_from(["", "2026-01-01", "2026-03-01", "2026-07-01"]), st.dates().map(str))
def test_before_its_day_an_own_price_changes_nothing(since: str, day: str) -> None:
    prices = merged(LISTED, Override(base=Rates(input=3), since=since))
    found = price_on(prices, day)
    assert found is not None
    if day < since:
        assert found == price_on(LISTED, day)
    else:
        assert found.base.input == 3
    assert [price.since for price in prices] == sorted({price.since for price in prices})


def test_a_known_model_is_repriced_at_its_own_provider_or_where_it_is_said() -> None:
    everywhere = load_catalog({"Claude-Opus-5.5": Override(base=Rates(input=1))})
    inputs = {}
    for platform in ("claude_code", "anthropic", "vertex", "openrouter", "bedrock"):
        price = everywhere.price_at("claude-opus-5-5", TODAY, platform)
        assert price is not None
        assert price.base.output == 20_000_000
        inputs[platform] = price.base.input
    assert inputs == {
        "claude_code": 1,
        "anthropic": 1,
        "vertex": 4_000_000,
        "openrouter": 4_000_000,
        "bedrock": 4_000_000,
    }
    one = load_catalog({"claude-opus-5-5": Override(base=Rates(input=1), platform="vertex")})
    found = {p: one.price_at("claude-opus-5-5", TODAY, p) for p in ("vertex", "claude_code")}
    assert {p: price.base.input for p, price in found.items() if price} == {
        "vertex": 1,
        "claude_code": 4_000_000,
    }


def test_a_model_of_ones_own_stands_where_it_is_placed() -> None:
    override, problems = overrides_from(
        {"Qwen3-Coder": {"input": 0, "output": 0, "tier": "haiku", "platform": "openai", "window": 262144}}
    )
    assert problems == []
    catalog = load_catalog(override)
    card = catalog.get("qwen3-coder", "openai", TODAY)
    assert card is not None
    assert (card.tier, card.window_tokens, card.family) == ("haiku", 262144, "qwen3-coder")
    assert card.price is not None
    assert card.price.base == Rates(input=0, output=0)
    listed = [card.id for card in catalog.candidates("openai", BUILT_IN, {}, TODAY)["haiku"]]
    assert (listed[0], listed[-1]) == ("gpt-6-luna", "qwen3-coder")
    assert catalog.get("qwen3-coder", "claude_code") is None
    first = catalog.candidates("openai", BUILT_IN, {"haiku": {"openai": "qwen3-coder"}}, TODAY)["haiku"][0]
    assert first.id == "qwen3-coder"


def test_a_model_without_a_platform_is_priced_but_never_picked() -> None:
    catalog = load_catalog({"my-model": Override(base=Rates(input=1, output=1), tier="haiku")})
    assert catalog.price_at("my-model", TODAY, "claude_code") is not None
    for platform in catalog.platforms:
        cards = catalog.candidates(platform, BUILT_IN, {}, TODAY)["haiku"]
        assert "my-model" not in [card.id for card in cards]


def test_a_known_model_can_be_moved_to_another_tier_and_window() -> None:
    catalog = load_catalog({"gpt-5.5": Override(tier="sonnet", window_tokens=100)})
    card = catalog.get("gpt-5.5", "openai", TODAY)
    assert card is not None
    assert (card.tier, card.window_tokens) == ("sonnet", 100)
    assert catalog.tier_of("gpt-5.5") == "sonnet"
    assert card.price == load_catalog().price_at("gpt-5.5", TODAY, "openai")


def test_an_unknown_name_without_a_place_is_most_likely_a_slip() -> None:
    overrides = {
        "claude-opus-55": Override(base=Rates(input=1)),
        "claude-opus-5-5": Override(base=Rates(input=1)),
        "mine": Override(base=Rates(input=1), tier="haiku", platform="openai"),
    }
    (problem,) = unplaced(overrides)
    assert (problem.key, problem.rule) == (("claude-opus-55",), "unknown-model")
    assert "Did you mean `claude-opus-5-5`?" in problem.remedy
