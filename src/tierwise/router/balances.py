"""Balances: every governing budget as a gauge, asked of the ledger at the moment of the call.

A budget is a query over the entries. Calls that have ended but are not durable yet are counted beside it, so
that the next call sees them at once. The zone that a budget was last in is kept for the hysteresis, and so
that entering a zone is announced once.

Source: rules.md sections 4 and 11.
"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import Final, Protocol

from tierwise.core.ledger import Execution, weighted_tokens
from tierwise.core.prices import NANO_PER_USD
from tierwise.core.questions import Decision, Question
from tierwise.core.records import charged_to
from tierwise.core.zones import Gauge, Scope, Zone, zone_of
from tierwise.files.config import BudgetSpec, Config
from tierwise.store.contract import Store
from tierwise.store.rows import answered

WINDOWS_US: Final = {"weekly": 7 * 24 * 3600 * 1_000_000}
"""Rolling windows by dimension; µs."""


class Ledger(Protocol):
    """Takes finished calls; the future resolves when the record is durable. StoreError if it cannot."""

    def submit(self, execution: Execution) -> Future[None]:
        """Take one record, without waiting."""
        ...


class Balances:
    """The budgets' state over a store, with what is on its way into it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._on_their_way: dict[str, Execution] = {}
        self._zones: dict[str, Zone] = {}

    def record(self, execution: Execution, ledger: Ledger) -> Future[None]:
        """Hand a finished call to the ledger of this store; it counts from now on."""
        with self._lock:
            written = ledger.submit(execution)
            self._on_their_way[execution.id] = execution
        written.add_done_callback(lambda done: self._ended(execution.id, done))
        return written

    def gauges(self, config: Config, now_us: int) -> tuple[Gauge, ...]:
        """The budgets of the configuration as they stand now."""
        return tuple(self._gauge(spec, now_us) for spec in config.budgets)

    def remember(self, decision: Decision, question: Question) -> None:
        """Keep the zone of each budget, for the next call."""
        settings = question.settings
        for gauge in question.gauges:
            self._zones[gauge.name] = zone_of(gauge, settings.thresholds, settings.zone_by)

    def _gauge(self, spec: BudgetSpec, now_us: int) -> Gauge:
        spent = self._spent(spec, now_us)
        return Gauge(
            name=spec.name,
            spent=spent / NANO_PER_USD if spec.unit == "usd" else spent,
            limit=spec.limit,
            scope=spec.scope,
            dimension=spec.dimension,
            unit=spec.unit,
            hard=spec.hard,
            before=self._zones.get(spec.name),
        )

    def _spent(self, spec: BudgetSpec, now_us: int) -> int:
        since_us = now_us - WINDOWS_US[spec.dimension]
        with self._lock:
            coming = [e for e in self._on_their_way.values() if _in_scope(e, spec.scope)]
        stored = self._store.spent(spec.unit, spec.scope, since_us=since_us)
        return stored + sum(_amount(execution, spec.unit) for execution in coming)

    def _ended(self, id: str, written: Future[None]) -> None:
        """What is durable is the store's to count. Records are written in their order: so are all before it.

        One that failed is kept here until a later one succeeds, for the writer tries it again.
        """
        if written.exception() is not None:
            return
        with self._lock:
            if id not in self._on_their_way:
                return
            for earlier in list(self._on_their_way):
                del self._on_their_way[earlier]
                if earlier == id:
                    return


def _in_scope(execution: Execution, scope: Scope) -> bool:
    tier, model = charged_to(execution)
    known = {
        "all": "",
        "tier": tier,
        "model": model,
        "skill": execution.skill,
        "project": execution.project,
        "key": execution.key,
        "session": execution.session,
        "run": execution.run,
    }
    return known[scope.kind] == scope.value


def _amount(execution: Execution, unit: str) -> int:
    if unit == "usd":
        return execution.cost_nanousd or 0
    return weighted_tokens(execution.usage) if unit == "tokens" else int(answered(execution))
