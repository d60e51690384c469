"""Status words: a session's routing in a few words, for one line under a client's prompt.

    skill      page-component-mapper
    tier       opus→haiku, preferred                asked → decided, and which rule decided
    zone       yellow, week 74%                     of the budget that binds
    today      today $1.20, saved $3.40             against what the clients asked for
    forecast   runs out in 3 h 20 min

Names are other people's text; what could move a cursor is gone.

Source: design.md, "The shape" (installer); rules.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from tierwise.core.figures import clipped, dollars
from tierwise.core.forecast import Forecast
from tierwise.core.ledger import Execution
from tierwise.core.records import model_used
from tierwise.core.summaries import asked_tier
from tierwise.core.windows import duration_words
from tierwise.core.zones import Zone

NAME_WIDTH: Final = 32
WHY: Final = {
    "platform_default": "as asked",
    "session_default": "by role",
    "preferred": "preferred",
    "conditions": "condition",
    "fit": "easy task",
    "learned": "learned",
    "budget": "budget",
    "availability": "others unavailable",
    "user": "your choice",
    "minimum": "its minimum",
    "ceiling": "ceiling",
    "context_fit": "long context",
    "switch_cost": "warm cache",
    "escalation": "after a failure",
}
"""Each rule as a word or two; the last one that changed the tier."""


class Part(NamedTuple):
    """One part of the line."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Binding:
    """The budget that binds, as it stands at `at_us`."""

    name: str
    zone: Zone
    share: float | None
    forecast: Forecast
    at_us: int


@dataclass(frozen=True, slots=True)
class Today:
    """What was spent since midnight, and saved against what was asked for; None where nothing compares."""

    calls: int
    spent_nanousd: int
    saved_nanousd: int | None
    unpriced_calls: int


def status_parts(latest: Execution | None, binding: Binding | None, today: Today | None) -> tuple[Part, ...]:
    """The parts of the line, in their order; what is not known is left out. `today` None: nothing is."""
    parts = [
        Part("skill", _skill(latest)),
        Part("tier", _tier(latest) if latest or today else ""),
        Part("zone", _zone(binding) if today else ""),
        Part("today", _today(today)),
        Part("forecast", _forecast(binding)),
    ]
    return tuple(part for part in parts if part.text)


def _skill(latest: Execution | None) -> str:
    return clipped((latest.skill or latest.agent_name) if latest else "", NAME_WIDTH)


def _tier(latest: Execution | None) -> str:
    if latest is None:
        return "no call yet"
    decided = latest.decided_tier or latest.decided_model
    asked = asked_tier(latest) or latest.asked_model
    moved = decided if asked == decided else f"{asked}→{decided}"
    why = WHY.get(latest.rule, latest.rule.replace("_", " "))
    if latest.outcome == "refused":
        why = "refused"
    elif latest.mode != "enforce":
        why = f"{why} ({latest.mode} only)"
    elif latest.mismatch:
        why = f"{why}, but {model_used(latest)} answered"
    return clipped(f"{moved}, {why}", 2 * NAME_WIDTH)


def _zone(binding: Binding | None) -> str:
    if binding is None:
        return "no budget"
    share = "" if binding.share is None else f" {min(binding.share, 9.99):.0%}"
    return f"{binding.zone}, {clipped(binding.name, NAME_WIDTH)}{share}"


def _today(today: Today | None) -> str:
    if today is None:
        return ""
    spent = f"today {dollars(today.spent_nanousd)}"
    if today.unpriced_calls:
        spent += f" and {today.unpriced_calls:,} unpriced"
    if not today.saved_nanousd:
        return spent
    word = "saved" if today.saved_nanousd > 0 else "more than asked:"
    return f"{spent}, {word} {dollars(abs(today.saved_nanousd))}"


def _forecast(binding: Binding | None) -> str:
    if binding is None:
        return ""
    expected = binding.forecast
    match expected.state:
        case "spent":
            return "nothing left"
        case "lasts":
            return "lasts"
        case "runs_out" if expected.run_out_us is not None:
            return f"runs out in {duration_words(expected.run_out_us - binding.at_us)}"
        case _:
            return ""
