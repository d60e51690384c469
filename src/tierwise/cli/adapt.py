"""`tierwise adapt`: what to add to a prompt when a skill runs below its preferred tier.

The text goes to standard output and where it comes from to standard error, so that it can be piped into
the tail of a prompt.

Source: rules.md section 5; seed A§6.4.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli import ledger
from tierwise.cli.skill_lookup import platform_option, project_option
from tierwise.cli.skill_now import SkillNow, skill_now
from tierwise.core.adaptations import MAX_TEXT_CHARACTERS, Adaptation, adaptation_between
from tierwise.core.figures import printable
from tierwise.core.tiers import Tier
from tierwise.errors import TierwiseError
from tierwise.files.config import Config
from tierwise.files.tier_words import TierWords
from tierwise.router.routing import tier_named


@dataclass(frozen=True, slots=True)
class Adapted:
    """The pair of tiers, why these two, and what is added; None where nothing is to be made up for."""

    now: SkillNow | None
    preferred: Tier
    tier: Tier
    why: str
    adaptation: Adaptation | None


@click.command()
@click.argument("skill", required=False)
@click.option(
    "--from", "preferred", metavar="TIER", help="Instead of which tier. Default: the preferred one."
)
@click.option("--to", "tier", metavar="TIER", help="At which tier it runs. Default: what it gets now.")
@platform_option
@project_option
@ledger.store_option
@ledger.json_option
def command(
    skill: str | None,
    preferred: str | None,
    tier: str | None,
    platform: str,
    project: Path | None,
    store_url: str | None,
    as_json_: bool,
) -> None:
    """Print what to add to the end of a prompt when a skill runs below its preferred tier.

    SKILL is a name or a folder; its own "Degradation Adaptations" count before the built-in text. Without
    SKILL it is the built-in text. Nothing is printed where no lower tier is used.

    \b
      tierwise adapt ui-bug-investigator --to sonnet
      tierwise adapt --from opus --to haiku
    """
    if skill is None:
        adapted = _built_in(preferred, tier, project)
    else:
        adapted = _own(skill_now(skill, platform, project, store_url), preferred, tier)
    if as_json_:
        click.echo(json.dumps(_json(adapted), ensure_ascii=False))
        return
    click.echo(_source(adapted), err=True)
    if adapted.adaptation is not None:
        click.echo("\n".join(map(printable, adapted.adaptation.text.split("\n"))))


def _built_in(preferred: str | None, tier: str | None, project: Path | None) -> Adapted:
    if preferred is None or tier is None:
        raise click.UsageError("without SKILL name both tiers: --from opus --to sonnet")
    try:
        config = wiring.router_for(project).configs.of(None)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error
    from_, to = _tier(preferred, config, "--from"), _tier(tier, config, "--to")
    found = adaptation_between((), from_, to, config.settings.ladder)
    return Adapted(None, from_, to, "as asked", found)


def _own(now: SkillNow, preferred: str | None, tier: str | None) -> Adapted:
    decision = now.routed.decision
    from_ = _tier(preferred, now.config, "--from") if preferred else now.skill.preferred
    to = _tier(tier, now.config, "--to") if tier else decision.tier
    if from_ is None:
        raise click.UsageError(f"{now.file.name} names no preferred tier; name one with --from")
    if to is None:
        raise click.UsageError(f"nobody knows which tier {now.file.name} gets now; name one with --to")
    why = "as asked" if tier else f"what it gets now: {decision.reason}"
    found = adaptation_between(now.skill.adaptations, from_, to, now.config.settings.ladder)
    return Adapted(now, from_, to, why, found)


def _tier(word: str, config: Config, option: str) -> Tier:
    catalog = wiring.load_catalog()
    tier = tier_named(word, catalog, config)
    if tier is None:
        remedy = TierWords(config.settings.ladder, catalog.tier_of).remedy(word)
        raise click.BadParameter(f"`{printable(word)}` is no tier. {remedy}", param_hint=option)
    return tier


def _json(adapted: Adapted) -> dict[str, object]:
    now, found = adapted.now, adapted.adaptation
    return {
        "skill": now.file.name if now else None,
        "skill_path": str(now.file.path) if now else None,
        "from": adapted.preferred.name,
        "to": adapted.tier.name,
        "why": adapted.why,
        "text": found.text if found else None,
        "source": None if found is None else "own" if found.sections else "built_in",
        "sections": [_place(now, *pair) for pair in found.sections] if now and found else [],
        "passed_over": [_place(now, *pair) for pair in found.passed_over] if now and found else [],
    }


def _place(now: SkillNow, preferred: str, tier: str) -> dict[str, object]:
    line = now.file.adaptation_lines.get((preferred, tier))
    return {"from": preferred, "to": tier, "path": str(now.file.path), "line": line}


def _source(adapted: Adapted) -> str:
    """One line: which text this is, and where it stands."""
    now, found = adapted.now, adapted.adaptation
    pair = f"at {adapted.tier} instead of {adapted.preferred} ({printable(adapted.why)})"
    if found is None:
        return f"Nothing to add {pair}: that is no lower tier."
    if not found.sections:
        long = f", for its own sections are longer than {MAX_TEXT_CHARACTERS:,} characters together"
        return f"The built-in text, {pair}{long if found.passed_over else ''}:"
    assert now, "only a skill has sections"
    lines = (now.file.adaptation_lines.get(section) for section in found.sections)
    places = (f"{now.file.path}:{line}" for line in lines)
    return printable(f"{now.file.name}'s own text, {pair}, from {', '.join(places)}:")
