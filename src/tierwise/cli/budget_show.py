"""Budgets as they stand, as text.

    week      usd, weekly, hard                                       yellow
      [███████████████░░░░░╵░░░╵░]  74%   $3.70 of $5.00
      resets bit by bit, as spending grows older than 7 days
      runs out on 26 November 14:10 (UTC), between … and …

Source: rules.md section 4; research/platform.md section E.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click

from tierwise.cli.budget_views import Defined, amount_words
from tierwise.cli.findings_output import printable
from tierwise.core.figures import clipped
from tierwise.core.forecast import Forecast
from tierwise.core.windows import DAY_US, moment_words
from tierwise.core.zones import Thresholds, Zone
from tierwise.router.budget_views import View

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
    spent = amount_words(budget, view.standing.posted)
    held = f", {amount_words(budget, view.standing.pending)} more held" if view.standing.pending else ""
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
