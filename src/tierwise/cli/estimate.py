"""`tierwise estimate`: what a run of a skill is likely to take at each tier, against what remains.

Source: rules.md section 10; seed A§2.4.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from tierwise.cli import ledger
from tierwise.cli.skill_lookup import platform_option, project_option
from tierwise.cli.skill_now import SkillNow, skill_now
from tierwise.core.estimates import Estimate, Remaining, estimate_for, runs_left
from tierwise.core.figures import counted, dollars, printable
from tierwise.core.models import Candidates
from tierwise.core.prices import NANO_PER_USD
from tierwise.core.run_history import RUNS_NEEDED, runs_of
from tierwise.core.skills import TokenRange
from tierwise.files.skill_files import SKILL_FILE
from tierwise.router.answers import estimate_json

USAGE_WORDS: Final = {
    "input_tokens": "new input",
    "cache_read_tokens": "read from the cache",
    "cache_write_5m_tokens": "cached for 5 min",
    "cache_write_1h_tokens": "cached for 1 h",
    "output_tokens": "output",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """A skill with its estimate, and what its own history says; either may be missing."""

    name: str
    folder: Path
    candidates: Candidates
    estimate: Estimate | None
    history: Estimate | None
    finished_runs: int


@click.command()
@click.argument("skill")
@platform_option
@project_option
@ledger.store_option
@ledger.json_option
def command(skill: str, platform: str, project: Path | None, store_url: str | None, as_json_: bool) -> None:
    """Estimate what a run of a skill takes, at every tier, and how many runs your budgets still pay for.

    SKILL is a name or a folder. The ranges in its SKILL.md count, else its own last runs.

    \b
      tierwise estimate page-component-mapper
      tierwise estimate .claude/skills/page-component-mapper --json
    """
    expected = _expected(skill_now(skill, platform, project, store_url))
    click.echo(_json(expected) if as_json_ else "\n".join(_lines(expected)))


def _expected(now: SkillNow) -> Expected:
    """The estimate under the configuration and the balances of now."""
    question = now.routed.question
    estimate = now.routed.decision.estimate or estimate_for(
        now.skill.estimated_tokens, now.history, question.candidates, question.gauges
    )
    runs = len(runs_of(now.executions))
    return Expected(now.file.name, now.file.folder, question.candidates, estimate, now.history, runs)


def _json(expected: Expected) -> str:
    answer = {
        "skill": expected.name,
        "skill_path": str(expected.folder / SKILL_FILE),
        "finished_runs": expected.finished_runs,
        "estimate": estimate_json(expected.estimate),
        "history": estimate_json(expected.history),
    }
    return json.dumps(answer, ensure_ascii=False)


def _lines(expected: Expected) -> Iterator[str]:
    yield f"[ESTIMATE] {printable(expected.name)}"
    estimate = expected.estimate
    if estimate is None:
        yield from _unknown_lines(expected)
        return
    yield f"  From: {_source(expected, estimate)}"
    yield f"  One run: {_run_words(estimate)}"
    if estimate.p50 and estimate.p90:
        yield from _class_lines(estimate)
    elif expected.history:
        history = expected.history
        yield f"  Its last {counted(history.runs, 'run')} took {_run_words(history)} (p50 to p90)"
    yield ""
    yield from _tier_lines(expected, estimate)
    if estimate.remaining:
        yield ""
        yield "  What remains:"
        for remaining in estimate.remaining:
            yield from _remaining_lines(estimate, remaining)


def _unknown_lines(expected: Expected) -> Iterator[str]:
    yield f"  Not known yet: {SKILL_FILE} declares no ranges, and its history has"
    yield f"  {expected.finished_runs} of the {RUNS_NEEDED} finished runs that it takes to say anything."
    yield f"  To declare them, in {expected.folder / SKILL_FILE}:"
    yield "    model:"
    yield "      estimated_tokens: {output: 500-1500, total_estimate: 8000-25000}"


def _source(expected: Expected, estimate: Estimate) -> str:
    if estimate.source == "declared":
        return f"the ranges declared in {expected.folder / SKILL_FILE}"
    return f"its own last {counted(estimate.runs, 'run')}, p50 to p90"


def _run_words(estimate: Estimate) -> str:
    words = f"{_range(estimate.tokens)} tokens"
    if estimate.calls is None:
        return words
    return f"{words} in {'1 call' if estimate.calls.high == 1 else f'{_range(estimate.calls)} calls'}"


def _class_lines(estimate: Estimate) -> Iterator[str]:
    """Each class of tokens that occurred; every one has its own median, so they need not add up."""
    assert estimate.p50
    assert estimate.p90
    for name, words in USAGE_WORDS.items():
        low, high = getattr(estimate.p50.usage, name), getattr(estimate.p90.usage, name)
        if high:
            yield f"    {words}: {_range(TokenRange(low, high))}"


def _tier_lines(expected: Expected, estimate: Estimate) -> Iterator[str]:
    models = {tier: cards[0].id for tier, cards in expected.candidates.items() if cards}
    costs = {
        tier: f"{dollars(cost.low)} to {dollars(cost.high)}" if cost else "price unknown"
        for tier, cost in estimate.by_tier_nanousd
    }
    name_width = max(map(len, costs), default=0)
    cost_width = max(map(len, costs.values()), default=0)
    for tier, cost in costs.items():
        yield f"  {printable(tier):{name_width}}  {cost:{cost_width}}  {printable(models[tier])}"


def _remaining_lines(estimate: Estimate, remaining: Remaining) -> Iterator[str]:
    """`weekly opus: $3.20 of $5.00 left, resets in 2 d`, and below it the runs that this pays for."""
    name = printable(remaining.budget)
    if remaining.limit is None or remaining.left is None:
        yield f"    {name}: no known limit"
        return
    resets = f", resets {remaining.resets}" if remaining.resets else ""
    yield f"    {name}: {_left_words(remaining.left, remaining.limit, remaining.unit)} left{resets}"
    runs = [
        f"{printable(tier)} {_runs(*count)}"
        for tier, _ in estimate.by_tier_nanousd
        if remaining.governs(tier) and (count := runs_left(estimate, tier, remaining)) is not None
    ]
    if runs:
        yield f"      enough for runs: {', '.join(runs)}"


def _left_words(left: float, limit: float, unit: str) -> str:
    """`$3.20 of $5.00`, `43 of 45 messages`, `12% of 80%`."""
    if unit == "usd":
        return f"{dollars(round(left * NANO_PER_USD))} of {dollars(round(limit * NANO_PER_USD))}"
    return f"{left:g}% of {limit:g}%" if unit == "percent" else f"{left:,.0f} of {limit:,.0f} {unit}"


def _runs(surely: int, possibly: int | None) -> str:
    if possibly is None:
        return f"{surely:,} or more"
    return _range(TokenRange(surely, possibly))


def _range(values: TokenRange) -> str:
    return f"{values.low:,}" if values.low == values.high else f"{values.low:,}-{values.high:,}"
