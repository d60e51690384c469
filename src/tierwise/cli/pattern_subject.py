"""What a pattern is about: a skill, its two tiers with their models, and the sizes of its tasks.

Source: rules.md section 8; seed A§6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from tierwise.cli.skill_now import SkillNow, skill_now
from tierwise.core.figures import counted, dollars, printable
from tierwise.core.models import ModelCard
from tierwise.core.patterns import cheap_tier
from tierwise.core.prices import usd
from tierwise.core.run_history import RUNS_NEEDED, ended_at, finished_runs
from tierwise.core.skills import TokenRange
from tierwise.core.task_sizes import TaskSizes, cost_range, sizes_of
from tierwise.core.tiers import Tier
from tierwise.files.skill_files import SKILL_FILE


@dataclass(frozen=True, slots=True)
class Subject:
    """A skill with the tiers of its pattern. A card is None where the platform has no model of that tier.

    `says_cheap` is whether the skill itself allows the cheap tier; `ended_at` where its finished runs ended.
    """

    now: SkillNow
    sizes: TaskSizes
    cheap: Tier
    top: Tier
    says_cheap: bool
    cheap_card: ModelCard | None
    top_card: ModelCard | None
    ended_at: dict[str, int]

    @property
    def one_tier(self) -> bool:
        """Whether the preferred tier is the cheap one already."""
        return self.cheap >= self.top


def subject_of(skill: str, platform: str, project: Path | None, store_url: str | None) -> Subject:
    """The skill of that name or folder; click.ClickException if nothing is known of its size or its tier."""
    now = skill_now(skill, platform, project, store_url)
    top = now.skill.preferred or now.routed.decision.requested
    sizes = sizes_of(now.skill.estimated_tokens, now.executions)
    if top is None or sizes is None:
        raise click.ClickException("\n".join(_to_declare(now, top is None)))
    cheap, says = cheap_tier(now.skill, top, now.config.settings.ladder)
    return Subject(now, sizes, cheap, top, says, _card(now, cheap), _card(now, top), ended_at(now.executions))


def _card(now: SkillNow, tier: Tier) -> ModelCard | None:
    """The model that would serve the tier."""
    return next(iter(now.routed.question.candidates.get(tier.name, ())), None)


def _to_declare(now: SkillNow, no_tier: bool) -> Iterator[str]:
    finished = len(finished_runs(now.executions))
    yield f"not known what a task of {printable(now.file.name)} takes: it declares no sizes, and its history"
    yield f"has {finished} of the {RUNS_NEEDED} finished runs that it takes to say anything."
    yield f"To declare them, in {printable(str(now.file.folder / SKILL_FILE))}:"
    yield "    model:"
    if no_tier or now.skill.preferred is None:
        yield "      preferred: opus"
    yield "      estimated_tokens:"
    yield "        {input: 2000-5000, output: 500-1500, tool_calls: 3-8, total_estimate: 8000-25000}"


# -- what every pattern says -------------------------------------------------------------------------------


def head_json(subject: Subject, pattern: str) -> dict[str, object]:
    """What every pattern's JSON begins with."""
    return {
        "pattern": pattern,
        "skill": subject.now.file.name,
        "skill_path": str(subject.now.file.folder / SKILL_FILE),
        "platform": subject.now.routed.question.platform,
        "day": subject.now.day,
        "source": subject.sizes.source,
        "runs": subject.sizes.count,
        "call_size": subject.sizes.call_size,
        "cheap": _tier_json(subject.cheap, subject.cheap_card),
        "top": _tier_json(subject.top, subject.top_card),
    }


def _tier_json(tier: Tier, card: ModelCard | None) -> dict[str, object]:
    return {"tier": tier.name, "model": card.id if card else None}


def head_lines(subject: Subject, pattern: str) -> Iterator[str]:
    """What every pattern's text begins with."""
    name = printable(subject.now.file.name)
    tiers = f"at {subject.top}" if subject.one_tier else f"{subject.cheap} before {subject.top}"
    yield f"[PATTERN] {pattern} for {name}: {tiers}"
    if subject.sizes.source == "history":
        yield f"  Sizes: its own last {counted(subject.sizes.count, 'run')}, p50 to p90"
    else:
        yield f"  Sizes: the ranges declared in {printable(str(subject.now.file.folder / SKILL_FILE))}"
    models = [card.id if card else "no model known" for card in (subject.cheap_card, subject.top_card)]
    models = models[1:] if subject.one_tier else models
    platform = printable(subject.now.routed.question.platform)
    yield f"  Prices: {subject.now.day}, {platform}: {printable(', '.join(models))}"


CALL_WORDS = {
    "declared": "as its `input` and `output` say",
    "share": "a run over its calls; declare `input` and `output` to be exact",
    "run": "not known, so it counts as a whole run; declare `input` and `output`",
    "first_calls": "as the first calls of its runs were",
}
"""How the size of one call is known."""


def unpriced_lines(subject: Subject) -> Iterator[str]:
    """Why there is no plan: which price or model is missing."""
    for tier, card in ((subject.cheap, subject.cheap_card), (subject.top, subject.top_card)):
        if card is None:
            yield f"  Not known: no model of {tier} on {printable(subject.now.routed.question.platform)}."
        elif cost_range(subject.sizes.runs, card.price) is None:
            yield f"  Not known: {printable(card.id)} has no known price for it. prices.yaml may name one."


def seen_line(subject: Subject) -> str | None:
    """Where its runs ended so far, and that this is no share of easy tasks; None without any."""
    if not subject.ended_at:
        return None
    total = sum(subject.ended_at.values())
    ended = ", ".join(f"{count:,} at {printable(tier)}" for tier, count in sorted(subject.ended_at.items()))
    return (
        f"Seen: of {counted(total, 'finished run')}, {ended}. That is where they ran, not how many were easy."
    )


def range_json(cost: TokenRange | None) -> dict[str, float] | None:
    """Dollars from low to high."""
    return None if cost is None else {"low": usd(cost.low), "high": usd(cost.high)}


def range_words(cost: TokenRange) -> str:
    """`$0.004 to $0.010`, or one figure where both ends are the same."""
    low, high = dollars(cost.low), dollars(cost.high)
    return low if low == high else f"{low} to {high}"
