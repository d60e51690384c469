"""The catalog says which model stands on which rung, and which one serves a tier on a platform on a day."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog
from tierwise.catalog.prices import Override, both_rates
from tierwise.core.models import Candidates
from tierwise.core.prices import Rates
from tierwise.core.tiers import BUILT_IN, ladder_of

CATALOG = load_catalog()
TODAY = "2026-11-23"

SEED_TIERS: Mapping[str, Mapping[str, str]] = {
    "haiku": {"claude_code": "claude-haiku-4-5", "codex": "codex-spark"},
    "sonnet": {"claude_code": "claude-sonnet-4-6", "codex": "gpt-5.3-codex"},
    "opus": {"claude_code": "claude-opus-4-6", "codex": "gpt-5.3-codex-xl"},
}
"""Seed A§1.2, with its stale and its hypothetical ids."""

NEWEST = {
    "claude_code": ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-2"],
    "anthropic": ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-2"],
    "vertex": ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-2"],
    "codex": ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol", "gpt-6-astra"],
    "openai": ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.2-sol", "gpt-6-astra"],
    "openrouter": [
        "anthropic/claude-haiku-5.5", "openai/gpt-6.1-terra", "openai/gpt-6.1-sol", "openai/gpt-6-astra",
    ],
    "bedrock": [
        "global.anthropic.claude-haiku-5-5", "global.openai.gpt-6.1-terra", "global.openai.gpt-6.1-sol",
        "global.anthropic.claude-fable-5-2",
    ],
}  # fmt: skip


def ids(candidates: Candidates) -> dict[str, list[str]]:
    return {tier: [card.id for card in cards] for tier, cards in candidates.items()}


@pytest.mark.parametrize("platform", NEWEST)
def test_each_tier_means_its_newest_model_on_the_platform(platform: str) -> None:
    found = CATALOG.candidates(platform, BUILT_IN, {}, TODAY)
    assert [found[tier.name][0].id for tier in BUILT_IN.rungs] == NEWEST[platform]
    assert set(found) == {tier.name for tier in BUILT_IN.rungs}


@pytest.mark.parametrize(
    ("name", "tier", "family"),
    [
        ("claude-haiku-5-5", "haiku", "claude-5.5"),
        ("claude-fable-5-2", "fable", "claude-5.5"),
        ("claude-haiku-4-5", "haiku", "claude-haiku-4.5"),
        ("claude-sonnet-4-6", "sonnet", "claude-4.6"),
        ("claude-opus-4-6", "opus", "claude-4.6"),
        ("gpt-6-luna", "haiku", "gpt-responses-lite"),
        ("gpt-5.6-terra", "sonnet", "gpt-responses-lite"),
        ("gpt-6-astra", "fable", "gpt-responses-lite"),
        ("gpt-5.5", "opus", "gpt-5"),
    ],
)
def test_a_model_has_the_tier_and_the_family_of_its_line(name: str, tier: str, family: str) -> None:
    card = CATALOG.get(name, day=TODAY)
    assert card is not None
    assert (card.tier, card.family) == (tier, family)
    assert CATALOG.tier_of(name) == tier


def test_the_named_id_comes_first_and_an_unknown_one_gives_way_to_the_best() -> None:
    found = ids(CATALOG.candidates("codex", BUILT_IN, SEED_TIERS, TODAY))
    assert found["haiku"][:2] == ["gpt-5.3-codex-spark", "gpt-6-luna"]
    assert found["sonnet"][0] == "gpt-5.3-codex"
    assert found["opus"][0] == "gpt-6.1-sol"


def test_a_retired_id_gives_way_to_the_best() -> None:
    tiers = {"opus": {"claude_code": "claude-opus-4-1"}}
    assert (
        ids(CATALOG.candidates("claude_code", BUILT_IN, tiers, "2026-08-04"))["opus"][0] == "claude-opus-4-1"
    )
    assert ids(CATALOG.candidates("claude_code", BUILT_IN, tiers, "2026-08-05"))["opus"][0] == "claude-opus-5"


def test_a_named_id_is_sent_as_written_but_an_alias_as_the_id_it_means() -> None:
    written = {
        "claude-haiku-4-5-20251001[1m]": ("claude_code", "claude-haiku-4-5-20251001"),
        "claude-haiku-4.5": ("claude_code", "claude-haiku-4-5"),
        "anthropic/claude-haiku-4-5": ("claude_code", "claude-haiku-4-5"),
        "us.anthropic.claude-haiku-5-5": ("bedrock", "us.anthropic.claude-haiku-5-5"),
    }
    for name, (platform, sent) in written.items():
        found = CATALOG.candidates(platform, BUILT_IN, {"haiku": {platform: name}}, TODAY)
        assert found["haiku"][0].id == sent


def test_a_model_that_is_placed_on_another_rung_stands_only_there() -> None:
    tiers = {"opus": {"claude_code": "claude-sonnet-5-5"}}
    found = CATALOG.candidates("claude_code", BUILT_IN, tiers, TODAY)
    assert (found["opus"][0].id, found["opus"][0].tier) == ("claude-sonnet-5-5", "opus")
    assert "claude-sonnet-5-5" not in ids(found)["sonnet"]
    assert CATALOG.tier_of("claude-sonnet-5-5-20260928", BUILT_IN, tiers) == "opus"


def test_the_family_of_the_asked_model_comes_before_newer_ones() -> None:
    asked = CATALOG.candidates("claude_code", BUILT_IN, {}, TODAY, like="claude-opus-4-6[1m]")
    assert ids(asked)["sonnet"][:2] == ["claude-sonnet-4-6", "claude-sonnet-5-5"]
    routed = CATALOG.candidates("openrouter", BUILT_IN, {}, TODAY, like="anthropic/claude-opus-5.5")
    assert ids(routed)["sonnet"][0] == "anthropic/claude-sonnet-5.5"
    stranger = CATALOG.candidates("claude_code", BUILT_IN, {}, TODAY, like="no-such-model")
    assert ids(stranger) == ids(CATALOG.candidates("claude_code", BUILT_IN, {}, TODAY))


def test_the_rungs_of_another_ladder_have_only_the_models_that_are_named() -> None:
    ladder = ladder_of(("small", "sonnet", "huge"))
    tiers = {"small": {"claude_code": "claude-haiku-5-5"}}
    found = ids(CATALOG.candidates("claude_code", ladder, tiers, TODAY))
    assert found["small"] == ["claude-haiku-5-5"]
    assert found["sonnet"][0] == "claude-sonnet-5-5"
    assert "huge" not in found
    assert CATALOG.tier_of("claude-haiku-5-5", ladder, tiers) == "small"
    assert CATALOG.tier_of("claude-sonnet-5-5", ladder, tiers) == "sonnet"
    assert CATALOG.tier_of("claude-opus-5-5", ladder, tiers) is None


def test_an_id_that_only_the_configuration_knows_has_the_tier_that_it_says() -> None:
    assert CATALOG.tier_of("gpt-5.3-codex-xl", BUILT_IN, SEED_TIERS) == "opus"
    assert CATALOG.tier_of("gpt-5.3-codex-xxl", BUILT_IN, SEED_TIERS) is None


def test_a_model_on_several_rungs_stands_on_its_own_among_them_else_on_the_highest() -> None:
    every = {tier: {"codex": "gpt-5.3-codex"} for tier in ("haiku", "sonnet", "opus")}
    assert CATALOG.tier_of("gpt-5.3-codex", BUILT_IN, every) == "sonnet"
    others = {tier: {"codex": "gpt-6-luna"} for tier in ("opus", "sonnet")}
    assert CATALOG.tier_of("gpt-6-luna", BUILT_IN, others) == "opus"


@given(st.sampled_from(sorted(CATALOG.platforms)), st.dates().map(str), st.sampled_from(CATALOG.names()))
def test_nothing_is_picked_that_is_retired_unreleased_unpriced_or_on_another_rung(
    platform, day, like
) -> None:
    found = CATALOG.candidates(platform, BUILT_IN, {}, day, like)
    for tier, cards in found.items():
        assert cards
        for card in cards:
            listing = CATALOG.find(card.id, platform)
            assert listing is not None
            assert card.tier == tier
            assert card.platform == platform
            assert both_rates(card.price) is not None
            assert listing.model.released <= day < (listing.model.retired or "9999")
            assert not listing.named_only


def test_the_order_is_newest_first() -> None:
    for platform in CATALOG.platforms:
        for cards in CATALOG.candidates(platform, BUILT_IN, {}, TODAY).values():
            dates = [x.model.released for card in cards if (x := CATALOG.find(card.id, platform))]
            assert dates == sorted(dates, reverse=True)


def test_a_model_without_a_known_price_is_known_but_never_picked() -> None:
    card = CATALOG.get("gpt-6.2-astra", "openai", TODAY)
    assert card is not None
    assert (card.tier, card.price) == ("fable", None)
    assert "gpt-6.2-astra" not in ids(CATALOG.candidates("openai", BUILT_IN, {}, TODAY))["fable"]
    priced = load_catalog({"gpt-6.2-astra": Override(base=Rates(input=8_000_000, output=40_000_000))})
    assert priced.candidates("openai", BUILT_IN, {}, TODAY)["fable"][0].id == "gpt-6.2-astra"


def test_elsewhere_means_other_providers_cheapest_first() -> None:
    found = CATALOG.elsewhere(
        "claude_code", BUILT_IN, {}, TODAY, ["vertex", "anthropic", "openrouter", "codex"]
    )
    assert [(card.platform, card.id) for card in found["opus"]] == [
        ("openrouter", "openai/gpt-6.1-sol"),
        ("vertex", "claude-opus-5-5"),
    ]
    rates = [both_rates(card.price) or 0 for card in found["opus"]]
    assert rates == sorted(rates)
    assert CATALOG.elsewhere("claude_code", BUILT_IN, {}, TODAY, ["anthropic", "claude_code"]) == {}


def test_elsewhere_puts_a_model_without_a_price_last() -> None:
    tiers = {"fable": {"openai": "gpt-6.2-astra"}}
    found = CATALOG.elsewhere("claude_code", BUILT_IN, tiers, TODAY, ["openai", "bedrock"])
    assert [card.platform for card in found["fable"]] == ["bedrock", "openai"]


def test_the_stale_ratios_of_the_seed_are_called_stale() -> None:
    problems = CATALOG.ratio_problems(
        {"haiku": 1, "sonnet": 5, "opus": 25}, "claude_code", BUILT_IN, {}, TODAY
    )
    assert [problem.key for problem in problems] == [
        ("tiers", "sonnet", "cost_ratio"),
        ("tiers", "opus", "cost_ratio"),
    ]
    assert "by list price it is 20 times (claude-sonnet-5-5 against claude-haiku-5-5)" in problems[0].problem


@pytest.mark.parametrize(
    ("ratios", "stale"),
    [
        ({"haiku": 1, "sonnet": 20, "opus": 40, "fable": 80}, []),
        ({"haiku": 2, "sonnet": 40}, []),
        ({"haiku": 1, "sonnet": 24, "opus": 32}, []),
        ({"haiku": 1, "sonnet": 24.1, "opus": 31.9}, ["sonnet", "opus"]),
        ({"sonnet": 1, "opus": 2}, []),
        ({"sonnet": 1, "opus": 20}, ["opus"]),
        ({"haiku": 0, "sonnet": 1, "opus": 2}, []),
        ({"haiku": float("inf"), "sonnet": float("nan"), "opus": -3}, []),
        ({"no-such-tier": 9}, []),
        ({}, []),
    ],
)
def test_a_ratio_is_stale_when_it_is_off_by_more_than_a_fifth(ratios, stale) -> None:
    problems = CATALOG.ratio_problems(ratios, "claude_code", BUILT_IN, {}, TODAY)
    assert [problem.key[1] for problem in problems] == stale


def test_the_built_in_catalog_is_made_once() -> None:
    assert load_catalog() is load_catalog()
