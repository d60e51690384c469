"""Budgets govern the calls that they are for, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.budgets import (
    DIMENSIONS,
    SCOPE_KINDS,
    UNITS,
    Budget,
    gauge_of,
    purse_of,
    purses_of,
    resets_words,
    scope_of,
)
from tierwise.core.entries import NO_TAGS, Standing, Tags
from tierwise.core.windows import DAY_US, HOUR_US, WEEK_US
from tierwise.core.zones import EVERYTHING, Scope, Thresholds, Zone, zone_of

NOW_US = int(datetime(2026, 11, 30, 19, 40, tzinfo=UTC).timestamp()) * 1_000_000
TAGS = Tags(
    session="s1", run="r1", agent="a1", skill="css", project="shop", key="k1", model="opus-5", tier="opus"
)
DAY = Budget("day", "daily", "usd", 5_000_000_000)
WEEK = Budget("week", "weekly", "usd", 5_000_000_000)


@pytest.mark.parametrize(
    ("scope", "governs"),
    [
        (EVERYTHING, EVERYTHING),
        (Scope("tier", "opus"), Scope("tier", "opus")),
        (Scope("tier", "haiku"), None),
        (Scope("model", "opus-5"), Scope("model", "opus-5")),
        (Scope("skill", "css"), Scope("skill", "css")),
        (Scope("skill", "map"), None),
        (Scope("project"), Scope("project", "shop")),
        (Scope("key"), Scope("key", "k1")),
        (Scope("session"), Scope("session", "s1")),
        (Scope("run"), Scope("run", "r1")),
        (Scope("run", "r2"), None),
    ],
)
def test_a_budget_governs_what_its_scope_covers(scope, governs) -> None:
    purse = purse_of(replace(WEEK, scope=scope), TAGS, NOW_US)
    assert (purse and Scope(purse.kind, purse.value)) == governs


@pytest.mark.parametrize("kind", [kind for kind in SCOPE_KINDS if kind != "all"])
def test_each_one_separately_is_nothing_for_a_call_without_one(kind) -> None:
    assert purse_of(replace(WEEK, scope=Scope(kind)), NO_TAGS, NOW_US) is None


def test_parent_and_children_of_a_run_share_one_purse() -> None:
    budget = replace(WEEK, scope=Scope("run"))
    child = replace(TAGS, agent="a2", session="s2")
    assert purse_of(budget, TAGS, NOW_US) == purse_of(budget, child, NOW_US)


def test_a_session_budget_counts_that_session_only() -> None:
    budget = Budget("talk", "session", "tokens", 200_000, Scope("tier", "opus"))
    purse = purse_of(budget, TAGS, NOW_US)
    assert purse is not None
    assert (purse.session, purse.since_us, purse.until_us, purse.kind) == ("s1", 0, None, "tier")
    assert purse_of(budget, replace(TAGS, session=""), NOW_US) is None


def test_before_the_decision_budgets_of_every_tier_and_model_are_looked_at() -> None:
    budgets = [
        replace(WEEK, name=str(scope), scope=scope)
        for scope in (Scope("tier", "haiku"), Scope("model", "x"), Scope("skill", "map"), Scope("tier"))
    ]
    open_tags = replace(TAGS, tier="", model="")
    assert [budget.name for budget, _ in purses_of(budgets, open_tags, NOW_US, undecided=True)] == [
        "tier=haiku",
        "model=x",
    ]
    assert [budget.name for budget, _ in purses_of(budgets, TAGS, NOW_US)] == ["tier"]


@pytest.mark.parametrize(
    "budget",
    [
        Budget("plan", "weekly", "percent", 80, quota="seven_day"),
        Budget("prompt", "context", "tokens", 150_000),
        Budget("prompt", "context", "percent", 80),
    ],
)
def test_what_is_observed_has_no_purse(budget) -> None:
    assert purse_of(budget, TAGS, NOW_US) is None
    assert not budget.in_ledger


@given(
    st.sampled_from(DIMENSIONS),
    st.sampled_from(UNITS),
    st.sampled_from(SCOPE_KINDS),
    st.sampled_from(["", "opus", "css"]),
    st.booleans(),
)
def test_a_purse_counts_the_moment_of_its_call(dimension, unit, kind, value, undecided) -> None:
    budget = Budget("any", dimension, unit, 5, Scope(kind, value))
    purse = purse_of(budget, TAGS, NOW_US, undecided=undecided)
    if purse is None:
        assert not budget.in_ledger or scope_of(budget, TAGS, undecided=undecided) is None
    else:
        assert purse.since_us <= NOW_US
        assert purse.until_us is None or purse.until_us > NOW_US
        assert (purse.limit, purse.unit, purse.name) == (5, unit, "any")


def test_a_gauge_speaks_the_unit_of_a_person() -> None:
    gauge = gauge_of(WEEK, Standing(1_000_000_000, 500_000_000), NOW_US, TAGS)
    assert (gauge.spent, gauge.limit, gauge.unit, gauge.share) == (1.5, 5.0, "usd", 0.3)
    tokens = gauge_of(replace(WEEK, unit="tokens", limit=200), Standing(50, 0), NOW_US, TAGS)
    assert (tokens.spent, tokens.limit) == (50, 200)


def test_a_gauge_knows_its_window_scope_and_zone_before() -> None:
    budget = Budget("day", "daily", "usd", 10**9, Scope("run"), hard=True, thresholds=Thresholds(0.5, 0.6))
    gauge = gauge_of(budget, Standing(0, 0), NOW_US, TAGS, before=Zone.RED)
    assert gauge.scope == Scope("run", "r1")
    assert gauge.elapsed == pytest.approx((19 + 40 / 60) / 24)
    assert (gauge.hard, gauge.before, gauge.thresholds) == (True, Zone.RED, Thresholds(0.5, 0.6))


def test_a_budget_may_say_itself_what_moves_its_zone() -> None:
    most = Standing(4_200_000_000, 0)
    own = {
        by: gauge_of(replace(DAY, zone_by=by), most, NOW_US, TAGS) for by in ("spent", "pace", "both", None)
    }
    assert {by: zone_of(gauge) for by, gauge in own.items()} == {
        "spent": Zone.YELLOW,
        "pace": Zone.YELLOW,
        "both": Zone.RED,
        None: Zone.YELLOW,
    }
    assert zone_of(own[None], zone_by="both") is Zone.RED
    assert zone_of(own["spent"], zone_by="both") is Zone.YELLOW


def test_what_nobody_knows_is_unknown_and_never_nothing() -> None:
    budget = Budget("plan", "weekly", "percent", 80, quota="seven_day")
    assert zone_of(gauge_of(budget, None, NOW_US, TAGS)) is Zone.UNKNOWN
    assert zone_of(gauge_of(budget, Standing(73, 0), NOW_US, TAGS)) is Zone.RED


def test_a_rolling_week_is_stricter_by_pace_only_if_a_week_at_that_pace_is_too_much() -> None:
    slow, fast = (gauge_of(WEEK, Standing(10**9, 0), NOW_US, TAGS, pace=pace) for pace in (0.9, 1.4))
    assert [zone_of(gauge, zone_by="both") for gauge in (slow, fast)] == [Zone.GREEN, Zone.YELLOW]
    assert fast.elapsed is not None
    assert fast.share is not None
    assert fast.share / fast.elapsed == pytest.approx(1.4)
    assert gauge_of(WEEK, Standing(10**9, 0), NOW_US, TAGS).elapsed is None


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget("b", "daily", "usd", 1), "in 4 h 20 min"),
        (Budget("b", "daily", "usd", 1, zone="Europe/Berlin"), "in 3 h 20 min"),
        (Budget("b", "monthly", "usd", 1), "in 4 h 20 min"),
        (Budget("b", "monthly", "usd", 1, billing_day=15), "on 15 December 00:00 (UTC)"),
        (
            Budget("b", "monthly", "usd", 1, billing_day=2, zone="Europe/Berlin"),
            "on 2 December 00:00 (Europe/Berlin)",
        ),
        (WEEK, "bit by bit, as spending grows older than 7 days"),
        (Budget("b", "session", "usd", 1), "with a new session"),
        (Budget("b", "context", "percent", 80), "with the next compaction or conversation"),
        (Budget("b", "weekly", "percent", 80, quota="q"), ""),
    ],
)
def test_a_budget_says_when_it_resets(budget, words) -> None:
    assert resets_words(budget, NOW_US) == words


def test_a_full_week_says_when_there_is_room_again() -> None:
    assert resets_words(WEEK, NOW_US, NOW_US + HOUR_US) == "in 1 h"
    assert resets_words(WEEK, NOW_US, NOW_US + 3 * DAY_US) == "on 3 December 19:40 (UTC)"
    assert gauge_of(WEEK, Standing(0, 0), NOW_US, TAGS, frees_us=NOW_US + WEEK_US).resets.startswith(
        "on 7 Dec"
    )
