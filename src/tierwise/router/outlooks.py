"""Outlooks: at what pace rolling weeks are spent, as the routing of the next calls knows it.

A rolling week has no share that has elapsed; the pace of its forecast stands in for it where a budget's zone
goes by pace. A forecast reads every call of the week, so it is made at most once a minute for each purse, by
whoever can wait, and kept until the next one.

Source: rules.md section 4, `zone_by`; research/platform.md section E.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tierwise.core.budgets import Budget
from tierwise.core.entries import Purse
from tierwise.core.forecast import forecast
from tierwise.core.windows import MINUTE_US
from tierwise.core.zones import ZoneBy
from tierwise.router.budget_views import first_call_us, room_us, watched_of
from tierwise.router.standings import spends
from tierwise.store.contract import Store

FRESH_US: Final = MINUTE_US
"""So long a forecast is taken as it is."""

MAX_OUTLOOKS: Final = 1_000
"""So many purses are remembered; the longest unasked are given up first."""

Governed = tuple[Budget, Purse]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a forecast says of a rolling week: its pace, and when room comes back if it is full."""

    pace: float | None = None
    frees_us: int | None = None


NO_OUTLOOK: Final = Outlook()


class Outlooks:
    """The newest outlook of each purse; its window moves, so where that begins does not tell purses apart."""

    def __init__(self) -> None:
        self._known: OrderedDict[Purse, tuple[int, Outlook]] = OrderedDict()

    def of(self, purse: Purse) -> Outlook:
        """What was last foreseen; no pace where nothing was."""
        return self._known.get(_key(purse), (0, NO_OUTLOOK))[1]

    def due(self, governed: Iterable[Governed], zone_by: ZoneBy, now_us: int) -> tuple[Governed, ...]:
        """The rolling weeks by pace whose forecast is `FRESH_US` old. They count as asked for: nobody else
        gets them for the next `FRESH_US`, also if the forecast fails.
        """
        found = tuple(
            (budget, purse)
            for budget, purse in governed
            if budget.dimension == "weekly"
            and budget.limit is not None
            and (budget.zone_by or zone_by) != "spent"
            and not self._is_fresh(purse, now_us)
        )
        for _, purse in found:
            self._keep(purse, now_us, self.of(purse))
        return found

    def keep(self, found: Mapping[Purse, Outlook], now_us: int) -> None:
        """Take what was foreseen at `now_us`."""
        for purse, outlook in found.items():
            self._keep(purse, now_us, outlook)

    def _is_fresh(self, purse: Purse, now_us: int) -> bool:
        seen = self._known.get(_key(purse))
        return seen is not None and abs(now_us - seen[0]) < FRESH_US

    def _keep(self, purse: Purse, now_us: int, outlook: Outlook) -> None:
        key = _key(purse)
        self._known[key] = (now_us, outlook)
        self._known.move_to_end(key)
        while len(self._known) > MAX_OUTLOOKS:
            self._known.popitem(last=False)


def foreseen(store: Store, governed: Sequence[Governed], now_us: int) -> dict[Purse, Outlook]:
    """The outlook of each of these rolling weeks, from the calls in the store. StoreError passes."""
    purses = [purse for _, purse in governed]
    first_us = first_call_us(store)
    found = {}
    for (budget, purse), calls in zip(governed, spends(store, purses), strict=True):
        watched = watched_of(budget, None, calls, now_us, first_us)
        found[purse] = Outlook(forecast(watched, budget.limit).pace, room_us(watched, budget.limit))
    return found


def _key(purse: Purse) -> Purse:
    return replace(purse, since_us=0)
