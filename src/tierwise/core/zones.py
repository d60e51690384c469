"""Zones: how full a budget is, in one word.

    spent / limit   0 ---------- 0.70 -------- 0.90 ------ 1.00 ---->
    zone                GREEN           YELLOW       RED      EXHAUSTED

An edge belongs to the stricter side: exactly 0.70 is YELLOW. Several budgets may govern one call; the
strictest zone among them holds, because one empty purse is enough to stop a purchase. A budget without a
limit is UNKNOWN: it routes as green and is shown as unknown.

On the way back a zone is left only 2 points below its edge, so that a budget at an edge does not flap.

Source: rules.md section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

ZoneBy = Literal["spent", "pace", "both"]
"""What moves a zone: the share spent, the pace of spending, or both."""


class Zone(IntEnum):
    """How full, in order of strictness."""

    UNKNOWN = 0
    GREEN = 1
    YELLOW = 2
    RED = 3
    EXHAUSTED = 4

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares of a limit at which yellow and red begin; 0 < yellow ≤ red ≤ 1."""

    yellow: float = 0.70
    red: float = 0.90


DEFAULT_THRESHOLDS: Final = Thresholds()
HYSTERESIS: Final = 0.02
PACE_NEEDS_ELAPSED: Final = 0.05
"""Below this share of a window the pace says nothing: one early call would look like a run."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a budget covers: `kind` is all, tier, model, skill, project, key, session or run."""

    kind: str = "all"
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}={self.value}" if self.value else self.kind


EVERYTHING: Final = Scope()


@dataclass(frozen=True, slots=True)
class Gauge:
    """One budget as it stands: `spent` of `limit`, both in `unit`; only their ratio matters here.

    `limit` None means tracked, not limited. `elapsed` is the share of the window that has passed, if it
    is known. `before` is the zone it was in when last looked at (hysteresis). `spent` may exceed `limit`:
    money already gone is a fact. `resets` says when, in words for a person; "" if it never does. `zone_by`
    None: that of the session.
    """

    name: str
    spent: float
    limit: float | None
    scope: Scope = EVERYTHING
    dimension: str = "session"
    unit: str = "usd"
    elapsed: float | None = None
    hard: bool = False
    thresholds: Thresholds | None = None
    before: Zone | None = None
    resets: str = ""
    zone_by: ZoneBy | None = None

    @property
    def share(self) -> float | None:
        """`spent` / `limit`; None without a limit. A limit of 0 is full from the start."""
        if self.limit is None:
            return None
        if self.limit <= 0:
            return 1.0 if self.spent <= 0 else float("inf")
        return self.spent / self.limit


def zone_of(gauge: Gauge, thresholds: Thresholds = DEFAULT_THRESHOLDS, zone_by: ZoneBy = "spent") -> Zone:
    """The zone of one budget. The budget's own thresholds and `zone_by` win over the others.

    By `pace`, a window that would run out before its reset is one step stricter, at most red; an
    exhausted budget is exhausted whatever moves the zone.
    """
    share = gauge.share
    if share is None:
        return Zone.UNKNOWN
    by_share = _held_back(share, gauge.thresholds or thresholds, gauge.before)
    zone_by = gauge.zone_by or zone_by
    if by_share is Zone.EXHAUSTED or zone_by == "spent":
        return by_share
    base = Zone.GREEN if zone_by == "pace" else by_share
    return min(Zone(base + 1), Zone.RED) if _runs_out(gauge, share) else base


def _at(share: float, edges: Thresholds) -> Zone:
    if share >= 1.0:
        return Zone.EXHAUSTED
    if share >= edges.red:
        return Zone.RED
    return Zone.YELLOW if share >= edges.yellow else Zone.GREEN


def _held_back(share: float, edges: Thresholds, before: Zone | None) -> Zone:
    """The zone at `share`, or the stricter one it comes from while still within the hysteresis."""
    now = _at(share, edges)
    if before is None or before <= now or before is Zone.EXHAUSTED:
        return now
    return min(before, _at(share + HYSTERESIS, edges), Zone.RED)


def _runs_out(gauge: Gauge, share: float) -> bool:
    elapsed = gauge.elapsed
    return elapsed is not None and elapsed >= PACE_NEEDS_ELAPSED and share / elapsed > 1.0


def strictest(
    gauges: Iterable[Gauge], thresholds: Thresholds = DEFAULT_THRESHOLDS, zone_by: ZoneBy = "spent"
) -> tuple[Zone, Gauge | None]:
    """The strictest zone among the budgets, and the budget that set it; green and None without any.

    Of budgets in one zone the fuller one is named.
    """
    rated = [(zone_of(gauge, thresholds, zone_by), gauge.share or 0.0, gauge) for gauge in gauges]
    if not rated:
        return Zone.GREEN, None
    zone, _, gauge = max(rated, key=lambda item: item[:2])
    return zone, gauge
