"""Balances: the budgets that govern a call, how they stand, and what zone each was last in.

A budget is a query over the ledger's entries. A zone counts what was posted: money that is only held may
come back, and forty agents that hold their worst case at once have not spent it. Whether a call may still be
made is another question, and the ledger answers it with everything that is held (`router.holding`).

Source: rules.md sections 4 and 11; research/peers.md T10.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tierwise.core.budgets import Budget, gauge_of, purses_of, scope_of
from tierwise.core.entries import Purse, Standing, Tags
from tierwise.core.questions import Settings
from tierwise.core.quotas import QuotaBoard, QuotaReading
from tierwise.core.zones import Gauge, Zone, zone_of
from tierwise.files.config import Config
from tierwise.router.outlooks import Outlooks

MAX_ZONES: Final = 10_000
"""So many purses' zones are remembered; the longest unseen are given up first."""

MAX_ACCOUNTS: Final = 1_000
MAX_CONTEXTS: Final = 1_000
"""So many sessions' contexts are remembered."""

ANY_ACCOUNT: Final = ""
"""Whose quotas a status line tells: it names no credential, so they hold where nothing else is known."""

BudgetsOf = Callable[[Config], tuple[Budget, ...]]
"""The budgets in force under a configuration: a person's own, and those that the configuration names."""


@dataclass(frozen=True, slots=True)
class Governing:
    """The budgets that govern a call before its tier is known: those of the ledger with their purses, and
    those that are observed (a platform's quotas, the context window)."""

    budgets: tuple[tuple[Budget, Purse], ...]
    observed: tuple[Budget, ...]
    tags: Tags
    at_us: int

    @property
    def purses(self) -> tuple[Purse, ...]:
        """The purses alone, to ask the ledger about."""
        return tuple(purse for _, purse in self.budgets)


@dataclass(frozen=True, slots=True)
class Context:
    """How much a prompt takes of its model's window; 0 tokens and no window where that is not known."""

    tokens: int = 0
    window_tokens: int | None = None

    def in_unit(self, unit: str) -> int | None:
        """Tokens, or whole percent of the window; None where it is not known."""
        if not self.tokens:
            return None
        if unit != "percent":
            return self.tokens
        return self.tokens * 100 // self.window_tokens if self.window_tokens else None


class Balances:
    """The budgets of a gateway. Standings are asked of the ledger by whoever can wait for them, and so are
    the outlooks of rolling weeks.
    """

    def __init__(self, budgets_of: BudgetsOf) -> None:
        self.budgets_of: Final = budgets_of
        self.outlooks: Final = Outlooks()
        self._contexts: OrderedDict[str, Context] = OrderedDict()
        self._zones: OrderedDict[Purse, Zone] = OrderedDict()
        self._boards: OrderedDict[str, QuotaBoard] = OrderedDict()

    def governing(self, config: Config, tags: Tags, at_us: int) -> Governing:
        """The budgets that may govern a call with these tags, whatever its tier will be."""
        budgets = self.budgets_of(config)
        observed = (budget for budget in budgets if not budget.in_ledger)
        return Governing(
            tuple(purses_of(budgets, tags, at_us, undecided=True)),
            tuple(budget for budget in observed if scope_of(budget, tags, undecided=True) is not None),
            tags,
            at_us,
        )

    def hear(self, key: str, readings: Sequence[QuotaReading], now_us: int) -> None:
        """Take what a platform said of the quotas of one credential (its fingerprint)."""
        if not readings:
            return
        self._boards[key] = self._boards.get(key, QuotaBoard()).with_readings(readings, now_us)
        self._boards.move_to_end(key)
        while len(self._boards) > MAX_ACCOUNTS:
            self._boards.popitem(last=False)

    def remember(self, session: str, context: Context) -> None:
        """Keep how much the newest prompt of a session's main loop takes of its window."""
        self._contexts[session] = context
        self._contexts.move_to_end(session)
        while len(self._contexts) > MAX_CONTEXTS:
            self._contexts.popitem(last=False)

    def before(self, purse: Purse) -> Zone | None:
        """The zone that the purse was last in; None if no call was routed by it."""
        return self._zones.get(_key(purse))

    def observed(self, budget: Budget, tags: Tags, at_us: int) -> Gauge | None:
        """How a context budget or a quota stands for such calls; None where nothing is known."""
        context = self._contexts.get(tags.session, Context())
        if budget.dimension == "context":
            known = context.in_unit(budget.unit) is not None
        else:
            known = self._board(budget, tags, at_us).known(_quota(budget), at_us) is not None
        return self._observed(budget, tags, at_us, context) if known else None

    def gauges(
        self,
        governing: Governing,
        standings: Sequence[Standing],
        settings: Settings,
        context: Context,
    ) -> tuple[Gauge, ...]:
        """Every budget as it stands; zones of the ledger's are remembered for the next call."""
        held = [
            self._gauge(budget, purse, standing, governing, settings)
            for (budget, purse), standing in zip(governing.budgets, standings, strict=True)
        ]
        return (
            *held,
            *(
                self._observed(budget, governing.tags, governing.at_us, context)
                for budget in governing.observed
            ),
        )

    def _observed(self, budget: Budget, tags: Tags, at_us: int, context: Context) -> Gauge:
        """A context budget, or a quota of the call's own account; unknown where nothing is known."""
        if budget.dimension == "context":
            seen = context.in_unit(budget.unit)
            standing = None if seen is None else Standing(seen, 0)
            return gauge_of(budget, standing, at_us, tags)
        gauge = self._board(budget, tags, at_us).gauge(_quota(budget), budget.limit, at_us)
        return replace(
            gauge,
            name=budget.name,
            scope=scope_of(budget, tags, undecided=True) or budget.scope,
            hard=budget.hard,
            thresholds=budget.thresholds,
            zone_by=budget.zone_by,
        )

    def _board(self, budget: Budget, tags: Tags, at_us: int) -> QuotaBoard:
        """What the call's own account was told; where that says nothing, what any was."""
        board = self._boards.get(tags.key, QuotaBoard())
        if board.known(_quota(budget), at_us) is None:
            return self._boards.get(ANY_ACCOUNT, board)
        return board

    def _gauge(
        self, budget: Budget, purse: Purse, standing: Standing, governing: Governing, settings: Settings
    ) -> Gauge:
        key, outlook = _key(purse), self.outlooks.of(purse)
        gauge = gauge_of(
            budget,
            Standing(standing.posted, 0),
            governing.at_us,
            governing.tags,
            before=self._zones.get(key),
            pace=outlook.pace,
            frees_us=outlook.frees_us,
        )
        by = budget.zone_by or settings.zone_by
        self._zones[key] = zone_of(gauge, settings.thresholds, by)
        self._zones.move_to_end(key)
        while len(self._zones) > MAX_ZONES:
            self._zones.popitem(last=False)
        return gauge


def _key(purse: Purse) -> Purse:
    """The purse, wherever its window begins now."""
    return replace(purse, since_us=0)


def _quota(budget: Budget) -> str:
    return budget.quota or budget.name
