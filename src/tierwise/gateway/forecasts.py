"""Forecasts at the gateway: the pace that calls are routed by, and all budgets as they stand.

    a call ──► rolling weeks by pace whose outlook is a minute old ──► read from the store ──► Balances
    GET /tierwise/budgets ──► the ledger's standings, what was observed, forecasts ──► JSON

The store is read in a thread, so the calls of everybody else go on meanwhile. A forecast that fails leaves
the last one in place: it makes a zone stricter, and no money depends on it.

Source: rules.md section 4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.core.entries import Purse, Standing
from tierwise.errors import StoreError
from tierwise.files.config import Config
from tierwise.gateway.purser import Ledger
from tierwise.router.balances import Governing
from tierwise.router.budget_files import BudgetFile
from tierwise.router.budget_views import Sources, View, document, views
from tierwise.router.outlooks import foreseen
from tierwise.router.routing import Router
from tierwise.store.contract import Store


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts over `store` and `ledger`, of the budgets in `file` and those of the default project.

    `now_us` is ledger time; `alarm` is told what a person should know.
    """

    store: Store
    ledger: Ledger
    router: Router
    file: BudgetFile
    now_us: Callable[[], int]
    alarm: Callable[[str], None]

    async def foresee(self, governing: Governing, config: Config) -> None:
        """See to it that the outlooks that this call is routed by are at most a minute old.

        Of several calls at once only the first one waits.
        """
        outlooks, now_us = self.router.balances.outlooks, governing.at_us
        due = outlooks.due(governing.budgets, config.settings.zone_by, now_us)
        if not due:
            return
        try:
            outlooks.keep(await asyncio.to_thread(foreseen, self.store, due, now_us), now_us)
        except StoreError as error:
            self.alarm(f"no forecast of {', '.join(budget.name for budget, _ in due)}: {error}")

    async def document(self, session: str | None) -> dict[str, Any]:
        """Every budget as it stands now, in the shape of `tierwise budget show --json`.

        StoreError if store or ledger cannot be read.
        """
        config, now_us = self.router.configs.of(None), self.now_us()
        own = self.file.own(config)
        findings, path = self.file.findings(config), str(self.file.path)
        shown = await self.views(session, now_us)
        return document(shown, config.settings, now_us, findings, path, own)

    async def views(self, session: str | None, now_us: int) -> tuple[View, ...]:
        """Every budget as it stands at `now_us`, for the latest call of `session`, or of all. StoreError."""
        config, balances = self.router.configs.of(None), self.router.balances
        sources = Sources(
            self.store,
            self._standings,
            lambda budget, tags: balances.observed(budget, tags, now_us),
            balances.before,
        )
        return await asyncio.to_thread(views, sources, self.file(config), config.settings, session, now_us)

    def _standings(self, purses: Sequence[Purse]) -> tuple[Standing, ...]:
        """As the ledger has them, in the thread that may wait for it."""
        return self.ledger.standings(purses).result()
