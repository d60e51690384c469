"""Histories: what a skill took in the past, as an estimate for the next time.

Source: rules.md section 10; seed A§2.4.
"""

from __future__ import annotations

from typing import Final

from tierwise.core.estimates import Estimate, history_estimate
from tierwise.core.models import Candidates
from tierwise.store.contract import Store

CALLS_READ: Final = 2_000
"""The newest calls of the skill that its history is made of."""


def history_in(store: Store, skill: str, candidates: Candidates) -> Estimate | None:
    """The estimate from the skill's own finished runs, repriced today; None with too few of them."""
    return history_estimate(store.executions(skill=skill, last=CALLS_READ), candidates)


def no_history(_: str, __: Candidates) -> None:
    """For whoever has no store to look into."""
