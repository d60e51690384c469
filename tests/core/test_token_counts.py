"""Token counts: bytes to tokens by family, corrected by what was billed."""

from __future__ import annotations

from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog
from tierwise.core.tiers import BUILT_IN
from tierwise.core.token_counts import (
    HIDDEN_TOKENS,
    MICRO,
    SLOWEST_STEP,
    SMALLEST_SAMPLE_BYTES,
    TokenScale,
    first_scale,
)

FAMILIES = ("claude-5.5", "claude-4.8", "claude-haiku-4.5", "claude-3", "gpt-6.2", "", "llama")
SIZES = st.integers(0, 50_000_000)
OBSERVED = st.lists(st.tuples(st.integers(-5, 5_000_000), st.integers(-5, 5_000_000)), max_size=30)


def after(scale: TokenScale, observed: list[tuple[int, int]]) -> TokenScale:
    return reduce(lambda so_far, call: so_far.observe(*call), observed, scale)


SCALES = st.builds(after, st.sampled_from(FAMILIES).map(first_scale), OBSERVED)


@pytest.mark.parametrize(
    ("family", "tokens"),
    [
        ("claude-5.5", 35_715),
        ("claude-5", 35_715),
        ("claude-4.8", 35_715),
        ("claude-4.6", 27_778),
        ("claude-haiku-4.5", 27_778),
        ("claude-3", 27_778),
        ("gpt-responses-lite", 25_000),
        ("", 33_334),
        ("mistral", 33_334),
    ],
)
def test_a_family_starts_from_the_table(family: str, tokens: int) -> None:
    assert first_scale(family).expected(100_000) == pytest.approx(tokens, abs=1)


def test_every_family_of_the_catalog_starts_from_a_name_of_its_own() -> None:
    catalog = load_catalog()
    candidates = catalog.candidates("claude_code", BUILT_IN, {}, "2026-11-23")
    families = {card.family for cards in candidates.values() for card in cards}

    assert families
    assert all(first_scale(family) != first_scale("") for family in families)


@given(SCALES, SIZES)
def test_the_upper_bound_is_never_below_what_is_expected(scale: TokenScale, size: int) -> None:
    assert 0 <= scale.expected(size) <= scale.upper(size) <= size + HIDDEN_TOKENS


@given(SCALES, SIZES, SIZES)
def test_more_bytes_are_never_fewer_tokens(scale: TokenScale, one: int, other: int) -> None:
    small, large = sorted((one, other))

    assert scale.expected(small) <= scale.expected(large)
    assert scale.upper(small) <= scale.upper(large)


@given(SCALES, st.integers(SMALLEST_SAMPLE_BYTES, 5_000_000), st.integers(1, 5_000_000))
def test_an_observation_moves_the_expectation_towards_itself(
    scale: TokenScale, size: int, tokens: int
) -> None:
    seen = min(max(tokens / size, 0.01), 1.0)
    before, now = scale.ratio_micro / MICRO, scale.observe(size, tokens).ratio_micro / MICRO

    assert abs(now - seen) <= abs(before - seen) + SLOWEST_STEP / MICRO


@given(st.sampled_from(FAMILIES), st.integers(1_000, 100_000))
def test_what_is_always_the_same_is_soon_expected_exactly(family: str, tokens: int) -> None:
    scale = after(first_scale(family), [(100_000, tokens)] * 150)

    assert scale.expected(100_000) == pytest.approx(tokens, rel=0.01, abs=2)
    assert tokens <= scale.upper(100_000) <= 1.1 * tokens + HIDDEN_TOKENS


def test_a_few_calls_are_enough_to_learn_from() -> None:
    """After six the start from the table weighs a seventh."""
    scale = after(first_scale("claude-5.5"), [(100_000, 70_000)] * 6)

    assert scale.expected(100_000) == pytest.approx(70_000 - (70_000 - 35_714) / 7, abs=10)


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.25])
@pytest.mark.parametrize("family", ["claude-5.5", "gpt-6.2"])
def test_at_least_95_of_100_prompts_stay_within_the_upper_bound(family: str, spread: float) -> None:
    random, scale, within = Random(7), first_scale(family), 0
    for _ in range(1_000):
        size = random.randrange(20_000, 400_000)
        tokens = round(size / random.lognormvariate(1.2, spread))
        within += tokens <= scale.upper(size)
        scale = scale.observe(size, tokens)

    assert within >= 950


@pytest.mark.parametrize(
    ("size", "tokens"), [(0, 100), (-1, 100), (SMALLEST_SAMPLE_BYTES - 1, 900), (50_000, 0), (50_000, -3)]
)
def test_a_call_that_tells_nothing_changes_nothing(size: int, tokens: int) -> None:
    assert first_scale("claude-5.5").observe(size, tokens) == first_scale("claude-5.5")


def test_an_absurd_usage_counts_as_the_nearest_possible() -> None:
    scale = first_scale("claude-5.5")

    assert scale.observe(10_000, 10**12) == scale.observe(10_000, 10_000)
    assert scale.observe(10**9, 1) == scale.observe(10**9, 10**7)
    assert scale.expected(-1) == 0
