"""Windows are exact: they tile time, at every end and in every time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.windows import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    WEEK_US,
    duration_words,
    frees_us,
    is_zone,
    moment_words,
    window,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"))


def us(text: str, zone: str = "UTC", fold: int = 0) -> int:
    """The moment at which the clock of the zone reads this."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return (local - EPOCH) // timedelta(microseconds=1)


MOMENTS = st.integers(us("2024-01-01"), us("2030-12-31T23:59:59"))


@given(ZONES, MOMENTS, st.sampled_from(["daily", "monthly"]), st.integers(1, 31))
def test_windows_tile_time_without_gap_or_overlap(zone, at_us, dimension, billing_day) -> None:
    here = window(dimension, zone, billing_day, at_us)
    assert here.until_us is not None
    assert here.since_us <= at_us < here.until_us
    last = window(dimension, zone, billing_day, here.until_us - 1)
    first = window(dimension, zone, billing_day, here.since_us)
    assert {(one.since_us, one.until_us) for one in (first, last)} == {(here.since_us, here.until_us)}
    assert window(dimension, zone, billing_day, here.until_us).since_us == here.until_us
    assert window(dimension, zone, billing_day, here.since_us - 1).until_us == here.since_us


@given(ZONES, MOMENTS, st.integers(-36 * HOUR_US, 36 * HOUR_US))
def test_moments_are_in_one_window_if_the_clock_says_the_same_day(zone, one_us, later_us) -> None:
    """In these years no clock is put back from one day into the one before."""
    other_us = one_us + later_us
    days = [(EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone)) for at in (one_us, other_us)]
    starts = [window("daily", zone, 1, at).since_us for at in (one_us, other_us)]
    assert (starts[0] == starts[1]) == (days[0].date() == days[1].date())


@given(ZONES, MOMENTS, st.integers(1, 31))
def test_a_month_begins_on_its_billing_day_or_the_last_day_before(zone, at_us, billing_day) -> None:
    begins = window("monthly", zone, billing_day, at_us).since_us
    local = (EPOCH + timedelta(microseconds=begins)).astimezone(ZoneInfo(zone))
    tomorrow = local + timedelta(1)
    assert local.day == billing_day or (local.day < billing_day and tomorrow.day == 1)
    assert begins == window("daily", zone, 1, begins).since_us


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T12:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00", 25),
        ("Europe/Berlin", "2026-11-23T12:00", 24),
        ("Australia/Lord_Howe", "2026-04-05T12:00", 24.5),
        ("UTC", "2026-03-29T12:00", 24),
    ],
)
def test_a_day_is_as_long_as_the_clock_makes_it(zone, noon, hours) -> None:
    day = window("daily", zone, 1, us(noon, zone))
    assert day.until_us is not None
    assert (day.until_us - day.since_us) / HOUR_US == hours


def test_a_day_without_midnight_begins_when_the_clock_jumps() -> None:
    zone = "America/Sao_Paulo"
    day = window("daily", zone, 1, us("2018-11-04T12:00", zone))
    assert (day.since_us, day.until_us) == (us("2018-11-04T01:00", zone), us("2018-11-05T00:00", zone))
    assert window("daily", zone, 1, day.since_us - 1).until_us == day.since_us


def test_a_jump_that_begins_before_midnight_is_found_to_the_second() -> None:
    """On 1919-03-30 the clock in Toronto went from 23:30 to 00:30."""
    zone = "America/Toronto"
    day = window("daily", zone, 1, us("1971-01-01T12:00", zone))
    assert day.elapsed == 0.5
    jump = window("daily", zone, 1, us("1919-03-31T12:00", zone))
    assert jump.since_us == us("1919-03-31T00:30", zone)


def test_an_hour_that_is_put_back_over_midnight_belongs_to_the_new_day() -> None:
    """In 2006 the clock in St. John's went from 00:01 back to 23:01."""
    zone = "America/St_Johns"
    begins = us("2006-10-29T00:00", zone)
    again = us("2006-10-28T23:30", zone, fold=1)
    assert again > begins
    assert window("daily", zone, 1, again).since_us == begins
    assert window("monthly", zone, 29, again).since_us == begins


def test_a_billing_day_is_anchored_and_never_drifts() -> None:
    starts = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    for since, until in pairwise(starts):
        month = window("monthly", "UTC", 31, us(since))
        assert (month.since_us, month.until_us) == (us(since), us(until))
    assert window("monthly", "UTC", 30, us("2028-02-29")).since_us == us("2028-02-29")


@given(MOMENTS)
def test_a_rolling_week_is_168_hours_and_has_no_end(at_us) -> None:
    week = window("weekly", "Europe/Berlin", 1, at_us)
    assert (at_us - week.since_us + 1, week.until_us, week.elapsed) == (168 * HOUR_US, None, None)


def test_a_session_counts_from_the_beginning() -> None:
    assert window("session", "UTC", 1, us("2026-11-23")).since_us == 0


@given(ZONES, MOMENTS)
def test_the_elapsed_share_grows_from_nothing_to_almost_one(zone, at_us) -> None:
    day = window("daily", zone, 1, at_us)
    assert day.until_us is not None
    shares = [window("daily", zone, 1, at).elapsed for at in (day.since_us, at_us, day.until_us - 1)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] < 1


SPENDS = st.lists(st.tuples(st.integers(0, 2 * WEEK_US), st.integers(1, 1_000)), max_size=8)


@given(SPENDS, st.integers(0, 8_000))
def test_room_comes_back_at_the_first_moment_at_which_enough_has_left(spends, amount) -> None:
    now_us = 2 * WEEK_US

    def within(at_us: int) -> int:
        since_us = window("weekly", "UTC", 1, at_us).since_us
        return sum(spent for when, spent in spends if since_us <= when)

    frees = frees_us(spends, amount, now_us)
    if frees is None:
        assert within(now_us) < amount
    else:
        assert within(now_us) - within(frees) >= amount
        assert frees == now_us or within(now_us) - within(frees - 1) < amount


def test_words_say_moment_and_span() -> None:
    assert (
        moment_words(us("2026-12-01", "Europe/Berlin"), "Europe/Berlin") == "1 December 00:00 (Europe/Berlin)"
    )
    spans = (3 * HOUR_US + 20 * MINUTE_US, 2 * DAY_US, 2 * DAY_US + HOUR_US, HOUR_US, MINUTE_US, 1, -5)
    assert [duration_words(span) for span in spans] == [
        "3 h 20 min", "2 d", "2 d 1 h", "1 h", "1 min", "less than a minute", "less than a minute",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Europe/Berlin", True),
        ("UTC", True),
        ("Europe", False),
        ("Berlin", False),
        ("../x", False),
        ("", False),
    ],
)
def test_a_zone_is_known_by_its_name_only(name, known) -> None:
    assert is_zone(name) is known
