"""Forecasts: what spending leads to, and that nothing is claimed without evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.forecast import Rate, Watched, forecast, rate_of, runs_out_us
from tierwise.core.windows import DAY_US, HOUR_US, MINUTE_US, WEEK_US

NOW_US = 100 * WEEK_US
HOURLY = tuple((NOW_US - hour * HOUR_US, 10) for hour in range(11, -1, -1))
"""10 an hour for half a day."""
DAY = Watched(HOURLY, NOW_US - 12 * HOUR_US, NOW_US, NOW_US + 12 * HOUR_US)


def test_steady_spending_runs_out_when_arithmetic_says_so() -> None:
    even = replace(DAY, spends=tuple((NOW_US - 12 * HOUR_US + n * HOUR_US, 10) for n in range(12)))
    found = forecast(even, 180)
    assert found.rate is not None
    assert found.rate.per_hour == 10
    assert (found.state, found.run_out_us) == ("runs_out", NOW_US + 6 * HOUR_US)
    assert found.pace == pytest.approx(120 / 180 / 0.5)
    assert found.earliest_us is not None
    assert found.earliest_us < found.run_out_us
    assert found.latest_us is None or found.latest_us > found.run_out_us


def test_what_is_left_at_the_reset_lasts() -> None:
    found = forecast(DAY, 1_000)
    assert (found.state, found.run_out_us, found.latest_us) == ("lasts", None, None)


def test_the_recent_half_weighs_three_times_the_older() -> None:
    early = replace(DAY, spends=tuple((NOW_US - 12 * HOUR_US + n, 40) for n in range(3)))
    late = replace(DAY, spends=tuple((NOW_US - n, 40) for n in range(3)))
    rates = [rate_of(watched) for watched in (early, late)]
    assert [rate.per_hour for rate in rates if rate] == [5, 15]


@pytest.mark.parametrize(
    "watched",
    [
        replace(DAY, spends=()),
        replace(DAY, spends=HOURLY[:2]),
        replace(DAY, spends=((NOW_US, 0),) * 9),
        replace(DAY, since_us=NOW_US - 9 * MINUTE_US),
    ],
)
def test_too_little_evidence_is_unknown(watched) -> None:
    found = forecast(watched, 1_000)
    assert (found.state, found.rate, found.run_out_us) == ("unknown", None, None)


def test_without_a_limit_there_is_a_rate_and_no_end() -> None:
    found = forecast(DAY, None)
    assert (found.state, found.run_out_us, found.pace) == ("unlimited", None, None)
    assert found.rate is not None


def test_what_is_spent_has_run_out_now_also_without_evidence() -> None:
    found = forecast(replace(DAY, spends=HOURLY[:1], held=5), 15)
    assert (found.state, found.run_out_us) == ("spent", NOW_US)
    assert forecast(DAY, 0).state == "spent"


def test_a_rolling_week_counts_what_leaves_it() -> None:
    """100 leave in an hour; at 10 an hour the week is never full, though 30 hours would fill it."""
    old = (NOW_US - WEEK_US + HOUR_US, 100)
    week = Watched((old, *HOURLY), NOW_US - WEEK_US + 1, NOW_US, rolling=True)
    rate = Rate(10, HOUR_US)
    spent = week.spent
    assert runs_out_us(week, spent + 5, rate) == NOW_US + HOUR_US // 2
    assert runs_out_us(week, spent + 20, rate) == NOW_US + 12 * HOUR_US
    assert runs_out_us(week, spent + 2_000, rate) is None


def test_the_pace_of_a_rolling_week_is_what_a_week_at_this_rate_would_use() -> None:
    spends = tuple((NOW_US - hour * HOUR_US, 1) for hour in range(168))
    week = Watched(spends, NOW_US - WEEK_US, NOW_US, rolling=True)
    found = forecast(week, 336)
    assert found.pace == pytest.approx(0.5, rel=0.02)
    assert found.state == "lasts"


def test_a_session_that_never_ends_runs_out_some_day() -> None:
    assert forecast(replace(DAY, until_us=None), 10**6).state == "runs_out"


# -- properties --------------------------------------------------------------------------------------------

MOMENTS = st.integers(NOW_US - DAY_US, NOW_US)
SPENDS = st.lists(st.tuples(MOMENTS, st.integers(1, 10**6)), min_size=3, max_size=12)
ENDS = st.sampled_from(["reset", "rolling", "never"])
LATER_THAN_ALL = 2**62


def watching(spends: list[tuple[int, int]], ends: str, held: int = 0) -> Watched:
    until_us = NOW_US + DAY_US if ends == "reset" else None
    return Watched(tuple(spends), NOW_US - DAY_US, NOW_US, until_us, ends == "rolling", held)


@given(SPENDS, st.tuples(MOMENTS, st.integers(0, 10**6)), st.integers(1, 10**7), ENDS)
def test_more_spending_never_moves_the_run_out_later(spends, more, limit, ends) -> None:
    before = forecast(watching(spends, ends), limit)
    after = forecast(watching([*spends, more], ends), limit)
    assert (after.run_out_us or LATER_THAN_ALL) <= (before.run_out_us or LATER_THAN_ALL)


@given(SPENDS, st.integers(0, 10**6), st.integers(1, 10**7), ENDS)
def test_what_is_held_counts_as_spent(spends, held, limit, ends) -> None:
    free, tied = (forecast(watching(spends, ends, held=amount), limit) for amount in (0, held))
    assert (tied.run_out_us or LATER_THAN_ALL) <= (free.run_out_us or LATER_THAN_ALL)


@given(SPENDS, st.integers(1, 10**7), st.integers(0, 10**7), ENDS)
def test_a_higher_limit_never_runs_out_sooner(spends, limit, more, ends) -> None:
    low, high = (forecast(watching(spends, ends), level) for level in (limit, limit + more))
    assert (low.run_out_us or LATER_THAN_ALL) <= (high.run_out_us or LATER_THAN_ALL)


@given(SPENDS, st.integers(1, 10**7), ENDS)
def test_the_run_out_lies_within_its_interval(spends, limit, ends) -> None:
    found = forecast(watching(spends, ends), limit)
    moments = (found.earliest_us, found.run_out_us, found.latest_us)
    ordered = [LATER_THAN_ALL if moment is None else moment for moment in moments]
    assert ordered == sorted(ordered)
    assert ordered[0] >= NOW_US


@given(SPENDS, st.integers(1, 10**6), st.integers(1, 10**7), ENDS)
def test_at_the_run_out_the_level_is_reached_and_not_a_moment_sooner(spends, missing, amount, ends) -> None:
    watched, rate = watching(spends, ends), Rate(amount, DAY_US)
    level = watched.spent + missing

    def spent_at(at_us: int) -> float:
        gone = sum(spent for when, spent in spends if ends == "rolling" and when + WEEK_US <= at_us)
        return watched.spent - gone + rate.amount * (at_us - NOW_US) / rate.over_us

    reached_us = runs_out_us(watched, level, rate)
    if reached_us is None:
        assert watched.until_us is None or spent_at(watched.until_us - 1) < level + 1e-6
    else:
        assert spent_at(reached_us) >= level - 1e-6
        assert spent_at(reached_us - 1) < level
