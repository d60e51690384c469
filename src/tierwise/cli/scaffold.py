"""`tierwise scaffold`: a new suite or a new skill, as files that every validator accepts as they stand.

    scaffold suite frontend-qa --skills mapper,debugger     a plugin: coordinator, routing table, two skills
    scaffold skill fixer --pattern cascade --suite frontend-qa    one more skill, and its row in the table

Nothing that is there is overwritten; what stands in the way is told at once, and then nothing is written.

Source: seed A§4.1, A§6.1 to A§6.3, A§7.3.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli.skill_names import NamesType, NameType, TierType
from tierwise.core.figures import printable
from tierwise.core.tiers import BUILT_IN, Tier
from tierwise.errors import ConfigError
from tierwise.files.check import place_of
from tierwise.files.file_writing import as_written
from tierwise.files.new_files import Change, conflicts, write_new
from tierwise.files.skill_files import SKILL_FILE, SkillFile
from tierwise.files.skill_templates import (
    SKILLS_FOLDER,
    Files,
    Specialist,
    moves,
    row_of,
    skill_files,
    specialist_of,
    suite_files,
)
from tierwise.files.step_templates import MARK, PATTERNS
from tierwise.files.suites import COORDINATOR_SUFFIX, Suite, read_suite
from tierwise.files.table_edit import with_row

out_option = click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Where to write it. [default: here]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs, with stable keys.")


@click.group(name="scaffold")
def command() -> None:
    """Write a new suite or a new skill, ready to be filled in.

    What only you can know is marked `TODO`. As it stands it passes `tierwise check --strict`, the Agent
    Skills reference validator and `claude plugin validate --strict`.
    """


@command.command(name="suite")
@click.argument("name", type=NameType(spare=len(COORDINATOR_SUFFIX)))
@click.option("--skills", type=NamesType(), metavar="A,B,C", help="Skills to begin with.")
@out_option
@json_option
def suite_command(name: str, skills: tuple[str, ...] | None, out: Path | None, as_json: bool) -> None:
    """Write the folder NAME: a plugin with a coordinator, its routing table, and skills.

    \b
      tierwise scaffold suite frontend-qa
      tierwise scaffold suite frontend-qa --skills page-mapper,bug-finder --out plugins
    """
    for skill in skills or ():
        _refuse_coordinator(skill, "--skills")
    folder = (out or Path()) / name
    specialists = [specialist_of(skill, "plain", BUILT_IN) for skill in skills or ()]
    try:
        written = _written(folder, suite_files(name, specialists, BUILT_IN.lowest))
    except ConfigError as error:
        raise click.ClickException(printable(str(error))) from error
    here = shlex.quote(str(folder))
    first = "handoff {} 'a request in your own words'" if skills else "scaffold skill NAME --suite {}"
    _report(written, [], [f"tierwise {first.format(here)}", f"tierwise check --strict {here}"], as_json)


@command.command(name="skill")
@click.argument("name", type=NameType())
@click.option(
    "--pattern",
    type=click.Choice(list(PATTERNS)),
    default="plain",
    show_default=True,
    help="How its steps use the tiers.",
)
@click.option(
    "--tier",
    type=TierType(),
    help="The tier that it prefers. [default: opus for a cascade, else sonnet]",
)
@click.option(
    "--suite",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The suite that it joins: written beside its skills, with a row in the coordinator's table.",
)
@out_option
@json_option
def skill_command(
    name: str, pattern: str, tier: Tier | None, suite: Path | None, out: Path | None, as_json: bool
) -> None:
    """Write the folder NAME: a skill whose steps follow a pattern.

    plain: one tier for everything. cascade: classify at the lowest tier, and only the hard part goes up.
    prescreen: ask at the lowest tier whether a higher one is needed. batch: collect at the lowest tier, and
    decide on everything in one call.

    \b
      tierwise scaffold skill bug-finder --pattern cascade --suite frontend-qa
      tierwise scaffold skill changelog --tier haiku --out .claude/skills
    """
    if suite is not None and out is not None:
        raise click.UsageError("--suite and --out contradict each other: a suite says where its skills lie")
    _refuse_coordinator(name, "NAME")
    if moves(pattern) and tier == BUILT_IN.lowest:
        problem = f"a {pattern} saves by running most of it at {tier}: from there it has nowhere to go"
        raise click.BadParameter(
            f"{problem}. Name a higher tier, or take --pattern plain", param_hint="--tier"
        )
    skill = specialist_of(name, pattern, BUILT_IN, tier)
    try:
        folder, written, changed = _joined(suite, skill) if suite else _alone(out or Path(), skill)
    except ConfigError as error:
        raise click.ClickException(printable(str(error))) from error
    commands = [f"tierwise plan {shlex.quote(str(folder))}"]
    commands.append(f"tierwise check --strict {shlex.quote(str(suite or folder))}")
    _report(written, changed, commands, as_json)


def _refuse_coordinator(name: str, hint: str) -> None:
    if name.endswith(COORDINATOR_SUFFIX):
        problem = f"a skill called `{name}` would be taken for a coordinator; see `tierwise scaffold suite`"
        raise click.BadParameter(problem, param_hint=hint)


def _alone(out: Path, skill: Specialist) -> tuple[Path, list[Path], list[Path]]:
    """The skill written by itself: its folder, what is new, and nothing that was changed."""
    folder = out / skill.name
    return folder, _written(folder, skill_files(skill)), []


def _written(folder: Path, files: Files) -> list[Path]:
    """What was written of the files of a new folder; a link that stands in its place is not followed."""
    return write_new(folder.parent, _below(folder.parent, folder, files))


def _below(root: Path, folder: Path, files: Files) -> Files:
    """The files of `folder`, under their names below `root`."""
    place = Path(os.path.relpath(folder, root)).as_posix()
    return {f"{place}/{name}": text for name, text in files.items()}


def _joined(suite: Path, skill: Specialist) -> tuple[Path, list[Path], list[Path]]:
    """The skill written into its suite, and its row: its folder, what is new, what was changed.

    Raises ConfigError, with nothing written, if the suite has not one coordinator with a table, or if
    anything of that name is there.
    """
    read = read_suite(suite, BUILT_IN, wiring.tier_of_model)
    coordinator = _coordinator(read)
    shelf = _shelf(coordinator, suite)
    beside = shelf == coordinator.folder.parent and coordinator.folder.samefile(suite)
    root = shelf if beside else suite
    folder = shelf / skill.name
    files = _below(root, folder, skill_files(skill))
    wrong = [*conflicts(root, files), *_taken(read, coordinator, skill.name, folder)]
    if wrong:
        raise ConfigError("nothing was written: " + "; ".join(wrong))
    path = Path(os.path.relpath(folder, coordinator.folder)).as_posix() + "/"
    row = row_of(skill, path)
    before = as_written(coordinator.path)
    after = with_row(before, row, str(coordinator.path), BUILT_IN, wiring.tier_of_model)
    *new, changed = write_new(root, files, Change(coordinator.path, before, after))
    return folder, new, [changed]


def _coordinator(suite: Suite) -> SkillFile:
    if suite.coordinator is not None:
        return suite.coordinator
    if not suite.coordinators:
        raise ConfigError(
            f"there is no coordinator below {suite.folder}: begin with `tierwise scaffold suite`, "
            "or write the skill with --out"
        )
    found = ", ".join(str(one.folder) for one in suite.coordinators)
    raise ConfigError(f"{suite.folder} has several coordinators; name one of them: {found}")


def _shelf(coordinator: SkillFile, suite: Path) -> Path:
    """Where the suite's skills lie: with those of its table, else beside or below the coordinator."""
    for row in coordinator.rows:
        place = place_of(coordinator, row)
        if place is not None and place.name == SKILL_FILE:
            return Path(os.path.normpath(place.parent.parent))
    own = coordinator.folder
    return own / SKILLS_FOLDER if own.samefile(suite) else own.parent


def _taken(suite: Suite, coordinator: SkillFile, name: str, folder: Path) -> list[str]:
    """What else of that name the suite has: a row, or a skill that lies elsewhere."""
    rows = (row.line for row in coordinator.rows if row.skill == name)
    elsewhere = (file.path for file in suite.skills if file.name == name and file.folder != folder)
    return [
        *(f"{coordinator.path}:{line} has a row for {name} already" for line in rows),
        *(f"{path} is called {name} already" for path in elsewhere),
    ]


def _report(written: Sequence[Path], changed: Sequence[Path], commands: Sequence[str], as_json: bool) -> None:
    if as_json:
        told = {
            "written": [str(path) for path in written],
            "changed": [str(path) for path in changed],
            "next": list(commands),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for verb, paths in (("wrote", written), ("changed", changed)):
        for path in paths:
            click.echo(printable(f"{verb}  {path}"))
    click.echo(f"\nFill in what is marked `{MARK}`. Then:")
    for line in commands:
        click.echo(printable(f"  {line}"))
