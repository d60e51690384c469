"""Forecast: how fast a budget is spent, and when it runs out at that rate.

    window   |------- older half -------|------- recent half -------|now · · · · · ▶ run-out
    weight              0.5                        1.5

The rate is the mean of two: over the whole time watched, and over its recent half. It is a weighted sum of
what was spent, so more spending never moves the run-out later. Calls are taken to come at random (compound
Poisson); the standard error of such a sum is the root of the sum of its squares, and an interval of 80 % on
the rate follows in closed form. Of a rolling week, spending that leaves is taken off as it leaves.

All sums are exact integers; floats are used for the width of the interval only.

Source: rules.md section 4 (`zone_by`); research/platform.md section E.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from tierwise.core.windows import HOUR_US, MINUTE_US, WEEK_US, Spend
from tierwise.core.zones import PACE_NEEDS_ELAPSED

State = Literal["unlimited", "unknown", "lasts", "runs_out", "spent"]
LEAST_SPENDS: Final = 3
LEAST_WATCHED_US: Final = 10 * MINUTE_US
Z_80_PERCENT: Final = 1.2816
"""Standard errors to either side that hold four of five outcomes."""


class Rate(NamedTuple):
    """`amount` of a budget's unit in every `over_us` microseconds; `over_us` is above 0."""

    amount: int
    over_us: int

    @property
    def per_hour(self) -> float:
        """The amount in an hour."""
        return self.amount * HOUR_US / self.over_us


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of one budget.

    `state`: `unlimited` without a limit, `spent` if nothing is left, `unknown` with too little to go by,
    `lasts` until its reset (of a rolling week: for a week to come), else `runs_out` at `run_out_us`, in four
    of five cases between `earliest_us` and `latest_us` (None: perhaps not at all). A budget that lasts may
    still have an `earliest_us`. `pace` is the share used over the share of the window that has passed; of a
    rolling week, what a week at this rate would use of the limit.
    """

    state: State
    rate: Rate | None = None
    run_out_us: int | None = None
    earliest_us: int | None = None
    latest_us: int | None = None
    pace: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of a budget: `spends` since `since_us`, now `at_us`, plus `held` for calls under way.

    `until_us` is the reset; a `rolling` week has none, and neither has a session. From before `first_us`
    nothing is known: the rate is taken from then on.
    """

    spends: Sequence[Spend]
    since_us: int
    at_us: int
    until_us: int | None = None
    rolling: bool = False
    held: int = 0
    first_us: int = 0

    @property
    def begins_us(self) -> int:
        """The beginning of what was seen."""
        return max(self.since_us, self.first_us)

    @property
    def spent(self) -> int:
        """All that counts now, what is held included."""
        return sum(amount for _, amount in self.spends) + self.held


def forecast(watched: Watched, limit: int | None) -> Forecast:
    """The forecast of a budget with that limit, in its unit."""
    rate = rate_of(watched)
    if limit is None:
        return Forecast("unlimited", rate)
    pace = _pace(watched, limit, rate)
    if watched.spent >= limit:
        return Forecast("spent", rate, watched.at_us, watched.at_us, watched.at_us, pace)
    if rate is None:
        return Forecast("unknown", pace=pace)
    slow, fast = _interval(watched, rate)
    run_out_us = runs_out_us(watched, limit, rate)
    return Forecast(
        "lasts" if run_out_us is None else "runs_out",
        rate,
        run_out_us,
        runs_out_us(watched, limit, fast),
        runs_out_us(watched, limit, slow),
        pace,
    )


def rate_of(watched: Watched) -> Rate | None:
    """The rate of spending; None with fewer than `LEAST_SPENDS` calls or less than `LEAST_WATCHED_US`."""
    span_us = watched.at_us - watched.begins_us
    if span_us < LEAST_WATCHED_US or sum(amount > 0 for _, amount in watched.spends) < LEAST_SPENDS:
        return None
    return Rate(max(sum(_weighted(watched)), 0), 2 * span_us)


def runs_out_us(watched: Watched, level: int, rate: Rate) -> int | None:
    """The first moment at which `level` is reached at that rate; None if never, or not before the reset.

    A rolling week is looked at for a week ahead.
    """
    spent, at_us = watched.spent, watched.at_us
    if spent >= level:
        return at_us
    until_us = at_us + WEEK_US if watched.rolling else watched.until_us
    leaving = [(when + WEEK_US, amount) for when, amount in sorted(watched.spends)] if watched.rolling else []
    missing, begins_us = level - spent, at_us
    for leaves_us, amount in [*leaving, (until_us, 0)]:
        hit_us = max(_after_us(missing, rate, at_us), begins_us) if rate.amount > 0 else None
        if hit_us is not None and (leaves_us is None or hit_us < leaves_us):
            return hit_us
        missing, begins_us = missing + amount, leaves_us or at_us
    return None


def _after_us(missing: int, rate: Rate, at_us: int) -> int:
    """When so much has been spent, rounded up to the microsecond."""
    return at_us - (-missing * rate.over_us // rate.amount)


def _weighted(watched: Watched) -> list[int]:
    """Every amount times twice its weight: 3 in the recent half, 1 in the older."""
    middle_us = watched.begins_us + (watched.at_us - watched.begins_us) // 2
    return [amount * (3 if when >= middle_us else 1) for when, amount in watched.spends]


def _interval(watched: Watched, rate: Rate) -> tuple[Rate, Rate]:
    """The rate at either end of its interval: slow, fast. Log-normal, so that it stays above nothing."""
    if rate.amount == 0:
        return rate, rate
    relative = math.sqrt(sum(part * part for part in _weighted(watched))) / rate.amount
    factor = math.exp(Z_80_PERCENT * min(relative, 1.0))
    slow, fast = int(rate.amount / factor), math.ceil(rate.amount * factor)
    return Rate(min(slow, rate.amount), rate.over_us), Rate(max(fast, rate.amount), rate.over_us)


def _pace(watched: Watched, limit: int, rate: Rate | None) -> float | None:
    if limit <= 0:
        return None
    if watched.rolling:
        return rate.amount * WEEK_US / rate.over_us / limit if rate else None
    if watched.until_us is None:
        return None
    elapsed = (watched.at_us - watched.since_us) / (watched.until_us - watched.since_us)
    return watched.spent / limit / elapsed if elapsed >= PACE_NEEDS_ELAPSED else None
