"""Step templates: the steps of each pattern that a new skill may follow, and what helps it at a lower tier.

    plain       one tier for all of it
    cascade     classify at the lowest tier, and only the hard part goes up         (A§6.1)
    prescreen   ask at the lowest tier whether a higher one is needed at all        (A§6.2)
    batch       collect at the lowest tier, decide on everything in one call        (A§6.3)

What only the author can know is marked `TODO`.

Source: seed A§6.1 to A§6.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tierwise.core.tiers import Tier

MARK: Final = "TODO"


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers that a skill moves between: `low` ≤ `middle` ≤ `top`; `top` is its preferred one."""

    low: Tier
    middle: Tier
    top: Tier

    @property
    def high(self) -> tuple[Tier, ...]:
        """Where the hard part may run: the middle and the top, or the top alone."""
        return (self.top,) if self.middle == self.top else (self.middle, self.top)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a procedure; `tiers` empty where the whole skill runs on one."""

    title: str
    lines: tuple[str, ...]
    tiers: tuple[Tier, ...] = ()
    reason: str = ""

    def text(self, number: int) -> str:
        """The step as it stands in a SKILL.md."""
        lines = [f"Step {number}: {self.title}"]
        if self.tiers:
            lines.append(f"  Model: {' or '.join(tier.name for tier in self.tiers)} ({self.reason})")
        return "\n".join([*lines, *(f"  - {line}" for line in self.lines)])


def _plain(_: Tiers) -> tuple[Step, ...]:
    return (
        Step("Read what the task needs, and no more.", (f"{MARK}: which files, and how they are found.",)),
        Step("Do the work.", (f"{MARK}: what to do, in the order in which it is done.",)),
        Step("Check the result.", (f"{MARK}: the command to run, or what must hold.",)),
    )


def _cascade(tiers: Tiers) -> tuple[Step, ...]:
    low, high = (tiers.low,), tiers.high
    ways = ["FAMILIAR: do it now as the list says, then go to the check at the end."]
    ways += [f"UNCLEAR: go on at {high[0]}."] if len(high) > 1 else []
    ways += [f"HARD: go on at {high[-1]}."]
    familiar = f"{MARK}: list the familiar cases, each with the sign that shows it and what to do then."
    classify = (
        "Read the request, and the first lines of what it names.",
        familiar,
        f"Answer with one word: {' or '.join(way.partition(':')[0] for way in ways)}.",
    )
    work = (f"{MARK}: the whole procedure, up to the cause and the change that removes it.",)
    check = (f"{MARK}: the command to run, or what must hold.", "If it fails, go back one step.")
    why_high = "as the class says" if len(high) > 1 else "finding the cause"
    return (
        Step("Classify the task.", classify, low, "comparing with a list"),
        Step("Choose the way.", tuple(ways), low, "looking it up"),
        Step("Work it out.", work, high, why_high),
        Step("Check the result.", check, low, "running a command"),
    )


def _prescreen(tiers: Tiers) -> tuple[Step, ...]:
    low, high = (tiers.low,), tiers.high
    ask = (
        f"{MARK}: three questions that can be answered with yes or no from the file alone.",
        "Answer all of them before anything else is done.",
    )
    simple = (f"Only if every answer is no. {MARK}: what to do then.", "Check the result, and stop here.")
    other = (f"{MARK}: what to do where an answer is yes.", "Start from the answers; do not ask again.")
    why_high = "by how much the answers weigh" if len(high) > 1 else "at least one answer is yes"
    return (
        Step("Find out whether it is a simple case.", ask, low, "yes or no questions"),
        Step("Do the simple case.", simple, low, "nothing to weigh"),
        Step("Do the other cases.", other, high, why_high),
    )


def _batch(tiers: Tiers) -> tuple[Step, ...]:
    low, top = (tiers.low,), (tiers.top,)
    collect = (
        f"{MARK}: how the items are found, and which lines of each are read.",
        "Write one row an item: its name, and the facts that the next step needs.",
    )
    decide = (
        "Take the rows as they are; open no file again.",
        f"{MARK}: what is to be decided, and the words that may be answered.",
        "Answer with one row an item, in the same order.",
    )
    act = (f"{MARK}: what happens to an item by its answer.", "Count the items at the start and at the end.")
    return (
        Step("Collect the items.", collect, low, "mechanical reading"),
        Step("Decide on all items in one call.", decide, top, "one judgement over the whole list"),
        Step("Carry it out.", act, low, "doing what is decided"),
    )


PATTERNS: Final[dict[str, Callable[[Tiers], tuple[Step, ...]]]] = {
    "plain": _plain,
    "cascade": _cascade,
    "prescreen": _prescreen,
    "batch": _batch,
}

GUIDED: Final = (
    f"Work through this list point by point: {MARK}, the checks that an expert makes without being told.",
    f"Compare with two solved cases first: {MARK}.",
    "Write down what each step has shown before the next one begins.",
)
"""What helps at a tier below the preferred one."""
EXACT: Final = (
    f"Look for exactly these patterns: {MARK}. Judge nothing that they do not cover; report it instead.",
    "Leave whatever takes more than one inference to a script.",
    "Answer with the result alone, in the form that is asked for.",
)
"""What helps at the lowest tier."""


def adaptation_text(tier: Tier, preferred: Tier) -> str:
    """One paragraph of the section "Degradation Adaptations"."""
    lines = EXACT if tier.rank == 0 else GUIDED
    return "\n".join([f"When running at {tier} instead of {preferred}:", *(f"- {line}" for line in lines)])
