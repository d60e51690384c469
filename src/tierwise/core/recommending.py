"""Recommending: from what a page shows of its work to the block that its author might write, and why.

    sightings ──► points for light, standard, heavy ──► a tier, how sure, and the block around it
      (what the page says, and on which line)   SIGNALS is the whole weighing: one row a signal

What is weighed is the kind of work, not its subject. `heavy` needs a *cognitive operation* that was seen in
two places: reasoning against an adversary, formal proof or constraint satisfaction, a long causal chain
across a system's boundaries. Debugging, designing and reviewing are `standard`, and so is security as a
subject. A coordinator is `light`, always: it routes by a table. Where the page does not say what the work
is, there is no recommendation. A premium rung is never recommended.

The minimum is never below what was seen: a tier with no points for less has itself as its minimum, but for
heavy work, which may fall to standard.

Source: seed A§1.2, Appendix A; rules.md sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tierwise.core.run_history import RUNS_NEEDED
from tierwise.core.skills import Demand, Role, Routing
from tierwise.core.tiers import BUILT_IN, Ladder, Tier


class Confidence(StrEnum):
    """How much the evidence says, and how much of it agrees."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Signal:
    """What one kind of sighting is worth: points for each tier, for at most `most` sightings of it.

    `telling` signals say what the work is; the others only add to what those say.
    """

    light: int
    standard: int
    heavy: int
    most: int
    why: str
    telling: bool = True


SIGNALS: Final[dict[str, Signal]] = {
    # signal                light standard heavy most   why
    "routing-table":    Signal(6, 0, 0, 1, "has a routing table: a coordinator routes, it does not reason"),
    "coordinator-name": Signal(4, 0, 0, 1, "is named as a coordinator"),
    "coordinator-words": Signal(4, 0, 0, 1, "says that it routes requests to others"),
    "mechanical-lead":  Signal(3, 0, 0, 2, "begins with mechanical work"),
    "mechanical-word":  Signal(1, 0, 0, 4, "names mechanical work"),
    "mechanical-step":  Signal(1, 0, 0, 3, "has steps of mechanical work", False),
    "analytical-lead":  Signal(0, 3, 0, 2, "begins with analytical work"),
    "analytical-word":  Signal(0, 1, 0, 4, "names analytical work"),
    "analytical-step":  Signal(0, 1, 0, 3, "has steps of analytical work", False),
    "deliberate-lead":  Signal(0, 3, 1, 2, "begins with work that weighs causes or designs"),
    "deliberate-word":  Signal(0, 2, 0, 3, "names work that weighs causes or designs"),
    "deliberate-step":  Signal(0, 2, 0, 2, "has steps that weigh causes or designs", False),
    "operation":        Signal(0, 1, 4, 2, "is about an operation that needs the longest reasoning"),
    "operation-body":   Signal(0, 0, 3, 2, "names such an operation in its procedure", False),
    "author-light":     Signal(8, 0, 0, 1, "its author names the tier"),
    "author-standard":  Signal(0, 8, 0, 1, "its author names the tier"),
    "author-heavy":     Signal(0, 0, 8, 1, "its author names the tier"),
    "ran-light":        Signal(3, 0, 0, 1, "ran to the end on the light tier"),
    "ran-standard":     Signal(0, 2, 0, 1, "ran to the end on the standard tier"),
    "effort-low":       Signal(3, 0, 0, 1, "asks for little effort", False),
    "effort-medium":    Signal(0, 2, 0, 1, "asks for medium effort", False),
    "effort-high":      Signal(0, 1, 2, 1, "asks for much effort", False),
    "easy-words":       Signal(1, 0, 0, 2, "calls the work plain", False),
    "hard-words":       Signal(0, 1, 1, 2, "asks for judgement", False),
    "reading-tools":    Signal(1, 0, 0, 1, "may only read", False),
    "narrow-commands":  Signal(2, 0, 0, 1, "may only run named commands", False),
    "writing-tools":    Signal(0, 1, 0, 1, "may write", False),
    "scripts":          Signal(2, 0, 0, 1, "leaves the work to scripts", False),
    "short":            Signal(1, 0, 0, 1, "is short", False),
    "long":             Signal(0, 1, 0, 1, "is long", False),
    "many-steps":       Signal(0, 1, 0, 1, "has many steps", False),
    "many-decisions":   Signal(0, 2, 0, 1, "has many points of decision", False),
    "many-references":  Signal(0, 1, 0, 1, "has many pages to take into account", False),
}  # fmt: skip
"""Signal → points. The order is the order in which reasons are told."""

