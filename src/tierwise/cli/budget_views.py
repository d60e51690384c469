"""What the budget commands share: every budget as it stands now, from both files, over the ledger.

Source: rules.md section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tierwise import wiring
from tierwise.core.budgets import Budget, gauge_of, purse_of, scope_of
from tierwise.core.entries import Standing, Tags
from tierwise.core.figures import dollars
from tierwise.core.forecast import Forecast, Watched, forecast
from tierwise.core.prices import usd
from tierwise.core.questions import Settings
from tierwise.core.windows import Spend, frees_us, window
from tierwise.core.zones import Gauge, Zone, zone_of
from tierwise.files.budgets import BUDGETS_FILE, merged, read_budgets
from tierwise.files.config import Config, load_config
from tierwise.files.findings import Finding
from tierwise.files.tier_words import TierWords
from tierwise.router.standings import spends, standings, tags_of_latest
from tierwise.store.contract import Store

DECIDED_KINDS: Final = ("tier", "model", "skill")
"""Scopes that the decision itself matches."""


@dataclass(frozen=True, slots=True)
class Defined:
    """All budgets that are defined, the configuration beside them, and what is wrong in the budgets file."""

    budgets: tuple[Budget, ...]
    own: frozenset[str]
    config: Config
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A budget as it stands. `standing` is None where it is observed and no sum over the ledger.

    `here` says whether it governs calls such as the latest one, whatever their skill, tier and model.
    """

    budget: Budget
    standing: Standing | None
    gauge: Gauge
    zone: Zone
    watched: Watched
    forecast: Forecast
    here: bool


def budgets_path() -> Path:
    """The budgets file of the person."""
    return wiring.home_dir() / BUDGETS_FILE


def defined(project: Path) -> Defined:
    """The budgets of the budgets file and of the routing configuration, as this project has it."""
    config = load_config(user_file=wiring.user_file(), project=project, tier_of_model=wiring.tier_of_model)
    own, findings = read_budgets(budgets_path(), words_of(config))
    return Defined(merged(own, config.budgets), frozenset(one.name for one in own), config, tuple(findings))


def words_of(config: Config) -> TierWords:
    """The words that mean a tier."""
    return TierWords(config.settings.ladder, wiring.tier_of_model)


def views(
    store: Store, budgets: Sequence[Budget], settings: Settings, session: str | None
) -> tuple[View, ...]:
    """Every budget as it stands now. What a scope leaves open is filled in from the latest call."""
    now_us, latest = wiring.now_us(), tags_of_latest(store, session)
    tagged = [_named(budget, latest) for budget in budgets]
    purses = [purse_of(budget, tags, now_us) for budget, tags in zip(budgets, tagged, strict=True)]
    asked = [purse for purse in purses if purse is not None]
    held = dict(zip(asked, standings(store, asked), strict=True))
    calls = dict(zip(asked, spends(store, asked), strict=True))
    first = next(store.executions(), None)
    first_us = first.at_us if first is not None else 0
    return tuple(
        _view(
            budget,
            tags,
            settings,
            held[purse] if purse else (Standing(0, 0) if budget.in_ledger else None),
            watched_of(
                budget, held[purse] if purse else None, calls[purse] if purse else (), now_us, first_us
            ),
            _governs(budget, latest),
        )
        for budget, tags, purse in zip(budgets, tagged, purses, strict=True)
    )


def _view(
    budget: Budget,
    tags: Tags,
    settings: Settings,
    standing: Standing | None,
    watched: Watched,
    here: bool,
) -> View:
    expected = forecast(watched, budget.limit)
    gauge = gauge_of(
        budget,
        standing,
        watched.at_us,
        tags,
        pace=expected.pace if watched.rolling else None,
        frees_us=_room_us(watched, budget.limit),
    )
    return View(budget, standing, gauge, rated(gauge, settings), watched, expected, here)


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


def rated(gauge: Gauge, settings: Settings) -> Zone:
    """The zone under these settings."""
    return zone_of(gauge, settings.thresholds, settings.zone_by)


def amount_words(budget: Budget, amount: float) -> str:
    """An amount in the budget's unit, as the ledger counts it: `$3.10`, `120,000 tokens`, `80%`."""
    match budget.unit:
        case "usd":
            return dollars(round(amount))
        case "percent":
            return f"{amount:.0f}%"
        case unit:
            noun = unit.removesuffix("s")
            shown = f"{amount:,.0f}" if amount >= 10 or amount == int(amount) else f"{amount:.1f}"
            return f"{shown} {noun}" if shown == "1" else f"{shown} {unit}"


def in_unit(budget: Budget, amount: int | None) -> float | int | None:
    """An amount for JSON: dollars, tokens, messages or percent; None stays None."""
    return usd(amount) if budget.unit == "usd" and amount is not None else amount


def _governs(budget: Budget, latest: Tags) -> bool:
    """Whether only skill, tier and model decide if it governs a call such as the latest."""
    return budget.scope.kind in DECIDED_KINDS or scope_of(budget, latest) is not None


def _named(budget: Budget, tags: Tags) -> Tags:
    """The tags with the value that the budget's scope names, so that it is shown whatever came last."""
    scope = budget.scope
    return replace(tags, **{scope.kind: scope.value}) if scope.value else tags


def _room_us(watched: Watched, limit: int | None) -> int | None:
    """When a full rolling week has room again; None if it has room now."""
    if not watched.rolling or limit is None or watched.spent < limit:
        return None
    return frees_us(watched.spends, watched.spent - limit + 1, watched.at_us)
