"""`tierwise init`: what a project says about routing already, and a commented configuration to begin with.

Exit 0: nothing to do, or done. Exit 1: something is missing and was not written, because nobody agreed or it
cannot be. Without a terminal nobody is asked, so nothing is written but with --yes.

Source: rules.md section 5; seed A§3.1, A§3.2.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli.check import check
from tierwise.cli.findings_output import printable
from tierwise.core.skills import Role
from tierwise.errors import TierwiseError
from tierwise.files.config import Config
from tierwise.files.config_sources import UNTRUSTED
from tierwise.files.findings import Finding
from tierwise.files.new_files import conflicts, write_new
from tierwise.files.skill_files import SkillFile, read_skill
from tierwise.files.skill_values import project_skills
from tierwise.files.starter import CONFIGURATION, IGNORE, SCHEMA, SESSION, Plan, as_json, plan_for
from tierwise.router.config_findings import findings_of

NAMES_SHOWN: Final = 8
FINDINGS_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What is there: the skills, the files that say something with how much, and all mistakes."""

    skills: tuple[SkillFile, ...]
    sources: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]
    config: Config

    @property
    def undeclared(self) -> list[str]:
        """The skills without a block."""
        return [skill.name for skill in self.skills if skill.routing is None]

    @property
    def specialists(self) -> list[str]:
        """The skills that do the work, and do not only route."""
        return [skill.name for skill in self.skills if skill.skill.role is Role.SPECIALIST]


@click.command(name="init")
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current directory",
    help="The project's folder.",
)
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--json", "as_json_", is_flag=True, help="The same as JSON; asks nothing.")
def command(project: Path, yes: bool, as_json_: bool) -> None:
    """Look at a project and give it a configuration to begin with.

    Tells which skills have a routing block, which files speak about routing, and what is wrong in them. Then
    shows what it would write, and asks: a .claude/model-routing.yaml whose lines are all comments, so that
    nothing changes by itself, a schema for editors, and a line in .gitignore for the session's own file.
    What is there is never overwritten; a second run has nothing to do.
    """
    found = _looked_at(project)
    try:
        plan = plan_for(project, found.specialists, found.config.settings.ladder)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error
    blocked = conflicts(project, plan.files)
    if not as_json_:
        click.echo("\n".join((*_findings(found), "", *_planned(plan))))
    agreed = not blocked and not plan.is_empty and (yes or (not as_json_ and _asked()))
    if agreed:
        _write(project, plan)
    if as_json_:
        click.echo(json.dumps(_document(project, found, plan, blocked, agreed), indent=2))
    else:
        click.echo(_outcome(plan, blocked, agreed))
    if not (agreed or plan.is_empty):
        raise click.exceptions.Exit(1)


def _looked_at(project: Path) -> Found:
    paths, unseen = project_skills(project)
    config = wiring.configuration(project)
    said = (one for entry in config.entries for one in (entry, *entry.overridden))
    sources = Counter(one.path for one in said if one.source in UNTRUSTED)
    wrong = findings_of(config, wiring.load_catalog(), wiring.day_of(wiring.now_us()))
    checked = check(tuple(paths), wiring.tier_of_model).findings if paths else ()
    skills = tuple(read_skill(path, tier_of_model=wiring.tier_of_model) for path in paths)
    return Found(skills, tuple(sources.items()), (*unseen, *wrong, *checked), config)


def _asked() -> bool:
    """Whether somebody at a terminal agrees."""
    if not sys.stdin.isatty():
        return False
    return click.confirm("\nWrite this?", default=False)


def _write(project: Path, plan: Plan) -> None:
    try:
        write_new(project, plan.files, plan.change)
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error


# -- what is told ------------------------------------------------------------------------------------------


def _findings(found: Found) -> Iterator[str]:
    silent = found.undeclared
    yield f"{_counted(len(found.skills), 'skill')}, {len(found.skills) - len(silent)} with a routing block"
    if silent:
        more = f" and {len(silent) - NAMES_SHOWN} more" if len(silent) > NAMES_SHOWN else ""
        yield printable(f"  without: {', '.join(silent[:NAMES_SHOWN])}{more}")
        yield "  `tierwise recommend` suggests blocks for them"
    for path, values in found.sources:
        yield printable(f"{path} sets {_counted(values, 'value')}")
    yield _counted(len(found.findings), "mistake")
    for finding in found.findings[:FINDINGS_SHOWN]:
        yield printable(f"  {finding}")
    if len(found.findings) > FINDINGS_SHOWN:
        yield f"  … and {len(found.findings) - FINDINGS_SHOWN} more: `tierwise check`, `tierwise config show`"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _planned(plan: Plan) -> Iterator[str]:
    for path, text in plan.files.items():
        yield f"new: {path}"
        if path == SCHEMA:
            yield f"    a JSON Schema for editors, {len(text):,} characters"
        else:
            yield from (f"    {line}".rstrip() for line in text.splitlines())
    if plan.change is not None:
        yield f"changed: {IGNORE}"
        yield f"    + {SESSION}"


def _outcome(plan: Plan, blocked: Sequence[str], agreed: bool) -> str:
    if agreed:
        return f"Written. Nothing is in force until you take a `#` away in {CONFIGURATION}."
    if plan.is_empty:
        return "Nothing to do."
    if blocked:
        return printable(f"Nothing was written: {'; '.join(blocked)}.")
    return "Nothing was written. `tierwise init --yes` writes it."


def _document(
    project: Path, found: Found, plan: Plan, blocked: Sequence[str], written: bool
) -> dict[str, Any]:
    return {
        "project": str(project),
        "skills": [
            {"name": skill.name, "path": str(skill.path), "declared": skill.routing is not None}
            for skill in found.skills
        ],
        "sources": [{"path": path, "values": values} for path, values in found.sources],
        "findings": [dataclasses.asdict(finding) for finding in found.findings],
        "plan": as_json(plan),
        "conflicts": list(blocked),
        "written": written,
    }
