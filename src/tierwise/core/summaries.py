"""Summaries: what a session, or any run of records, used, cost and saved.

A saving compares what was paid with the same tokens and cache states at another tier's prices. It is an
estimate (another model would have written other words) and may be negative. Both sides of a comparison
cover the same calls: one that lacks a price on either side is left out of both and counted.

`against_asked` is the honest main figure: what the client asked for against what was served. The tier that
was asked for is what the trace's first rule found, and a call that stayed on it saves nothing. A cache that
a switch left cold is repriced as it is: what staying on the warm model would have cost is not known.

Source: seed A§5.2; rules.md section 10.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tierwise.core.figures import saved_percent
from tierwise.core.ledger import Execution
from tierwise.core.records import charged_to, model_used
from tierwise.core.usage import Usage

Counts = tuple[tuple[str, int], ...]
"""Word → how many calls, most first."""

AUXILIARY: Final = "auxiliary"
"""The role of titles, summaries and the like."""
ASKED: Final = "(asked)"
"""Stands in for a tier's name where each call is compared with the tier that it asked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one skill used on one tier, or on one model without a tier. `skill` None: outside any skill.

    `cost_nanousd` is the sum over the calls with a known price; `unpriced_calls` are the others.
    """

    skill: str | None
    model: str
    calls: int
    usage: Usage
    cost_nanousd: int
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same calls at other prices: what they would have cost, and what they did.

    `named` says whether any of the calls asked for that tier, wished for it or ran on it. `premium` is the
    dearest tier in use, whose price explains a negative saving; "" where it explains none.
    """

    tier: str
    would_nanousd: int
    actual_nanousd: int
    calls_left_out: int
    named: bool = True
    premium: str = ""

    @property
    def saved_nanousd(self) -> int:
        """What was saved; negative if more was paid."""
        return self.would_nanousd - self.actual_nanousd

    @property
    def saved_percent(self) -> str | None:
        """The saving with one decimal; None where there is nothing to compare with."""
        return saved_percent(self.actual_nanousd, self.would_nanousd)


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that a report shows. Rows stand in the order in which they first occurred.

    `if_all` has a comparison for every tier that was priced, dearest first. `unpriced` counts calls by the
    model that has no known price. `moved` calls ran on another tier than asked; `downgraded` ones below the
    tier that was wished for. `auxiliary` is the part of `against_asked` that the `auxiliary_moved` titles and
    summaries make. `steered` requests were no calls: the client was told to make them anew on
    another model. `first_us` and `last_us` are None without a call.
    """

    rows: tuple[Row, ...]
    total: Row
    sessions: int
    first_us: int | None
    last_us: int | None
    against_asked: Comparison
    if_all: tuple[Comparison, ...]
    unpriced: Counts
    by_rule: Counts
    by_zone: Counts
    moved: int
    downgraded: int
    mismatched: int
    failed: int
    usage_estimated: int
    budgets: tuple[str, ...]
    auxiliary: Comparison
    auxiliary_moved: int
    steered: int = 0


def summarise(executions: Iterable[Execution], budgets: tuple[str, ...] | None = None) -> Summary:
    """The summary of these records, read once, in their order.

    `budgets` are lines about the budgets as they stand; None: they are told from the newest record.
    """
    tally = _Tally()
    for execution in executions:
        tally.add(execution)
    return tally.summary(budgets)


def budget_lines(latest: Execution) -> tuple[str, ...]:
    """How full the budgets were at the record's call, in words."""
    binding = f" ({latest.binding})" if latest.binding else ""
    shares = (("Weekly", latest.weekly_consumed), ("Session", latest.session_consumed))
    return (
        f"Zone: {latest.zone}{binding}",
        *(f"{name}: {share:.0%} consumed" for name, share in shares if share is not None),
    )


def asked_tier(execution: Execution) -> str | None:
    """The tier of the model that the client asked for, as the trace tells it; None if it is not known."""
    if execution.asked_model == execution.decided_model:
        return execution.decided_tier
    first = next((step for step in execution.trace if step.rule == "platform_default"), None)
    return None if first is None or first.after == "unknown" else first.after


