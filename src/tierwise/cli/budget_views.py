"""What the budget commands share: every budget as it stands now, from both files, over the ledger.

Source: rules.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tierwise import wiring
from tierwise.core.budgets import Budget
from tierwise.core.figures import dollars
from tierwise.files.budgets import BUDGETS_FILE, merged, read_budgets
from tierwise.files.config import Config
from tierwise.files.findings import Finding
from tierwise.files.tier_words import TierWords
from tierwise.router import budget_views
from tierwise.router.budget_views import Sources, View
from tierwise.router.standings import standings
from tierwise.store.contract import Store


@dataclass(frozen=True, slots=True)
class Defined:
    """All budgets that are defined, the configuration beside them, and what is wrong in the budgets file."""

    budgets: tuple[Budget, ...]
    own: frozenset[str]
    config: Config
    findings: tuple[Finding, ...]


def budgets_path() -> Path:
    """The budgets file of the person."""
    return wiring.home_dir() / BUDGETS_FILE


def defined(project: Path) -> Defined:
    """The budgets of the budgets file and of the routing configuration, as this project has it."""
    config = wiring.configuration(project)
    own, findings = read_budgets(budgets_path(), words_of(config))
    return Defined(merged(own, config.budgets), frozenset(one.name for one in own), config, tuple(findings))


def words_of(config: Config) -> TierWords:
    """The words that mean a tier."""
    return TierWords(config.settings.ladder, wiring.tier_of_model)


def views(store: Store, found: Defined, session: str | None) -> tuple[View, ...]:
    """Every budget as it stands now. A store of executions knows no holds and no quotas."""
    sources = Sources(store, partial(standings, store))
    return budget_views.views(sources, found.budgets, found.config.settings, session, wiring.now_us())


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
