"""What more spending would lead to: zones entered, when, and the skills that would then run on another tier.

    2usd a day   ──►   week: yellow on 26 November   ──►   css-layout-debugger: opus → sonnet

Each step is the decision itself, asked once with the budgets as they are and once as they would be.

Source: rules.md sections 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from tierwise import wiring
from tierwise.cli.budget_views import amount_words
from tierwise.cli.findings_output import printable
from tierwise.core.budgets import Budget
from tierwise.core.decide import decide
from tierwise.core.figures import counted
from tierwise.core.forecast import Rate, runs_out_us
from tierwise.core.questions import Question, UserWish
from tierwise.core.skills import Skill
from tierwise.core.windows import DAY_US, duration_words, moment_words
from tierwise.core.zones import Gauge, Zone
from tierwise.files.config import Config
from tierwise.files.skill_files import SKILL_FILE, read_skill
from tierwise.files.walk import skill_paths
from tierwise.router.budget_views import View, in_unit, rated
from tierwise.router.routing import with_override

Amount = tuple[str, int]
"""A unit and an amount in it, dollars as nano-dollars."""
PLATFORM: Final = "claude_code"
MOST_STEPS: Final = 30
REFUSED: Final = "refused"
Tiers = dict[str, tuple[str, str]]
"""Skill → its tier, or `refused`, and the reason."""


@dataclass(frozen=True, slots=True)
class Spending:
    """So much at once, or so much a day; neither: at each budget's present rate."""

    at_once: Amount | None = None
    per_day: Amount | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A skill that would run on another tier, and why."""

    skill: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Crossing:
    """A budget enters a zone at a moment, holding `spent`; and what that changes."""

    at_us: int
    budget: Budget
    before: Zone
    zone: Zone
    spent: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """All crossings in the order of time. `refused` are skills that cannot run as it is; `silent` are budgets
    that enter no other zone, with the reason.
    """

    now_us: int
    refused: tuple[Change, ...]
    crossings: tuple[Crossing, ...]
    silent: tuple[tuple[Budget, str], ...]
    skills: int


@dataclass(frozen=True, slots=True)
class _Step:
    at_us: int
    view: View
    spent: int


def simulated(
    shown: Sequence[View], chosen: Sequence[View], spending: Spending, config: Config, project: Path
) -> Simulation:
    """What that spending from the chosen budgets leads to, the others staying as they are."""
    now_us = wiring.now_us()
    skills = _skills(project, config)
    steps = sorted((step for view in chosen for step in _steps(view, spending, config)), key=_in_time)
    gauges = {view.budget.name: view.gauge for view in shown if view.here or view in chosen}
    tiers = _tiers(skills, gauges.values(), config, now_us)
    refused = tuple(Change(name, tier, tier, why) for name, (tier, why) in tiers.items() if tier == REFUSED)
    crossings: list[Crossing] = []
    for step in steps[:MOST_STEPS]:
        name = step.view.budget.name
        before = rated(gauges[name], config.settings)
        gauges[name] = _filled(step.view, step.spent)
        later = _tiers(skills, gauges.values(), config, now_us)
        zone = rated(gauges[name], config.settings)
        changes = tuple(_changes(tiers, later))
        crossings.append(Crossing(step.at_us, step.view.budget, before, zone, step.spent, changes))
        tiers = later
    moved = {crossing.budget.name for crossing in crossings}
    silent = [(view.budget, _why_silent(view, spending)) for view in chosen if view.budget.name not in moved]
    return Simulation(now_us, refused, tuple(crossings), tuple(silent), len(skills))


def _in_time(step: _Step) -> tuple[int, int]:
    return step.at_us, step.spent


def _steps(view: View, spending: Spending, config: Config) -> Iterator[_Step]:
    """The moments at which the budget would enter another zone, with what it would hold then."""
    budget, limit = view.budget, view.budget.limit
    if _why_uncounted(view, spending) or limit is None or view.standing is None:
        return
    if spending.at_once is not None:
        spent = view.standing.spent + spending.at_once[1]
        if rated(_filled(view, spent), config.settings) != view.zone:
            yield _Step(view.watched.at_us, view, spent)
        return
    edges = budget.thresholds or config.settings.thresholds
    rate = Rate(spending.per_day[1], DAY_US) if spending.per_day else view.forecast.rate
    levels = dict.fromkeys(math.ceil(share * limit) for share in (edges.yellow, edges.red, 1.0))
    for level in levels:
        if rate is None or level <= view.standing.spent:
            continue
        at_us = runs_out_us(view.watched, level, rate)
        if at_us is not None:
            yield _Step(at_us, view, level)


def _filled(view: View, spent: int) -> Gauge:
    """The gauge as it would be, without a zone that it comes from."""
    scale = view.gauge.limit / view.budget.limit if view.gauge.limit and view.budget.limit else 1
    return replace(view.gauge, spent=spent * scale, before=None)


def _why_uncounted(view: View, spending: Spending) -> str:
    """Why such spending says nothing about this budget; "" if it does."""
    budget, amount = view.budget, spending.at_once or spending.per_day
    if not budget.in_ledger:
        return "is observed, not counted"
    if amount is not None and amount[0] != budget.unit:
        return f"counts {budget.unit}, not {amount[0]}"
    if budget.limit is None:
        return "has no limit"
    return ""


def _why_silent(view: View, spending: Spending) -> str:
    why = _why_uncounted(view, spending)
    if why:
        return why
    if view.zone is Zone.EXHAUSTED:
        return "is exhausted already"
    if spending.at_once is None and spending.per_day is None and view.forecast.rate is None:
        return "has too few calls for a rate; name one with --per-day"
    ends = "" if spending.at_once else (" in a week" if view.watched.rolling else " before its reset")
    return f"stays {view.zone}{ends}"


# -- what the skills would do ------------------------------------------------------------------------------


def _skills(project: Path, config: Config) -> list[Skill]:
    ladder = config.settings.ladder
    paths = [path for path in skill_paths([project])[0] if path.name == SKILL_FILE]
    files = [read_skill(path, ladder, wiring.tier_of_model) for path in paths]
    return [with_override(file, file.name, config) for file in files if file.usable]


def _tiers(skills: Sequence[Skill], gauges: Iterable[Gauge], config: Config, now_us: int) -> Tiers:
    """The tier of every skill under these budgets, and why."""
    day, settings = wiring.day_of(now_us), config.settings
    candidates = wiring.load_catalog().candidates(PLATFORM, settings.ladder, config.tier_models, day)
    blank = Question(settings=settings, gauges=tuple(gauges), candidates=candidates, interactive=False)
    found: Tiers = {}
    for skill in skills:
        wish = UserWish(skill_override=config.skill_overrides.get(skill.name), force=config.force)
        decision = decide(replace(blank, skill=skill, user=wish))
        tier = decision.tier.name if decision.tier else "unknown"
        found[skill.name] = (REFUSED, decision.refusal.text) if decision.refusal else (tier, decision.reason)
    return found


def _changes(before: Tiers, after: Tiers) -> Iterator[Change]:
    for name, (tier, why) in after.items():
        if tier != before[name][0]:
            yield Change(name, before[name][0], tier, why)


# -- told --------------------------------------------------------------------------------------------------


def simulate_lines(result: Simulation) -> Iterator[str]:
    """A line for each crossing and each skill that it changes; then the budgets that do not move."""
    if result.refused:
        of_all = f"{len(result.refused)} of {counted(result.skills, 'skill')}"
        yield printable(f"Now: {of_all} refused, for {result.refused[0].why}")
    for crossing in result.crossings:
        budget = crossing.budget
        zones = f"{crossing.before} → {crossing.zone}"
        when = _when(crossing.at_us, result.now_us, budget.zone)
        yield printable(f"{when}: {budget.name} {zones} at {amount_words(budget, crossing.spent)}")
        for change in crossing.changes:
            yield printable(f"    {change.skill}: {change.before} → {change.after}  ({change.why})")
        if not crossing.changes and result.skills:
            yield "    no skill changes its tier"
    for budget, why in result.silent:
        yield printable(f"{budget.name} {why}")
    if not (result.crossings or result.silent):
        yield "No budgets. `tierwise budget set` defines one."
    elif not result.skills:
        yield "No skills in this project: name its folder with --project to see which would change tier."


def _when(at_us: int, now_us: int, zone: str) -> str:
    if at_us <= now_us:
        return "Then"
    left_us = at_us - now_us
    return f"In {duration_words(left_us)}" if left_us < DAY_US else f"On {moment_words(at_us, zone)}"


def simulate_json(result: Simulation) -> dict[str, Any]:
    """`{at_us, crossings: [{at_us, budget, before, zone, spent, skills: […]}], unmoved, skills}`."""
    return {
        "at_us": result.now_us,
        "refused": [{"skill": one.skill, "why": one.why} for one in result.refused],
        "crossings": [
            {
                "at_us": crossing.at_us,
                "budget": crossing.budget.name,
                "before": str(crossing.before),
                "zone": str(crossing.zone),
                "spent": in_unit(crossing.budget, crossing.spent),
                "skills": [asdict(change) for change in crossing.changes],
            }
            for crossing in result.crossings
        ],
        "unmoved": [{"budget": budget.name, "why": why} for budget, why in result.silent],
        "skills": result.skills,
    }
