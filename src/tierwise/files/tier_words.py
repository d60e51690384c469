"""Tier words: what a person may write where a tier belongs.

A rung of the ladder, one of its aliases (`light`, `standard`, `heavy`), or a concrete model id whose tier
somebody knows. Models are matched by whoever knows them: this reader only asks.

Source: rules.md section 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tierwise.core.tiers import BUILT_IN, Ladder, Tier
from tierwise.files.findings import did_you_mean

TierOfModel = Callable[[str], str | None]
"""Model id → name of its tier; None for a model that nobody knows."""
LONGEST_WORD: Final = 200
WIDE_WINDOW: Final = "[1m]"
"""Claude Code's suffix of a model with the wide window (`sonnet[1m]`): the same tier."""


def no_model(_: str) -> None:
    """Knows no model."""


@dataclass(frozen=True, slots=True)
class TierWords:
    """The words that mean a tier, on one ladder."""

    ladder: Ladder = BUILT_IN
    tier_of_model: TierOfModel = no_model

    def tier(self, word: str) -> Tier | None:
        """The tier that `word` means; None if it means none."""
        rung = self.ladder.get(word.strip().lower().removesuffix(WIDE_WINDOW)) or self.ladder.get(word)
        if rung is not None:
            return rung
        name = self.tier_of_model(word.strip())
        return None if name is None else self.ladder.get(name)

    def remedy(self, word: str, told: int = 0) -> str:
        """What to write instead of `word`; not guessed where very many mistakes were `told` before."""
        known, word = self.ladder.words(), word.lower()[:LONGEST_WORD]
        named = [part for part in re.findall(r"\w+", word) if part in known]
        close = named[0] if named else did_you_mean(word, known, told)
        rungs = ", ".join(rung.name for rung in self.ladder.rungs)
        return f"Did you mean `{close}`?" if close else f"Use {rungs}, or the id of a model in the catalog."
