"""A name means a model exactly, by alias, or by a date and other decorations; never by a part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog
from tierwise.catalog.names import keys_of

CATALOG = load_catalog()
LISTINGS = st.sampled_from(CATALOG.listings)

MEANT = [
    ("claude-opus-5-5", "claude-opus-5-5"),
    ("Claude-Opus-5-5", "claude-opus-5-5"),
    ("  claude-opus-5-5 ", "claude-opus-5-5"),
    ("claude-opus-5-5[1m]", "claude-opus-5-5"),
    ("claude-opus-5-5-20260901", "claude-opus-5-5"),
    ("claude-opus-5-5-20260901[1M]", "claude-opus-5-5"),
    ("claude-opus-5.5", "claude-opus-5-5"),
    ("claude-5.5-opus", "claude-opus-5-5"),
    ("anthropic/claude-opus-5-5", "claude-opus-5-5"),
    ("claude-opus-5", "claude-opus-5"),
    ("claude-opus-4-20250514", "claude-opus-4-0"),
    ("claude-3-5-haiku-20241022", "claude-3-5-haiku"),
    ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
    ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
    ("claude-opus-4-6@default", "claude-opus-4-6"),
    ("us.anthropic.claude-opus-5-5", "claude-opus-5-5"),
    ("us-gov.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
    ("global.anthropic.claude-sonnet-5-5-v1:0", "claude-sonnet-5-5"),
    ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
    ("gpt-6-luna-2026-05-01", "gpt-6-luna"),
    ("gpt-6.1-sol-20260929", "gpt-6.1-sol"),
    ("openai/gpt-6.1-sol", "gpt-6.1-sol"),
    ("openai/gpt-6.1-sol-20260929", "gpt-6.1-sol"),
    ("gpt-5.1-codex", "gpt-5.1-codex"),
    ("gpt-5.1-codex-mini", "gpt-5.1-codex-mini"),
    ("gpt-5.1-codex-max", "gpt-5.1-codex-max"),
    ("gpt-5.1", "gpt-5.1"),
    ("gpt-5.6", "gpt-5.6-sol"),
    ("codex-spark", "gpt-5.3-codex-spark"),
]

UNKNOWN = [
    "",
    "claude",
    "claude-opus",
    "claude-opus-5-5-evil",
    "evil-claude-opus-5-5",
    "evil/claude-opus-5-5",
    "claude-opus-5-5-20261399",
    "claude-opus-5-5-20260230x",
    "claude-opus-5-5-20260901-20260901",
    "claude-opus-5-5[1m][1m]",
    "claude-opus-5-5[1m]-20260901",
    "claude-opus-5-5\n-evil",
    "claude-opus-5-6",
    "claude-haiku-5",
    "us.us.anthropic.claude-opus-5-5",
    "xx.anthropic.claude-opus-5-5",
    "us.claude-opus-5-5",
    "claude-opus-5-5-v1:0",
    "openai/claude-opus-5-5",
    "anthropic/claude-opus-5.5:batch",
    "gpt-6",
    "gpt-6-lunar",
    "gpt-5.1-codex-mini-high",
    "gpt-5.3-codex-xl",
    "gpt-6-luna-2026-0501",
    "glm-5.3",
    "claude-opus-5-5" + "x" * 10_000,
    "anthropic." + "-v1" * 10_000,
]


@pytest.mark.parametrize(("name", "model"), MEANT)
def test_a_name_means_the_model_that_it_says(name: str, model: str) -> None:
    listing = CATALOG.find(name)
    assert listing is not None
    assert listing.model.id == model


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_name_stays_unknown(name: str) -> None:
    assert CATALOG.get(name) is None
    assert CATALOG.tier_of(name) is None
    assert CATALOG.price_at(name, "2026-11-23") is None


def test_a_platform_knows_only_what_it_lists() -> None:
    assert CATALOG.get("gpt-6-sol", "claude_code") is None
    assert CATALOG.get("claude-opus-5-5", "codex") is None
    assert CATALOG.get("claude-opus-5-5", "no-such-platform") is None


def test_a_name_without_a_platform_means_the_makers_own_before_its_clients_and_resellers() -> None:
    found = {name: card.platform for name in ("claude-opus-5-5", "gpt-6-sol") if (card := CATALOG.get(name))}
    assert found == {"claude-opus-5-5": "anthropic", "gpt-6-sol": "openai"}


def test_a_regional_profile_is_not_priced_as_the_global_one() -> None:
    regional = CATALOG.get("eu.anthropic.claude-opus-5-5", "bedrock")
    glob = CATALOG.get("global.anthropic.claude-opus-5-5", "bedrock")
    assert regional is not None
    assert glob is not None
    assert regional.price is not None
    assert glob.price is not None
    assert (regional.price.base.input, glob.price.base.input) == (4_400_000, 4_000_000)


@given(LISTINGS)
def test_every_listed_id_means_itself(listing) -> None:
    assert CATALOG.find(listing.id, listing.platform) is listing
    anywhere = CATALOG.find(listing.id)
    assert anywhere is not None
    assert anywhere.model.id == listing.model.id


@given(LISTINGS, st.sampled_from(["-20260901", "-2026-09-01", "@20260901", "[1m]", "-20260901[1m]"]))
def test_a_date_or_a_window_changes_no_model(listing, suffix: str) -> None:
    plain = keys_of(listing.id)[-1]
    for platform in (None, listing.platform):
        before, after = CATALOG.find(plain, platform), CATALOG.find(plain + suffix, platform)
        assert after is before is not None


@given(LISTINGS, st.sampled_from(["-evil", "x", " x", "-v9x", "/..", "[1m", ":batch", "-2026", "\n", "*"]))
def test_an_id_with_something_added_is_unknown(listing, junk: str) -> None:
    assert CATALOG.find(listing.id + junk + "x") is None
    assert CATALOG.find("x" + junk + listing.id) is None


@given(st.text(max_size=60))
def test_no_name_is_a_crash(name: str) -> None:
    CATALOG.get(name)
    CATALOG.get(name, "bedrock", "2026-11-23")


def test_no_two_models_share_a_key_on_a_platform() -> None:
    for platform in CATALOG.platforms:
        owners: dict[str, str] = {}
        for listing in (x for x in CATALOG.listings if x.platform == platform):
            names = (listing.id, listing.model.id, keys_of(listing.id)[-1], *listing.model.aliases)
            for name in names:
                assert owners.setdefault(name.lower(), listing.model.id) == listing.model.id


def test_no_two_models_share_an_alias_anywhere() -> None:
    owners: dict[str, str] = {}
    for model in {x.model.id: x.model for x in CATALOG.listings}.values():
        for name in (model.id, *model.aliases):
            assert owners.setdefault(name, model.id) == model.id
