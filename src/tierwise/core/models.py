"""Models: a concrete model as the rules need to know it.

A card says which tier a model stands on, how much it can hold and what it costs today. The catalog makes
cards; the rules only compare them.

Source: rules.md section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tierwise.core.prices import Price

ANYWHERE: Final = "*"
"""Stands for every platform that has the model which a configuration names."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model on one platform. `tier` is a rung's name; None for a model that the ladder has no place for.

    `family` names models whose requests have the same shape, so that one may stand in for another by
    changing the `model` field alone. `window_tokens` is None where it is not known: then it never bars.
    """

    id: str
    platform: str
    tier: str | None
    family: str = ""
    window_tokens: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None


Candidates = Mapping[str, tuple[ModelCard, ...]]
"""Tier name → the models that can serve it, best first. A tier without a key has no known model."""
