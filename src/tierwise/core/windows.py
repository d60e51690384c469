"""Windows: from when to when a budget counts, exact to the microsecond.

    daily     one calendar day of the budget's time zone: 23, 24 or 25 hours
    weekly    the last 168 hours, rolling: nothing resets, old spending leaves hour by hour
    monthly   from one billing day to the next; a day that a month lacks is that month's last
    session   all of it, and so is `context`, which counts one prompt and no time

A window holds `since_us` and ends before `until_us`. Days begin at the first moment that reads midnight or
later on the clock, also where midnight is skipped; where a clock is put back over midnight the new day has
begun. So windows tile time: every moment is in exactly one day and one month. Billing days are taken from the
anchor and never from the month before: 31 Jan, 28 Feb, 31 Mar.

Source: rules.md section 4; research/platform.md section B3.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Dimension = Literal["context", "session", "daily", "weekly", "monthly"]
Spend = tuple[int, int]
"""When (µs), and how much in the budget's unit."""

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
WEEK_US: Final = 7 * DAY_US
BILLING_DAYS: Final = range(1, 32)
MONTHS: Final = (
    "January February March April May June July August September October November December".split()
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """From `since_us` until before `until_us` (None: no end). `elapsed` is the share that has passed,
    0 ≤ elapsed < 1; None for a window that has no end.
    """

    since_us: int
    until_us: int | None = None
    elapsed: float | None = None


def window(dimension: Dimension, zone: str, billing_day: int, at_us: int) -> Window:
    """The window of that dimension that holds `at_us` (µs UTC, years 1970 to 9998).

    `zone` is an IANA name that `is_zone` knows, `billing_day` 1 to 31; what a dimension has no use for is
    not looked at.
    """
    match dimension:
        case "daily":
            return _calendar(zone, None, at_us)
        case "monthly":
            return _calendar(zone, billing_day, at_us)
        case "weekly":
            return Window(at_us - WEEK_US + 1)
        case "session" | "context":
            return Window(0)


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone that this machine's tables have."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of the tables, such as `Europe`
        return False
    return True


def frees_us(spends: Iterable[Spend], amount: int, at_us: int) -> int | None:
    """The first moment from `at_us` on at which `amount` of the rolling week's spending has left it.

    `at_us` itself if nothing has to leave; None if all that there is would not be enough.
    """
    if amount <= 0:
        return at_us
    for spent_us, spent in sorted(spends):
        if spent_us > at_us - WEEK_US:
            amount -= spent
            if amount <= 0:
                return spent_us + WEEK_US
    return None


# -- in words ----------------------------------------------------------------------------------------------


@lru_cache(1_024)
def moment_words(at_us: int, zone: str) -> str:
    """`1 December 00:00 (Europe/Berlin)`."""
    local = _local(at_us, zone)
    return f"{local.day} {MONTHS[local.month - 1]} {local:%H:%M} ({zone})"


def duration_words(span_us: int) -> str:
    """`3 d 4 h`, `3 h 20 min`, `5 min`, `less than a minute`; rounded down."""
    minutes = max(span_us, 0) // MINUTE_US
    days, hours, minutes = minutes // 1_440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else "less than a minute"


# -- where windows begin -----------------------------------------------------------------------------------


def _calendar(zone: str, billing_day: int | None, at_us: int) -> Window:
    """The day, or the month from that day, that holds `at_us`; looked up once for each minute."""
    since_us, until_us = _bounds(zone, billing_day, at_us - at_us % MINUTE_US)
    if at_us >= until_us:
        since_us, until_us = _bounds(zone, billing_day, at_us)
    assert since_us <= at_us < until_us, "windows tile time"
    return Window(since_us, until_us, (at_us - since_us) / (until_us - since_us))


@lru_cache(1_024)
def _bounds(zone: str, billing_day: int | None, at_us: int) -> tuple[int, int]:
    return _day(zone, at_us) if billing_day is None else _month(zone, billing_day, at_us)


def _day(zone: str, at_us: int) -> tuple[int, int]:
    today = _local(at_us, zone).date()
    if at_us >= _start_us(today + timedelta(1), zone):  # the clock was put back over midnight
        today += timedelta(1)
    return _start_us(today, zone), _start_us(today + timedelta(1), zone)


def _month(zone: str, billing_day: int, at_us: int) -> tuple[int, int]:
    """From the last billing day to the next; months are counted from the year 0."""
    assert billing_day in BILLING_DAYS, "read from a file, and checked there"
    local = _local(at_us, zone)
    month = local.year * 12 + local.month - 1
    if at_us < _billing_us(month, billing_day, zone):
        month -= 1
    elif at_us >= _billing_us(month + 1, billing_day, zone):
        month += 1
    return _billing_us(month, billing_day, zone), _billing_us(month + 1, billing_day, zone)


def _billing_us(month: int, billing_day: int, zone: str) -> int:
    year, month = month // 12, month % 12 + 1
    last = monthrange(year, month)[1]
    return _start_us(date(year, month, min(billing_day, last)), zone)


@lru_cache(4_096)
def _start_us(day: date, zone: str) -> int:
    """The first moment of the day: midnight, the first of two, or the jump that skips it."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    first, second = _instant_us(midnight), _instant_us(midnight.replace(fold=1))
    return first if first <= second else _after_gap_us(midnight, second, first)


def _after_gap_us(midnight: datetime, before_us: int, after_us: int) -> int:
    """The moment at which the clock jumps over midnight, found by halving: transitions are whole seconds."""
    before, after = before_us // SECOND_US, after_us // SECOND_US
    while after - before > 1:
        middle = (before + after) // 2
        reads = datetime.fromtimestamp(middle, midnight.tzinfo).replace(tzinfo=None)
        if reads >= midnight.replace(tzinfo=None):
            after = middle
        else:
            before = middle
    return after * SECOND_US


def _instant_us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _local(at_us: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone))
