"""Budgets: what a person allows, and how it governs one call.

    Budget  +  tags of a call  +  moment   ──►   Purse     which entries count, from when to when, up to what
    Budget  +  Standing of that purse      ──►   Gauge     how full it is, and when it resets

A budget says nothing about what was spent: that is a query over the ledger. A scope without a value means
each one separately: `run` gives every agent tree its own purse, `project` every project.

    unit        limit in           counted
    usd         nano-dollars       what calls cost
    tokens      weighted tokens    classes of tokens by their price, so that cache reads weigh little
    messages    messages           calls that were answered
    percent     whole percent      of a quota that the platform reports or of the context: no ledger sum

Source: rules.md sections 4 and 11; seed A§2.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from tierwise.core.entries import Purse, PurseUnit, Standing, Tags
from tierwise.core.prices import NANO_PER_USD
from tierwise.core.windows import DAY_US, Dimension, duration_words, moment_words, window
from tierwise.core.zones import EVERYTHING, PACE_NEEDS_ELAPSED, Gauge, Scope, Thresholds, Zone, ZoneBy

BudgetUnit = Literal["usd", "tokens", "messages", "percent"]
DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)
UNITS: Final[tuple[BudgetUnit, ...]] = get_args(BudgetUnit)
SCOPE_KINDS: Final = ("all", "tier", "model", "skill", "project", "key", "session", "run")
UNDECIDED: Final = ("tier", "model")
"""What is not known of a call before it is decided."""
RESET_WORDS: Final[dict[Dimension, str]] = {
    "context": "with the next compaction or conversation",
    "session": "with a new session",
    "weekly": "bit by bit, as spending grows older than 7 days",
}
"""When those budgets reset whose windows have no end."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget as a person defined it. `limit` is an integer of its unit; None only tracks.

    `zone` is the IANA time zone of its days, `billing_day` (1-31) begins its months. `thresholds` and
    `zone_by` None: those of the session. `quota` names what the platform reports, for `percent`.
    """

    name: str
    dimension: Dimension
    unit: BudgetUnit
    limit: int | None
    scope: Scope = EVERYTHING
    hard: bool = False
    zone: str = "UTC"
    billing_day: int = 1
    thresholds: Thresholds | None = None
    zone_by: ZoneBy | None = None
    quota: str | None = None

    @property
    def in_ledger(self) -> bool:
        """Whether it is a sum over the ledger: context and percent are observed instead."""
        return self.dimension != "context" and self.unit != "percent"


def purse_of(budget: Budget, tags: Tags, at_us: int, *, undecided: bool = False) -> Purse | None:
    """The budget as it governs a call with these tags at that moment; None if it does not.

    While `undecided`, tier and model of the call are open: budgets of any named tier or model govern it,
    and the decision looks at those of the tier it stands at. Budgets that are no sum over the ledger have no
    purse.
    """
    scope = scope_of(budget, tags, undecided=undecided)
    unit = _ledger_unit(budget)
    if scope is None or unit is None or (budget.dimension == "session" and not tags.session):
        return None
    span = window(budget.dimension, budget.zone, budget.billing_day, at_us)
    return Purse(
        name=budget.name,
        kind=scope.kind,
        value=scope.value,
        unit=unit,
        limit=budget.limit,
        hard=budget.hard,
        since_us=span.since_us,
        until_us=span.until_us,
        session=tags.session if budget.dimension == "session" else "",
    )


def purses_of(
    budgets: Iterable[Budget], tags: Tags, at_us: int, *, undecided: bool = False
) -> list[tuple[Budget, Purse]]:
    """Every budget of the ledger that governs such a call, with its purse; in their order."""
    found = ((budget, purse_of(budget, tags, at_us, undecided=undecided)) for budget in budgets)
    return [(budget, purse) for budget, purse in found if purse is not None]


def scope_of(budget: Budget, tags: Tags, *, undecided: bool = False) -> Scope | None:
    """The scope with its value, from the tags where the budget names none; None if it does not match."""
    kind, value = budget.scope.kind, budget.scope.value
    if kind == "all":
        return EVERYTHING
    of_call: str = getattr(tags, kind)
    if value and (of_call == value or (undecided and kind in UNDECIDED)):
        return budget.scope
    return Scope(kind, of_call) if of_call and not value else None


def gauge_of(
    budget: Budget,
    standing: Standing | None,
    at_us: int,
    tags: Tags,
    *,
    before: Zone | None = None,
    pace: float | None = None,
    frees_us: int | None = None,
) -> Gauge:
    """The budget as a gauge: `spent` and `limit` in dollars, tokens, messages or percent.

    `standing` is its purse's; of a context budget the prompt's tokens (or percent of the window), of a quota
    the percent reported. None: nothing is known, which is not 0, so the gauge has no limit and its zone is
    unknown. `before` is the zone in which this purse was last. A rolling week has no elapsed share; `pace`
    from a forecast stands in for it, and `frees_us`, when room comes back, for its reset.
    """
    span = window(budget.dimension, budget.zone, budget.billing_day, at_us)
    spent = standing.spent if standing is not None else 0
    limit = budget.limit if standing is not None else None
    scale = NANO_PER_USD if budget.unit == "usd" else 1
    elapsed = span.elapsed if budget.unit != "percent" else None
    if elapsed is None and pace and limit:
        elapsed = max(spent / limit / pace, PACE_NEEDS_ELAPSED)
    return Gauge(
        name=budget.name,
        spent=spent / scale,
        limit=None if limit is None else limit / scale,
        scope=scope_of(budget, tags, undecided=True) or budget.scope,
        dimension=budget.dimension,
        unit=budget.unit,
        elapsed=elapsed,
        hard=budget.hard,
        thresholds=budget.thresholds,
        before=before,
        resets=resets_words(budget, at_us, frees_us),
        zone_by=budget.zone_by,
    )


def resets_words(budget: Budget, at_us: int, frees_us: int | None = None) -> str:
    """When it resets, to be read after "resets": `in 3 h 20 min`, `on 1 December 00:00 (Europe/Berlin)`.

    `frees_us` is when a rolling week has room again. "" for a quota: its platform knows.
    """
    if budget.unit == "percent" and budget.dimension != "context":
        return ""
    until_us = window(budget.dimension, budget.zone, budget.billing_day, at_us).until_us or frees_us
    if until_us is None:
        return RESET_WORDS[budget.dimension]
    left_us = until_us - at_us
    if left_us < DAY_US:
        return f"in {duration_words(left_us)}"
    return f"on {moment_words(until_us, budget.zone)}"


def _ledger_unit(budget: Budget) -> PurseUnit | None:
    return budget.unit if budget.dimension != "context" and budget.unit != "percent" else None
