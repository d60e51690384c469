"""Outlooks: forecasts of rolling weeks are asked for when needed, at most once a minute, and not for ever."""

from __future__ import annotations

import pytest

from tierwise.core.budgets import Budget, purse_of
from tierwise.core.entries import Purse, Tags
from tierwise.core.windows import MINUTE_US, Dimension
from tierwise.core.zones import Scope, ZoneBy
from tierwise.router.outlooks import MAX_OUTLOOKS, NO_OUTLOOK, Outlook, Outlooks

NOW_US = 1_771_083_000_000_000


def governed(
    at_us: int = NOW_US,
    dimension: Dimension = "weekly",
    limit: int | None = 5,
    zone_by: ZoneBy | None = None,
    project: str = "",
) -> tuple[Budget, Purse]:
    scope = Scope("project", project) if project else Scope()
    budget = Budget("week", dimension, "messages", limit, scope=scope, zone_by=zone_by)
    purse = purse_of(budget, Tags(session="s", project=project), at_us)
    assert purse is not None
    return budget, purse


def test_a_forecast_is_asked_for_once_a_minute_while_its_window_moves_on() -> None:
    outlooks = Outlooks()
    seconds = (0, 1, 59, 60, 61, 119, 120)
    asked = [
        second
        for second in seconds
        for at_us in [NOW_US + second * 1_000_000]
        if outlooks.due([governed(at_us)], "both", at_us)
    ]
    assert asked == [0, 60, 120]


def test_a_clock_that_is_set_back_does_not_silence_forecasts() -> None:
    outlooks = Outlooks()
    assert outlooks.due([governed()], "both", NOW_US)
    earlier_us = NOW_US - 60 * MINUTE_US
    assert outlooks.due([governed(earlier_us)], "both", earlier_us)


@pytest.mark.parametrize(
    ("one", "session_by", "due"),
    [
        (governed(), "spent", False),
        (governed(), "pace", True),
        (governed(zone_by="both"), "spent", True),
        (governed(zone_by="spent"), "both", False),
        (governed(limit=None), "both", False),
        (governed(dimension="monthly"), "both", False),
        (governed(dimension="session"), "both", False),
    ],
)
def test_only_limited_rolling_weeks_by_pace_need_one(
    one: tuple[Budget, Purse], session_by: ZoneBy, due: bool
) -> None:
    assert bool(Outlooks().due([one], session_by, NOW_US)) is due


def test_an_outlook_is_kept_while_a_new_one_is_being_made() -> None:
    outlooks = Outlooks()
    purse = governed()[1]
    assert outlooks.of(purse) == NO_OUTLOOK
    outlooks.keep({purse: Outlook(1.5)}, NOW_US)
    later = governed(NOW_US + 2 * MINUTE_US)
    assert outlooks.due([later], "both", NOW_US + 2 * MINUTE_US) == (later,)
    assert outlooks.of(later[1]) == Outlook(1.5)


def test_only_the_newest_are_remembered() -> None:
    outlooks = Outlooks()
    purses = [governed(project=f"p{n}")[1] for n in range(MAX_OUTLOOKS + 1)]
    for purse in purses:
        outlooks.keep({purse: Outlook(2.0)}, NOW_US)
    assert (outlooks.of(purses[0]), outlooks.of(purses[1])) == (NO_OUTLOOK, Outlook(2.0))
