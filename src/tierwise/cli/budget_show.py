"""Budgets as they stand, as text and as JSON.

    week      usd, weekly, hard                                       yellow
      [███████████████░░░░░╵░░░╵░]  74%   $3.70 of $5.00
      resets bit by bit, as spending grows older than 7 days
      runs out on 26 November 14:10 (UTC), between … and …

Source: rules.md section 4; research/platform.md section E.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from tierwise.cli.budget_views import Defined, View, amount_words, budgets_path, in_unit
from tierwise.cli.findings_output import printable
from tierwise.core.figures import clipped
from tierwise.core.forecast import Forecast
from tierwise.core.prices import NANO_PER_USD
from tierwise.core.windows import DAY_US, moment_words
from tierwise.core.zones import Thresholds, Zone

BAR_WIDTH: Final = 30
HEAD_WIDTH: Final = 60
COLOURS: Final = {
    Zone.UNKNOWN: "bright_black",
    Zone.GREEN: "green",
    Zone.YELLOW: "yellow",
    Zone.RED: "red",
    Zone.EXHAUSTED: "magenta",
}
NOTHING: Final = (
    "No budgets. Define one: `tierwise budget set week --limit 20usd --window weekly`,\n"
    "or a weekly_budget block in model-routing.yaml."
)
FAR_US: Final = 365 * DAY_US
"""Further ahead a date would claim too much."""


def as_lines(shown: Sequence[View], found: Defined) -> Iterator[str]:
    """A paragraph for each budget, at most 100 columns."""
    if not shown:
        yield NOTHING
    for at, view in enumerate(shown):
        if at:
            yield ""
        yield from _paragraph(view, found.config.settings.thresholds)


def _paragraph(view: View, thresholds: Thresholds) -> Iterator[str]:
    zone = click.style(str(view.zone), fg=COLOURS[view.zone], bold=True)
    head = clipped(f"{view.budget.name}  {_kind(view)}", HEAD_WIDTH)
    yield f"{printable(head):{HEAD_WIDTH}}  {zone}"
    yield f"  {_spent(view, thresholds)}"
    if view.gauge.resets:
        yield f"  resets {view.gauge.resets}"
    for line in (_rate(view), _run_out(view)):
        if line:
            yield f"  {line}"


def _kind(view: View) -> str:
    budget = view.budget
    scope = "" if budget.scope.kind == "all" else f", {view.gauge.scope}"
    each = " (each)" if scope and not budget.scope.value else ""
    quota = f" of {budget.quota}" if budget.quota else ""
    return f"{budget.dimension}{scope}{each}{quota}, {'hard' if budget.hard else 'soft'}"


def _spent(view: View, thresholds: Thresholds) -> str:
    budget, share = view.budget, view.gauge.share
    if view.standing is None:
        return f"up to {amount_words(budget, budget.limit or 0)}; observed by the gateway while it runs"
    spent = amount_words(budget, view.standing.spent)
    held = f", {amount_words(budget, view.standing.pending)} of it held" if view.standing.pending else ""
    if budget.limit is None or share is None:
        return f"{spent} spent{held}; no limit"
    bar = _bar(share, budget.thresholds or thresholds, view.zone)
    return f"{bar} {min(share, 9.99):>4.0%}   {spent} of {amount_words(budget, budget.limit)}{held}"


def _bar(share: float, edges: Thresholds, zone: Zone) -> str:
    """The share as a bar, with marks where yellow and red begin."""
    full = int(min(share, 1.0) * BAR_WIDTH)
    marks = {int(edges.yellow * BAR_WIDTH), int(edges.red * BAR_WIDTH)}
    rest = "".join("│" if at in marks else "░" for at in range(full, BAR_WIDTH))
    return click.style("█" * full, fg=COLOURS[zone]) + rest


def _rate(view: View) -> str:
    rate, pace = view.forecast.rate, view.forecast.pace
    if rate is None:
        return ""
    hourly, daily = rate.per_hour, rate.per_hour * 24
    words = f"{amount_words(view.budget, hourly)} an hour, {amount_words(view.budget, daily)} a day"
    return f"{words}; pace {pace:.2f}" if pace is not None else words


def _run_out(view: View) -> str:
    expected, zone, now_us = view.forecast, view.budget.zone, view.watched.at_us
    if view.standing is None:
        return ""
    match expected.state:
        case "unlimited":
            return ""
        case "unknown":
            return "too few calls for a forecast"
        case "spent":
            return "nothing is left"
        case "lasts":
            until = "for the week to come" if view.watched.rolling else "until its reset"
            early = _stamp(expected.earliest_us, now_us, zone)
            return f"lasts {until}" + (f"; at the earliest it runs out {early} ({zone})" if early else "")
        case "runs_out":
            likely = (
                f"likely {_stamp(expected.earliest_us, now_us, zone)} to {_latest(expected, now_us, zone)}"
            )
            return f"runs out {_stamp(expected.run_out_us, now_us, zone)}, {likely} ({zone})"


def _latest(expected: Forecast, now_us: int, zone: str) -> str:
    return _stamp(expected.latest_us, now_us, zone) or "not at all"


def _stamp(at_us: int | None, now_us: int, zone: str) -> str:
    """`24 Nov 14:42`; "" for none."""
    if at_us is None:
        return ""
    if at_us - now_us > FAR_US:
        return "in more than a year"
    day, month, time, _ = moment_words(at_us, zone).split(maxsplit=3)
    return f"{day} {month[:3]} {time}"


# -- as JSON -----------------------------------------------------------------------------------------------


def document(shown: Sequence[View], found: Defined, now_us: int) -> dict[str, Any]:
    """`{at_us, budgets: […], findings: […]}`; moments in µs UTC, amounts in the budget's unit."""
    return {
        "at_us": now_us,
        "budgets": [_budget(view, found) for view in shown],
        "findings": [dataclasses.asdict(finding) for finding in found.findings],
    }


def _budget(view: View, found: Defined) -> dict[str, Any]:
    budget, standing, gauge = view.budget, view.standing, view.gauge
    edges = budget.thresholds or found.config.settings.thresholds
    return {
        "name": budget.name,
        "scope": {gauge.scope.kind: gauge.scope.value},
        "dimension": budget.dimension,
        "unit": budget.unit,
        "limit": in_unit(budget, budget.limit),
        "spent": in_unit(budget, standing.spent) if standing else None,
        "held": in_unit(budget, standing.pending) if standing else None,
        "share": gauge.share if gauge.share is not None and math.isfinite(gauge.share) else None,
        "zone": str(view.zone),
        "thresholds": {"yellow": edges.yellow, "red": edges.red},
        "hard": budget.hard,
        "quota": budget.quota,
        "elapsed": gauge.elapsed if view.watched.until_us is not None else None,
        "resets": gauge.resets,
        "resets_us": view.watched.until_us,
        "time_zone": budget.zone,
        "forecast": _forecast(view),
        "source": str(budgets_path()) if budget.name in found.own else "model-routing.yaml",
    }


def _forecast(view: View) -> dict[str, Any]:
    expected = view.forecast
    per_hour = expected.rate.per_hour if expected.rate else None
    return {
        "state": expected.state,
        "per_hour": per_hour / NANO_PER_USD
        if per_hour is not None and view.budget.unit == "usd"
        else per_hour,
        "run_out_us": expected.run_out_us,
        "earliest_us": expected.earliest_us,
        "latest_us": expected.latest_us,
        "pace": expected.pace,
    }
