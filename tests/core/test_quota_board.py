"""The board of quotas: what a platform said is believed for a while, and then it is unknown, never 0."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.quotas import BELIEVED_US, HOUR_US, QUOTAS_MAX, QuotaBoard, QuotaReading
from tierwise.core.zones import Zone, zone_of

NOW_US = 1_790_000_000_000_000
NAMES = st.sampled_from(("anthropic-5h", "anthropic-7d", "codex-7d"))
READINGS = st.builds(
    QuotaReading,
    NAMES,
    st.none() | st.floats(0, 3),
    st.none() | st.integers(NOW_US - HOUR_US, NOW_US + 200 * HOUR_US),
    st.none() | st.integers(0, 800 * HOUR_US),
    st.sampled_from(("", "allowed", "rejected")),
)
MOMENTS = st.integers(NOW_US - 2 * HOUR_US, NOW_US + 2 * HOUR_US)
SEEN = st.lists(st.tuples(st.lists(READINGS, max_size=3), MOMENTS), max_size=6)


def board_of(seen: list[tuple[list[QuotaReading], int]]) -> QuotaBoard:
    board = QuotaBoard()
    for readings, seen_us in seen:
        board = board.with_readings(readings, seen_us)
    return board


def five_hours(used: float | None, resets_us: int | None = NOW_US + HOUR_US) -> QuotaReading:
    return QuotaReading("anthropic-5h", used, resets_us, 5 * HOUR_US, "allowed")


@given(SEEN, NAMES, st.floats(1, 100), MOMENTS)
def test_a_gauge_is_the_last_word_or_unknown(
    seen: list[tuple[list[QuotaReading], int]], name: str, limit: float, now_us: int
) -> None:
    gauge = board_of(seen).gauge(name, limit, now_us)
    told = {reading.used for readings, _ in seen for reading in readings if reading.name == name}

    if gauge.limit is None:
        assert zone_of(gauge) is Zone.UNKNOWN
        assert gauge.share is None
    else:
        assert any(used is not None and gauge.spent == pytest.approx(100 * used, abs=1e-5) for used in told)
        assert gauge.elapsed is None or 0 <= gauge.elapsed <= 1


@given(st.lists(READINGS, min_size=1), st.integers(-HOUR_US, HOUR_US))
def test_nothing_is_believed_after_its_reset_or_half_an_hour(
    readings: list[QuotaReading], later_us: int
) -> None:
    board = QuotaBoard().with_readings(readings, NOW_US)
    last = readings[-1]
    over = last.resets_us is not None and NOW_US + later_us >= last.resets_us
    believed = not over and abs(later_us) <= BELIEVED_US and last.used is not None

    assert board.known(last.name, NOW_US + later_us) == (last if believed else None)


@given(READINGS, READINGS, MOMENTS, st.integers(1, BELIEVED_US))
def test_of_two_readings_the_newer_holds_in_whichever_order_they_arrive(
    older: QuotaReading, other: QuotaReading, at_us: int, apart_us: int
) -> None:
    newer = replace(other, name=older.name)
    in_order = QuotaBoard().with_readings([older], at_us).with_readings([newer], at_us + apart_us)
    reversed_ = QuotaBoard().with_readings([newer], at_us + apart_us).with_readings([older], at_us)

    assert in_order == reversed_
    assert in_order.sightings[0].reading == newer


def test_a_share_becomes_percent_of_the_percent_allowed() -> None:
    board = QuotaBoard().with_readings([five_hours(0.72)], NOW_US)
    gauge = board.gauge("anthropic-5h", 80, NOW_US)

    assert (gauge.name, gauge.spent, gauge.limit, gauge.unit) == ("anthropic-5h", 72, 80, "percent")
    assert (gauge.dimension, gauge.elapsed, gauge.resets) == ("session", 0.8, "in 1 h")
    assert zone_of(gauge) is Zone.RED
    assert zone_of(board.gauge("anthropic-5h", 100, NOW_US)) is Zone.YELLOW
    assert zone_of(board.gauge("anthropic-5h", 72, NOW_US)) is Zone.EXHAUSTED
    assert zone_of(board.gauge("anthropic-5h", None, NOW_US)) is Zone.UNKNOWN


@pytest.mark.parametrize(
    ("reading", "now_us"),
    [
        (five_hours(0.5), NOW_US + HOUR_US),
        (five_hours(0.5, resets_us=None), NOW_US + BELIEVED_US + 1),
        (five_hours(0.5, resets_us=None), NOW_US - BELIEVED_US - 1),
        (five_hours(None), NOW_US),
        (QuotaReading("anthropic-7d", 0.5), NOW_US),
    ],
    ids=["after its reset", "without news", "the clock set back", "no share told", "never told"],
)
def test_a_gone_signal_is_unknown_and_not_zero(reading: QuotaReading, now_us: int) -> None:
    board = QuotaBoard().with_readings([reading], NOW_US)
    gauge = board.gauge("anthropic-5h", 100, now_us)

    assert board.known("anthropic-5h", now_us) is None
    assert (gauge.name, gauge.unit, gauge.limit) == ("anthropic-5h", "percent", None)
    assert zone_of(gauge) is Zone.UNKNOWN


def test_a_reading_holds_until_its_window_resets() -> None:
    board = QuotaBoard().with_readings([five_hours(0.5, resets_us=NOW_US + 1_000)], NOW_US)

    assert board.known("anthropic-5h", NOW_US + 999) is not None
    assert board.known("anthropic-5h", NOW_US + 1_000) is None


def test_a_reading_holds_to_the_last_moment() -> None:
    board = QuotaBoard().with_readings([five_hours(0.5, resets_us=NOW_US + BELIEVED_US + 1)], NOW_US)

    assert board.known("anthropic-5h", NOW_US + BELIEVED_US) is not None
    assert board.known("anthropic-5h", NOW_US + BELIEVED_US + 1) is None


def test_a_clock_set_back_does_not_freeze_the_board() -> None:
    board = QuotaBoard().with_readings([five_hours(0.9)], NOW_US)
    board = board.with_readings([five_hours(0.1)], NOW_US - HOUR_US)

    assert board.gauge("anthropic-5h", 100, NOW_US - HOUR_US).spent == 10


@pytest.mark.parametrize(
    ("hours", "dimension"),
    [(None, "session"), (5, "session"), (24, "daily"), (168, "weekly"), (720, "monthly")],
)
def test_the_dimension_follows_from_the_windows_length(hours: int | None, dimension: str) -> None:
    window_us = None if hours is None else hours * HOUR_US
    board = QuotaBoard().with_readings([QuotaReading("q", 0.1, window_us=window_us)], NOW_US)

    assert board.gauge("q", 100, NOW_US).dimension == dimension


def test_invented_names_do_not_fill_the_memory() -> None:
    board = QuotaBoard()
    for number in range(3 * QUOTAS_MAX):
        board = board.with_readings([QuotaReading(f"q{number}", 0.1), five_hours(0.5)], NOW_US + number)
        assert board.known("anthropic-5h", NOW_US + number) is not None

    assert len(board.sightings) == QUOTAS_MAX
    assert board.known("q0", NOW_US + 200) is None