COORDINATING: Final = frozenset({"routing-table", "coordinator-name", "coordinator-words"})
SUPPORT: Final = frozenset(
    {"mechanical-step", "analytical-step", "deliberate-step", "scripts", "narrow-commands"}
)
OPERATIONS: Final = frozenset({"operation", "operation-body"})
LEADS_TO_LIGHT: Final = frozenset({"mechanical-lead", "ran-light"})
AUTHOR: Final = {"author-light": 0, "author-standard": 1, "author-heavy": 2}

POINTS_NEEDED: Final = (4, 3, 3)
"""Points of telling signals for light, standard, heavy without which that tier is not recommended."""
POINTS_WITH_SUPPORT: Final = 5
"""Fewer will do where the procedure says the rest: so many together."""
SURE_POINTS: Final = 9
FAIR_POINTS: Final = 5
SURE_SHARE: Final = 0.75
FAIR_SHARE: Final = 0.6
LIGHT_MARGIN: Final = 1.5
LIGHT_MARGIN_UNLED: Final = 3
"""Light work needs this many times the points of the rest, the more where no description begins with it:
erring low costs more than erring high."""
OPERATION_POINTS: Final = 10
OPERATION_PLACES: Final = 2
"""Heavy needs so many heavy points of operations, seen on so many lines: one mention is not the work."""
SURE_OPERATION_POINTS: Final = 14


@dataclass(frozen=True, slots=True)
class Sighting:
    """One signal seen on a line (0: of the page as a whole, or of no page), with the words that showed it."""

    signal: str
    line: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal with its sightings taken together, and the points that it gave to light, standard, heavy."""

    signal: str
    lines: tuple[int, ...]
    words: tuple[str, ...]
    points: tuple[int, int, int]

    def __str__(self) -> str:
        words = f" ({', '.join(self.words)})" if self.words else ""
        return SIGNALS[self.signal].why + words


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The suggested block, how sure it is, and why. `routing` is None where the evidence is too little.

    `without` then says why not. `points` are the sums for light, standard, heavy.
    """

    routing: Routing | None
    role: Role
    confidence: Confidence
    reasons: tuple[Reason, ...]
    points: tuple[int, int, int]
    without: str = ""


def ran(runs: Mapping[str, int], ladder: Ladder = BUILT_IN) -> tuple[Sighting, ...]:
    """What it says that so many runs ended on which tier; nothing of too few, or of runs on a heavy tier.

    A run that ended on a low tier shows that it can; one on a high tier only that the session was there.
    """
    steps = (("ran-light", ladder.light), ("ran-standard", ladder.standard))
    return tuple(
        Sighting(signal, 0, (f"{runs[tier.name]} runs on {tier.name}",))
        for signal, tier in steps
        if runs.get(tier.name, 0) >= RUNS_NEEDED
    )


def recommend(
    sightings: Iterable[Sighting], ladder: Ladder = BUILT_IN, floor: Tier | None = None
) -> Recommendation:
    """What these sightings carry; their order does not matter. Each must be of a signal in the table.

    `floor` is what a coordinator's table allows the skill to fall to: the minimum is not above it.
    """
    reasons = _reasons(sightings)
    points = _sums(reasons)
    role = Role.COORDINATOR if _named(reasons, COORDINATING) else Role.SPECIALIST
    carried = _carried(reasons, role)
    level = next((AUTHOR[reason.signal] for reason in reasons if reason.signal in AUTHOR), carried)
    without = _too_little(reasons, level)
    if without:
        return Recommendation(None, role, Confidence.LOW, reasons, points, without)
    routing = _block(level, carried, role, ladder, floor)
    return Recommendation(routing, role, _confidence(level, reasons, points), reasons, points)


def _reasons(sightings: Iterable[Sighting]) -> tuple[Reason, ...]:
    """One reason a signal, in the order of the table; the same words twice count once."""
    found: dict[str, set[Sighting]] = {}
    for sighting in sightings:
        found.setdefault(sighting.signal, set()).add(sighting)
    unknown = found.keys() - SIGNALS.keys()
    assert not unknown, f"no such signal: {unknown}"
    return tuple(_reason(name, found[name]) for name in SIGNALS if name in found)


