"""Views: every budget as it stands, with zone and forecast; the same for the commands and the gateway.

    budgets + Sources ──views──► View: standing, gauge, zone, forecast ──document──► JSON

What a scope leaves open is filled in from the latest call. A zone counts what was posted; what is held for
calls under way is shown beside it, and a forecast looks at both.

Source: rules.md section 4; research/platform.md section E.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from tierwise.core.budgets import Budget, gauge_of, purse_of, scope_of
from tierwise.core.entries import NO_TAGS, Purse, Standing, Tags
from tierwise.core.forecast import Forecast, Watched, forecast
from tierwise.core.prices import NANO_PER_USD, usd
from tierwise.core.questions import Settings
from tierwise.core.windows import Spend, frees_us, window
from tierwise.core.zones import PACE_NEEDS_ELAPSED, Gauge, Zone, zone_of
from tierwise.files.findings import Finding
from tierwise.router.standings import spends, tags_of_latest
from tierwise.store.contract import Store

DECIDED_KINDS: Final = ("tier", "model", "skill")
"""Scopes that the decision itself matches."""
NOTHING_SPENT: Final = Standing(0, 0)
CONFIGURATION: Final = "model-routing.yaml"
"""Where budgets come from that stand in no budgets file."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers come from: calls from `store`, what purses hold from `standings`, in their order.

    `observed` tells how a budget stands that is no sum over the ledger, None where nothing is known; `before`
    the zone that a purse was last in. Only a gateway knows those two.
    """

    store: Store
    standings: Callable[[Sequence[Purse]], Sequence[Standing]]
    observed: Callable[[Budget, Tags], Gauge | None] = lambda _budget, _tags: None
    before: Callable[[Purse], Zone | None] = lambda _purse: None


@dataclass(frozen=True, slots=True)
class View:
    """A budget as it stands. `standing` is None where it is observed and no sum over the ledger.

    `here` says whether it governs calls such as the latest one, whatever their skill, tier and model.
    `observed` says whether something is known of a budget without a standing.
    """

    budget: Budget
    standing: Standing | None
    gauge: Gauge
    zone: Zone
    watched: Watched
    forecast: Forecast
    here: bool
    observed: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """A budget with the tags that it is shown for, and its purse; None if there is none for them."""

    budget: Budget
    tags: Tags
    purse: Purse | None


def views(
    sources: Sources, budgets: Sequence[Budget], settings: Settings, session: str | None, now_us: int
) -> tuple[View, ...]:
    """Every budget as it stands now, for the latest call of `session`, or of all. StoreError passes."""
    latest = _latest(sources.store, session)
    asked = [_asked(budget, latest, now_us) for budget in budgets]
    purses = [one.purse for one in asked if one.purse is not None]
    held = dict(zip(purses, sources.standings(purses), strict=True)) if purses else {}
    calls = dict(zip(purses, spends(sources.store, purses), strict=True)) if purses else {}
    first_us = first_call_us(sources.store)
    shown = []
    for one in asked:
        here = _governs(one.budget, latest)
        if not one.budget.in_ledger:
            shown.append(_observed(one, sources.observed(one.budget, one.tags), settings, now_us, here))
            continue
        standing = held[one.purse] if one.purse else NOTHING_SPENT
        watched = watched_of(one.budget, standing, calls[one.purse] if one.purse else (), now_us, first_us)
        before = sources.before(one.purse) if one.purse else None
        shown.append(_counted(one, standing, watched, before, settings, here))
    return tuple(shown)


def first_call_us(store: Store) -> int:
    """When the first call of all was made; 0 if there is none."""
    first = next(store.executions(), None)
    return first.at_us if first is not None else 0


def watched_of(
    budget: Budget, standing: Standing | None, calls: Sequence[Spend], now_us: int, first_us: int
) -> Watched:
    """What a forecast looks at; `first_us` is the first call of all. A session begins with its own."""
    span = window(budget.dimension, budget.zone, budget.billing_day, now_us)
    if budget.dimension == "session" and calls:
        first_us = calls[0][0]
    return Watched(
        spends=tuple(calls),
        since_us=span.since_us,
        at_us=now_us,
        until_us=span.until_us,
        rolling=budget.dimension == "weekly" and budget.in_ledger,
        held=standing.spent - sum(amount for _, amount in calls) if standing else 0,
        first_us=first_us,
    )


def room_us(watched: Watched, limit: int | None) -> int | None:
    """When a full rolling week has room again; None if it has room now, or is no rolling week."""
    if not watched.rolling or limit is None or watched.spent < limit:
        return None
    return frees_us(watched.spends, watched.spent - limit + 1, watched.at_us)


def rated(gauge: Gauge, settings: Settings) -> Zone:
    """The zone under these settings."""
    return zone_of(gauge, settings.thresholds, settings.zone_by)


def in_unit(budget: Budget, amount: int | None) -> float | int | None:
    """An amount for JSON: dollars, tokens, messages or percent; None stays None."""
    return usd(amount) if budget.unit == "usd" and amount is not None else amount


# -- one budget --------------------------------------------------------------------------------------------


def _counted(
    one: _Asked, standing: Standing, watched: Watched, before: Zone | None, settings: Settings, here: bool
) -> View:
    budget = one.budget
    expected = forecast(watched, budget.limit)
    gauge = gauge_of(
        budget,
        Standing(standing.posted, 0),
        watched.at_us,
        one.tags,
        before=before,
        pace=expected.pace if watched.rolling else None,
        frees_us=room_us(watched, budget.limit),
    )
    return View(budget, standing, gauge, rated(gauge, settings), watched, expected, here)


def _observed(one: _Asked, gauge: Gauge | None, settings: Settings, now_us: int, here: bool) -> View:
    """A quota or the context: nobody saw its single calls, so only its pace is told."""
    budget = one.budget
    known = gauge is not None
    gauge = gauge or gauge_of(budget, None, now_us, one.tags)
    watched = watched_of(budget, None, (), now_us, 0)
    return View(
        budget, None, gauge, rated(gauge, settings), watched, _told(budget, gauge), here, observed=known
    )


def _told(budget: Budget, gauge: Gauge) -> Forecast:
    share, elapsed = gauge.share, gauge.elapsed
    if budget.limit is None:
        return Forecast("unlimited")
    pace = share / elapsed if share is not None and elapsed and elapsed >= PACE_NEEDS_ELAPSED else None
    return Forecast("spent" if share is not None and share >= 1 else "unknown", pace=pace)


def _asked(budget: Budget, latest: Tags, now_us: int) -> _Asked:
    """The budget for the value that its scope names, so that it is shown whatever came last."""
    scope = budget.scope
    tags = replace(latest, **{scope.kind: scope.value}) if scope.value else latest
    return _Asked(budget, tags, purse_of(budget, tags, now_us))


def _latest(store: Store, session: str | None) -> Tags:
    """The tags of the latest call; of a session whose first is still under way, its own name."""
    tags = tags_of_latest(store, session)
    return Tags(session=session, run=session) if session and tags == NO_TAGS else tags


def _governs(budget: Budget, latest: Tags) -> bool:
    """Whether only skill, tier and model decide if it governs a call such as the latest."""
    return budget.scope.kind in DECIDED_KINDS or scope_of(budget, latest) is not None


# -- as JSON -----------------------------------------------------------------------------------------------


def document(
    shown: Sequence[View],
    settings: Settings,
    now_us: int,
    findings: Iterable[Finding],
    path: str,
    own: Collection[str],
) -> dict[str, Any]:
    """`{at_us, budgets: […], findings: […]}`; moments in µs UTC, amounts in the budget's unit.

    Budgets named in `own` come from the budgets file at `path`, the others from the routing configuration.
    """
    return {
        "at_us": now_us,
        "budgets": [
            _budget(view, settings, path if view.budget.name in own else CONFIGURATION) for view in shown
        ],
        "findings": [asdict(finding) for finding in findings],
    }


def _budget(view: View, settings: Settings, source: str) -> dict[str, Any]:
    budget, gauge = view.budget, view.gauge
    edges = budget.thresholds or settings.thresholds
    return {
        "name": budget.name,
        "scope": {gauge.scope.kind: gauge.scope.value},
        "dimension": budget.dimension,
        "unit": budget.unit,
        "limit": in_unit(budget, budget.limit),
        "spent": _spent(view),
        "held": in_unit(budget, view.standing.pending) if view.standing else None,
        "share": gauge.share if gauge.share is not None and math.isfinite(gauge.share) else None,
        "zone": str(view.zone),
        "thresholds": {"yellow": edges.yellow, "red": edges.red},
        "hard": budget.hard,
        "quota": budget.quota,
        "elapsed": gauge.elapsed if not view.watched.rolling else None,
        "resets": gauge.resets,
        "resets_us": view.watched.until_us if budget.unit != "percent" else None,
        "time_zone": budget.zone,
        "forecast": _forecast(view),
        "source": source,
    }


def _spent(view: View) -> float | int | None:
    if view.standing is not None:
        return in_unit(view.budget, view.standing.posted)
    return view.gauge.spent if view.observed else None


def _forecast(view: View) -> dict[str, Any]:
    expected = view.forecast
    per_hour = expected.rate.per_hour if expected.rate else None
    return {
        "state": expected.state,
        "per_hour": per_hour / NANO_PER_USD
        if per_hour is not None and view.budget.unit == "usd"
        else per_hour,
        "run_out_us": expected.run_out_us,
        "earliest_us": expected.earliest_us,
        "latest_us": expected.latest_us,
        "pace": expected.pace,
    }
