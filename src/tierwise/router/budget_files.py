"""Budget files: the budgets in force, read again only when a file has changed.

The person's own `budgets.yaml`, then what the routing configuration names (`weekly_budget`). A budget that
cannot be read is not in force, and whoever relies on it must know: its findings are errors.

Source: rules.md section 4.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tierwise.core.budgets import Budget
from tierwise.files.budgets import merged, read_budgets
from tierwise.files.config import Config
from tierwise.files.findings import Finding
from tierwise.files.tier_words import TierOfModel, TierWords
from tierwise.router.shelf import Signature, signature_of


class BudgetFile:
    """One budgets file. Called with a configuration, it gives all budgets that are in force under it."""

    def __init__(self, path: Path, tier_of_model: TierOfModel) -> None:
        self.path: Final = path
        self._tier_of_model = tier_of_model
        self._read: tuple[Signature, tuple[Budget, ...], list[Finding]] | None = None

    def __call__(self, config: Config) -> tuple[Budget, ...]:
        """The file's budgets, then those of the configuration."""
        return merged(self._current(config)[1], config.budgets)

    def own(self, config: Config) -> frozenset[str]:
        """The names of the file's own budgets."""
        return frozenset(budget.name for budget in self._current(config)[1])

    def findings(self, config: Config) -> list[Finding]:
        """What is wrong in the file."""
        return self._current(config)[2]

    def _current(self, config: Config) -> tuple[Signature, tuple[Budget, ...], list[Finding]]:
        now = signature_of((self.path,))
        if self._read is None or self._read[0] != now:
            words = TierWords(config.settings.ladder, self._tier_of_model)
            self._read = (now, *read_budgets(self.path, words))
        return self._read