@dataclass(slots=True)
class _Sum:
    """A row while it grows."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_nanousd: int = 0
    unpriced_calls: int = 0

    def add(self, usage: Usage, cost_nanousd: int | None) -> None:
        self.calls += 1
        self.usage = self.usage.plus(usage)
        self.cost_nanousd += cost_nanousd or 0
        self.unpriced_calls += cost_nanousd is None

    def row(self, skill: str | None, model: str) -> Row:
        return Row(skill, model, self.calls, self.usage, self.cost_nanousd, self.unpriced_calls)


@dataclass(slots=True)
class _Pair:
    """A comparison while it grows."""

    would_nanousd: int = 0
    actual_nanousd: int = 0
    calls: int = 0

    def add(self, would_nanousd: int | None, actual_nanousd: int | None) -> None:
        if would_nanousd is not None and actual_nanousd is not None:
            self.would_nanousd += would_nanousd
            self.actual_nanousd += actual_nanousd
            self.calls += 1


@dataclass(slots=True)
class _Tally:
    """The sums of a summary while records are read."""

    rows: dict[tuple[str | None, str], _Sum] = field(default_factory=dict)
    total: _Sum = field(default_factory=_Sum)
    asked: _Pair = field(default_factory=_Pair)
    auxiliary: _Pair = field(default_factory=_Pair)
    if_all: dict[str, _Pair] = field(default_factory=dict)
    unpriced: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    zones: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    used: set[str] = field(default_factory=set)
    named: set[str | None] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    first_us: int | None = None
    latest: Execution | None = None

    def add(self, execution: Execution) -> None:
        """Count a call. One that was steered was not made: the client made it anew, on another model."""
        if execution.outcome == "steered":
            self.flags["steered"] += 1
            return
        tier, model = charged_to(execution)
        label = model_used(execution)
        cost = _known(execution.cost_nanousd, execution.usage)
        self.rows.setdefault((execution.skill, label), _Sum()).add(execution.usage, cost)
        self.total.add(execution.usage, cost)
        self._compare(execution, cost)
        self._count(execution)
        if cost is None:
            self.unpriced[model] += 1
        self.used.add(label)
        self.named |= {tier, asked_tier(execution), execution.requested_tier}
        self.sessions.add(execution.session)
        self._date(execution)

    def _compare(self, execution: Execution, cost: int | None) -> None:
        at_asked = _at_asked(execution, cost)
        self.asked.add(at_asked, cost)
        if _is_moved_title(execution):
            self.auxiliary.add(at_asked, cost)
        for tier, nanousd in execution.if_nanousd:
            self.if_all.setdefault(tier, _Pair()).add(_known(nanousd, execution.usage), cost)

    def _count(self, execution: Execution) -> None:
        self.rules[execution.rule] += 1
        self.zones[execution.zone] += 1
        self.flags["moved"] += not _stayed(execution)
        self.flags["auxiliary"] += _is_moved_title(execution)
        self.flags["downgraded"] += execution.downgrade_reason is not None
        self.flags["mismatched"] += execution.mismatch
        self.flags["failed"] += execution.outcome in ("error", "unreachable")
        self.flags["estimated"] += execution.usage_estimated

    def _date(self, execution: Execution) -> None:
        self.first_us = execution.at_us if self.first_us is None else min(self.first_us, execution.at_us)
        if self.latest is None or execution.at_us >= self.latest.at_us:
            self.latest = execution

    def summary(self, budgets: tuple[str, ...] | None) -> Summary:
        latest, flags = self.latest, self.flags
        if budgets is None:
            budgets = budget_lines(latest) if latest else ()
        return Summary(
            rows=tuple(total.row(skill, model) for (skill, model), total in self.rows.items()),
            total=self.total.row(None, ""),
            sessions=len(self.sessions),
            first_us=self.first_us,
            last_us=latest.at_us if latest else None,
            against_asked=self._comparison(ASKED, self.asked, of=self.total.calls),
            auxiliary=self._comparison(ASKED, self.auxiliary, of=flags["auxiliary"]),
            auxiliary_moved=flags["auxiliary"],
            if_all=self._all_tiers(),
            unpriced=tuple(self.unpriced.most_common()),
            by_rule=tuple(self.rules.most_common()),
            by_zone=tuple(self.zones.most_common()),
            moved=flags["moved"],
            downgraded=flags["downgraded"],
            mismatched=flags["mismatched"],
            failed=flags["failed"],
            usage_estimated=flags["estimated"],
            budgets=budgets,
            steered=flags["steered"],
        )

    def _all_tiers(self) -> tuple[Comparison, ...]:
        priced = [(tier, pair) for tier, pair in self.if_all.items() if pair.calls]
        priced.sort(key=lambda item: -item[1].would_nanousd)
        dearest = next((tier for tier, _ in priced if tier in self.used), "")
        return tuple(self._comparison(tier, pair, self.total.calls, dearest) for tier, pair in priced)

    def _comparison(self, tier: str, pair: _Pair, of: int, dearest: str = "") -> Comparison:
        """The pair as a comparison of so many calls."""
        return Comparison(
            tier=tier,
            would_nanousd=pair.would_nanousd,
            actual_nanousd=pair.actual_nanousd,
            calls_left_out=of - pair.calls,
            named=tier == ASKED or tier in self.named,
            premium=dearest if dearest != tier and pair.actual_nanousd > pair.would_nanousd else "",
        )


def _known(nanousd: int | None, usage: Usage) -> int | None:
    """The sum; a call that used nothing costs nothing, whatever its model's price."""
    return 0 if nanousd is None and not usage.total_tokens else nanousd


def _at_asked(execution: Execution, cost: int | None) -> int | None:
    """What the call would have cost on the tier that was asked for; None if that is not known."""
    if _stayed(execution):
        return cost
    return _known(dict(execution.if_nanousd).get(asked_tier(execution) or ""), execution.usage)


def _is_moved_title(execution: Execution) -> bool:
    """Whether the call made a title or a summary, on another tier than was asked for."""
    return execution.role == AUXILIARY and execution.skill is None and not _stayed(execution)


def _stayed(execution: Execution) -> bool:
    """Whether the call ran on the model, or at least on the tier, that was asked for."""
    tier, model = charged_to(execution)
    return model == execution.asked_model or (tier is not None and tier == asked_tier(execution))