def _reason(name: str, seen: set[Sighting]) -> Reason:
    signal = SIGNALS[name]
    first: dict[tuple[str, ...], Sighting] = {}
    for sighting in sorted(seen, key=lambda one: (one.line, one.words)):
        first.setdefault(sighting.words, sighting)
    counted = tuple(first.values())[: signal.most]
    times = len(counted)
    lines = tuple(dict.fromkeys(one.line for one in counted if one.line))
    words = tuple(dict.fromkeys(word for one in counted for word in one.words))
    return Reason(name, lines, words, (signal.light * times, signal.standard * times, signal.heavy * times))


def _sums(reasons: Sequence[Reason]) -> tuple[int, int, int]:
    light, standard, heavy = (sum(reason.points[at] for reason in reasons) for at in range(3))
    return light, standard, heavy


def _too_little(reasons: Sequence[Reason], level: int) -> str:
    """Why the evidence for a level is too little to recommend it; "" if it is enough."""
    telling = [reason for reason in reasons if SIGNALS[reason.signal].telling]
    told = _points_for(level, telling)
    support = _points_for(level, [reason for reason in reasons if reason.signal in SUPPORT])
    if told >= POINTS_NEEDED[level] or (told and told + support >= POINTS_WITH_SUPPORT):
        return ""
    if not telling:
        return "neither name nor description says what the work is"
    return "name and description say too little about what the work is"


def _points_for(level: int, reasons: Sequence[Reason]) -> int:
    """The points that speak for a level; what speaks for heavy work speaks for more than light, too."""
    return _sums(reasons)[0] if level == 0 else sum(_sums(reasons)[1:])


def _named(reasons: Sequence[Reason], names: Iterable[str]) -> bool:
    wanted = frozenset(names)
    return any(reason.signal in wanted for reason in reasons)


def _carried(reasons: Sequence[Reason], role: Role) -> int:
    """0, 1 or 2 for light, standard, heavy: what the evidence speaks for without the author's own word."""
    if role is Role.COORDINATOR:
        return 0
    light, standard, heavy = _sums([reason for reason in reasons if reason.signal not in AUTHOR])
    operations = [reason for reason in reasons if reason.signal in OPERATIONS]
    places = {line for reason in operations for line in reason.lines}
    is_theme = len(places) >= OPERATION_PLACES and _sums(operations)[2] >= OPERATION_POINTS
    if is_theme and 2 * heavy > standard + light:
        return 2
    margin = LIGHT_MARGIN if _named(reasons, LEADS_TO_LIGHT) else LIGHT_MARGIN_UNLED
    return 0 if light and light >= margin * (standard + heavy) else 1


def _confidence(level: int, reasons: Sequence[Reason], points: tuple[int, int, int]) -> Confidence:
    """How sure a tier is; heavy never more than fairly: words do not tell how hard the work is."""
    agree, total = points[level], sum(points)
    telling = [reason for reason in reasons if SIGNALS[reason.signal].telling or reason.signal in SUPPORT]
    signals = sum(1 for reason in telling if reason.points[level])
    if level == 2:
        theme = _sums([reason for reason in reasons if reason.signal in {*OPERATIONS, *AUTHOR}])[2]
        return Confidence.MEDIUM if theme >= SURE_OPERATION_POINTS else Confidence.LOW
    if agree >= SURE_POINTS and agree >= SURE_SHARE * total and signals >= 2:
        return Confidence.HIGH
    if agree >= FAIR_POINTS and agree >= FAIR_SHARE * total and signals >= 2:
        return Confidence.MEDIUM
    return Confidence.LOW


def _block(level: int, carried: int, role: Role, ladder: Ladder, floor: Tier | None) -> Routing:
    """The block around a tier; `carried` is the level that the evidence alone speaks for."""
    rungs = (ladder.light, ladder.standard, ladder.heavy)
    minimum = rungs[min(level, carried, 1)]
    demand = (Demand.LOW, Demand.MEDIUM, Demand.HIGH)[min(level, carried)]
    acceptable: set[Tier] = {rungs[level], rungs[1]} if level != 1 else {rungs[1]}
    if demand is Demand.HIGH and rungs[level] < ladder.heavy:
        demand = Demand.MEDIUM
    return Routing(
        preferred=rungs[level],
        acceptable=tuple(sorted(acceptable)),
        minimum=minimum if floor is None else min(minimum, floor),
        reasoning_demand=demand,
        role=Role.COORDINATOR if role is Role.COORDINATOR else None,
    )
