"""`tierwise handoff`: which specialist of a suite a request is for, and at which tier it should run.

    SUITE, PROMPT ──► its skills under their coordinator ──choose──► one ──decide──► {"model_tier", "reason"}

Exit 0: somebody was chosen. Exit 1: nobody; the candidates are told. Exit 2: the command itself is wrong.

Source: seed A§4.1, "Model Selection Procedure".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli import ledger
from tierwise.cli.skill_lookup import SKILLS_SHOWN, platform_option, project_option, reading_roots
from tierwise.core.figures import printable
from tierwise.core.handoffs import Candidate, Choice, Specialist, choose
from tierwise.core.tiers import Ladder
from tierwise.errors import TierwiseError
from tierwise.files.inline import strip_harness
from tierwise.files.skill_files import SKILL_FILE, SkillFile
from tierwise.files.suites import Suite, read_suite
from tierwise.router.answers import as_json as decision_json
from tierwise.router.calls import Call, Routed
from tierwise.router.histories import history_in
from tierwise.router.shelf import project_of
from tierwise.router.standings import standings

CANDIDATES_SHOWN: Final = 5


@click.command()
@click.argument("suite", type=click.Path(exists=True, path_type=Path))
@click.argument("prompt")
@click.option("--skill", "named", metavar="NAME", help="The specialist, where you know it already.")
@click.option("--asked", metavar="MODEL", default="", help="The model that the client asks for.")
@platform_option
@project_option
@ledger.store_option
@ledger.json_option
def command(
    suite: Path,
    prompt: str,
    named: str | None,
    asked: str,
    platform: str,
    project: Path | None,
    store_url: str | None,
    as_json_: bool,
) -> None:
    """Say which skill of a suite a request is for, and at which tier it should run.

    SUITE is a folder of skills with or without a coordinator; the words of PROMPT count as the user's own.
    The first line is the handoff that a coordinator passes on. If no skill or several come into question,
    nobody is chosen: exit 1.

    \b
      tierwise handoff .claude/skills "Debug this hydration issue using sonnet"
      tierwise handoff frontend-qa "Trace the imports of the settings page" --json
    """
    folder = (suite.parent if suite.is_file() else suite).resolve()
    try:
        read, ladder = _suite(folder, project)
        choice = _choice(read, ladder, prompt, named)
        file = _file(read, choice.chosen) if choice.chosen else None
        routed = _routed(folder, file, prompt, asked, platform, project, store_url) if file else None
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error
    for alarm in (*map(str, read.findings), *(routed.alarms if routed else ())):
        click.echo(printable(alarm), err=True)
    if as_json_:
        click.echo(json.dumps(_json(choice, routed), ensure_ascii=False))
    elif routed is not None:
        click.echo("\n".join(_lines(choice, routed)))
    else:
        click.echo("\n".join(_nobody(choice, read)), err=True)
    if routed is None:
        raise click.exceptions.Exit(1)


def _suite(folder: Path, project: Path | None) -> tuple[Suite, Ladder]:
    """The suite, read on the ladder of its project."""
    config = wiring.router_for(project, (folder,)).configs.of(project_of(folder / SKILL_FILE))
    suite = read_suite(folder, config.settings.ladder, wiring.tier_of_model)
    if not suite.skills:
        problem = f"there is no skill to hand over to below {printable(str(folder))}"
        raise click.ClickException(f"{problem}; name the folder that holds the suite's skills")
    return suite, config.settings.ladder


def _choice(suite: Suite, ladder: Ladder, prompt: str, named: str | None) -> Choice:
    specialists = [_specialist(file) for file in suite.skills]
    choice = choose(strip_harness(prompt), specialists, ladder.words())
    if named is None:
        return choice
    found = [one for one in specialists if one.name == named]
    if len(found) != 1:
        known = ", ".join(sorted({one.name for one in specialists})[:SKILLS_SHOWN])
        problem = f"the suite has {len(found) or 'no'} skills `{named}`. It has {known}"
        raise click.BadParameter(printable(problem), param_hint="--skill")
    return Choice(found[0], "it was asked for by name", choice.candidates)


def _specialist(file: SkillFile) -> Specialist:
    return Specialist(
        place=str(file.path),
        name=file.name,
        description=file.description,
        triggers=tuple(trigger.when for trigger in file.skill.triggers),
        conditions=tuple(condition.when for condition in file.skill.conditions),
    )


def _file(suite: Suite, chosen: Specialist) -> SkillFile:
    return next(file for file in suite.skills if str(file.path) == chosen.place)


def _routed(
    suite: Path,
    file: SkillFile,
    prompt: str,
    asked: str,
    platform: str,
    project: Path | None,
    store_url: str | None,
) -> Routed:
    """The decision on the chosen skill, under the configuration and the balances of now."""
    now_us, folder = wiring.now_us(), file.folder.resolve()
    call = Call(platform, asked, skill=file.name, skill_folder=str(folder), user_words=prompt)
    with closing(wiring.open_store(store_url)) as store:
        router = wiring.router_for(project, (suite, *reading_roots(folder)))
        day, known = wiring.day_of(now_us), partial(history_in, store)
        return router.decided(call, now_us, day, partial(standings, store), known)


def _json(choice: Choice, routed: Routed | None) -> dict[str, Any]:
    chosen = choice.chosen
    return {
        "skill": chosen.name if chosen else None,
        "skill_path": chosen.place if chosen else None,
        "handoff": routed.decision.handoff if routed else None,
        "why": choice.why,
        "evidence": [
            {"word": one.word, "found_in": list(one.found_in), "weight": round(one.weight, 3)}
            for one in choice.evidence
        ],
        "candidates": [_candidate_json(candidate) for candidate in choice.candidates],
        "decision": decision_json(routed.decision, routed.question, chosen.name)
        if routed and chosen
        else None,
    }


def _candidate_json(candidate: Candidate) -> dict[str, Any]:
    return {
        "skill": candidate.specialist.name,
        "skill_path": candidate.specialist.place,
        "score": round(candidate.score, 3),
        "words": [one.word for one in candidate.evidence],
    }


def _lines(choice: Choice, routed: Routed) -> Iterator[str]:
    """The handoff alone on the first line; below it who was chosen, why, and who else came into question."""
    assert choice.chosen
    decision = routed.decision
    yield json.dumps(decision.handoff, ensure_ascii=False)
    yield printable(f"{choice.chosen.name}: {choice.why}")
    for one in choice.evidence:
        yield f"  `{printable(one.word)}` is in its {', '.join(one.found_in)}"
    others = [c for c in choice.candidates if c.specialist != choice.chosen][:CANDIDATES_SHOWN]
    if others and choice.evidence:
        yield f"  score {choice.candidates[0].score:.2f}; then {', '.join(map(_scored, others))}"
    yield f"  Load: {printable(choice.chosen.place)}"
    for warning in decision.warnings:
        yield printable(f"  Warning: {warning}")
    if decision.offer:
        yield printable(f"  Offer: {decision.offer.text} ({' | '.join(decision.offer.options)})")


def _nobody(choice: Choice, suite: Suite) -> Iterator[str]:
    yield printable(f"Nobody is chosen: {choice.why}.")
    for candidate in choice.candidates[:CANDIDATES_SHOWN]:
        words = ", ".join(f"`{one.word}`" for one in candidate.evidence)
        yield f"  {_scored(candidate)}: {printable(words)}"
    if not choice.candidates:
        names = sorted({file.name for file in suite.skills})
        yield printable(f"  The suite has {', '.join(names[:SKILLS_SHOWN])}.")
    yield "Say more, or name one: --skill NAME"


def _scored(candidate: Candidate) -> str:
    return f"{printable(candidate.specialist.name)} {candidate.score:.2f}"
