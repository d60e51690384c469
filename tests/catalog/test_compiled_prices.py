"""The compiled data says what genai-prices and the hand-written file say, exactly."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.catalog.models import load_catalog
from tierwise.core.prices import Rates, cost_nanousd
from tierwise.core.usage import Usage

ROOT = Path(__file__).resolve().parents[2]
CATALOG = load_catalog()
PROVIDERS = {"anthropic": "anthropic", "openai": "openai", "openrouter": "openrouter", "bedrock": "aws"}
UNPRICED = {("codex", "gpt-6.2-astra"), ("openai", "gpt-6.2-astra"), ("codex", "gpt-5.3-codex-spark")}
BY_HAND = {("codex", "gpt-6.2-sol"), ("openai", "gpt-6.2-sol")}


def usd(*rates: float | None) -> Rates:
    return Rates(*(None if rate is None else round(rate * 1_000_000) for rate in rates))


def test_the_compiled_files_are_not_stale() -> None:
    command = [sys.executable, "tools/compile_prices.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


LIST_PRICES = [
    # model, input, output, read, write 5m, write 1h: research/clients.md section 1
    ("claude-haiku-5-5", usd(0.10, 0.50, 0.01, 0.125, 0.20)),
    ("claude-sonnet-5-5", usd(2, 10, 0.10, 2.50, 4)),
    ("claude-opus-5-5", usd(4, 20, 0.20, 5, 8)),
    ("claude-fable-5-2", usd(8, 40, 0.20, 10, 16)),
    ("claude-haiku-4-5", usd(1, 5, 0.10, 1.25, 2)),
    ("claude-sonnet-4-6", usd(3, 15, 0.30, 3.75, 6)),
    ("claude-opus-4-6", usd(5, 25, 0.50, 6.25, 10)),
    ("claude-opus-5", usd(5, 25, 0.50, 6.25, 10)),
    ("claude-fable-5", usd(10, 50, 1, 12.50, 20)),
    ("gpt-6-luna", usd(0.10, 0.50, 0.01, 0.125, None)),
    ("gpt-5.3-codex", usd(1.75, 14, 0.175, None, None)),
]


@pytest.mark.parametrize(("name", "rates"), LIST_PRICES)
def test_the_list_prices_of_today_are_exact(name: str, rates: Rates) -> None:
    price = CATALOG.price_at(name, "2026-11-22")
    assert price is not None
    assert price.base == rates


def test_a_prompt_of_100k_still_costs_haikus_base_rates_and_one_token_more_does_not() -> None:
    price = CATALOG.price_at("claude-haiku-5-5", "2026-11-22")
    assert price is not None
    assert price.long_prompt_tokens == 100_000
    assert price.rates(100_000) == usd(0.10, 0.50, 0.01, 0.125, 0.20)
    assert price.rates(100_001) == usd(0.50, 2.50, 0.05, 0.625, 1)


def test_the_5_5_family_costs_1_to_20_to_40_to_80() -> None:
    prices = [CATALOG.price_at(name, "2026-11-22") for name, _ in LIST_PRICES[:4]]
    haiku = prices[0]
    assert haiku is not None
    for part in ("input", "output"):
        unit = getattr(haiku.base, part)
        assert [getattr(price.base, part) / unit for price in prices if price] == [1, 20, 40, 80]


@pytest.mark.parametrize(
    ("name", "day", "base", "step"),
    [
        ("claude-sonnet-4-6", "2026-03-12", usd(3, 15, 0.30, 3.75, 6), 200_000),
        ("claude-sonnet-4-6", "2026-03-13", usd(3, 15, 0.30, 3.75, 6), None),
        ("gpt-5.6-sol", "2026-08-20", usd(5, 30, 0.50, 6.25, None), 272_000),
        ("gpt-5.6-sol", "2026-08-21", usd(4, 20, 0.40, 5, None), 272_000),
        ("gpt-5.6-luna", "2026-07-29", usd(1, 6, 0.10, 1.25, None), 272_000),
        ("gpt-5.6-luna", "2026-07-30", usd(0.20, 1.20, 0.02, 0.25, None), 272_000),
    ],
)
def test_a_price_holds_from_its_own_day_on(name: str, day: str, base: Rates, step: int | None) -> None:
    price = CATALOG.price_at(name, day)
    assert price is not None
    assert (price.base, price.long_prompt_tokens) == (base, step)


def test_only_the_models_that_are_said_to_have_no_price_have_none() -> None:
    assert {(x.platform, x.id) for x in CATALOG.listings if not x.prices} == UNPRICED


def test_every_price_names_its_source_and_its_version() -> None:
    sources = {(x.platform, x.id): {price.source for price in x.prices} for x in CATALOG.listings}
    for key, named in sources.items():
        start = "https://developers.openai.com/" if key in BY_HAND else "genai-prices "
        assert all(source.startswith(start) for source in named)


def test_entries_are_in_the_order_of_their_days() -> None:
    for listing in CATALOG.listings:
        days = [price.since for price in listing.prices]
        assert days == sorted(set(days))


PRICED = [
    x for x in CATALOG.listings if x.platform in PROVIDERS and x.prices and (x.platform, x.id) not in BY_HAND
]
TOKENS = st.integers(0, 400_000)


@settings(max_examples=60)
@given(
    st.sampled_from(PRICED),
    TOKENS,
    TOKENS,
    TOKENS,
    TOKENS,
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_a_call_costs_what_genai_prices_says_to_the_nanodollar(
    listing, fresh, read, write, output, day
) -> None:
    provider = next(p for p in get_snapshot().providers if p.id == PROVIDERS[listing.platform])
    model = provider.find_model(listing.id)
    assert model is not None
    price = CATALOG.price_at(listing.id, day.isoformat(), listing.platform)
    assert price is not None
    read = read if price.base.cache_read is not None else 0
    write = write if price.base.cache_write_5m is not None else 0
    theirs = TheirUsage(
        input_tokens=fresh + read + write,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=0,
        output_tokens=output,
    )
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    expected = model.calc_price(theirs, provider, genai_request_timestamp=at).total_price
    ours = cost_nanousd(Usage(fresh, output, read, write), price)
    assert ours is not None
    assert 0 <= ours - expected * 1_000_000_000 < 1
