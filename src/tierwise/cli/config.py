"""config: the routing configuration as it stands, and for every value where it was said.

    defaults.specialist          sonnet     .claude/model-routing.yaml:3
      instead of                 opus       ~/…/model-routing.yaml:9

    skill                        prefers    said in
    ui-bug-investigator          opus       .claude/skills/ui-bug-investigator/SKILL.md:5

Source: rules.md section 5; seed A§3.1, A§3.2.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli import config_entries
from tierwise.cli.config_entries import project_option
from tierwise.cli.config_explain import explain
from tierwise.cli.config_schema import schema
from tierwise.cli.config_set import set_, unset
from tierwise.cli.findings_output import printable
from tierwise.files.config import Config, Entry
from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.skill_values import SECTION, SkillEntries, project_skills, skill_entries
from tierwise.router.config_findings import findings_of

SKILLS_SHOWN: Final = 30
"""Skills that the overview lists; the rest is counted."""


@click.group("config")
def command() -> None:
    """The routing configuration: what stands, where it was said, and how to change it."""


command.add_command(set_)
command.add_command(unset)
command.add_command(explain)
command.add_command(schema)


@command.command("show")
@click.argument("key", required=False)
@project_option
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def show(key: str | None, project: Path, as_json: bool) -> None:
    """Show every value, where it was said, and what it overrode.

    Weakest first: built-in, your GSD preferences, your own model-routing.yaml, the project's AGENTS.md and
    CLAUDE.md, .gsd/PREFERENCES.md, pipeline/config/model-routing.yaml, .claude/model-routing.yaml,
    .claude/session-config.yaml. Of a skill's block: the row of its coordinator, a plain `model:` string,
    `metadata:`, the `model:` mapping, routing.yaml, the project's override, the session's.

    \b
    Examples:
      tierwise config show                                everything, the skills in short
      tierwise config show defaults                       one section, or one key
      tierwise config show skills.ui-bug-investigator     the whole block of a skill
      tierwise config show --json                         for programs
    """
    config = wiring.configuration(project)
    findings = findings_of(config, wiring.load_catalog(), wiring.day_of(wiring.now_us()))
    skills: tuple[SkillEntries, ...] = ()
    if key is None or key.partition(".")[0] == SECTION:
        paths, unseen = project_skills(project)
        skills = skill_entries(paths, config, wiring.tier_of_model)
        findings += unseen
    entries = _named(config, skills, key)
    if as_json:
        click.echo(json.dumps(_document(entries, findings, skills if key is None else None), indent=2))
    else:
        click.echo("\n".join(config_entries.lines(entries, project)))
        if key is None:
            click.echo("".join(f"{line}\n" for line in _overview(skills, project)), nl=False)
        for finding in findings:
            click.echo(printable(str(finding)), err=True)
    if any(finding.severity == "error" for finding in findings):
        raise click.exceptions.Exit(1)


def _named(config: Config, skills: Sequence[SkillEntries], key: str | None) -> Sequence[Entry]:
    """The entries of that key or section; ClickException (exit 1) if there are none."""
    if key is None:
        return config.entries
    known = [*config.entries, *(entry for skill in skills for entry in skill.entries)]
    found = [entry for entry in known if entry.key == key or entry.key.startswith(f"{key}.")]
    if not found:
        keys = {entry.key for entry in known}
        close = did_you_mean(key, keys | {name.partition(".")[0] for name in keys})
        hint = f"did you mean `{close}`?" if close else "`tierwise config show` lists what is set."
        raise click.ClickException(printable(f"nothing is set under `{key}`; {hint}"))
    return found


def _document(
    entries: Sequence[Entry], findings: Sequence[Finding], skills: Sequence[SkillEntries] | None
) -> dict[str, Any]:
    """`{entries: […], skills: [{name, path, coordinator, entries}], findings: […]}`.

    `skills` only where everything is shown.
    """
    told: dict[str, Any] = {"entries": [config_entries.documented(entry) for entry in entries]}
    if skills is not None:
        told["skills"] = [_skill(skill) for skill in skills]
    return told | {"findings": [dataclasses.asdict(finding) for finding in findings]}


def _skill(skill: SkillEntries) -> dict[str, Any]:
    return {
        "name": skill.file.name,
        "path": str(skill.file.path),
        "coordinator": None if skill.coordinator is None else str(skill.coordinator),
        "entries": [config_entries.documented(entry) for entry in skill.entries],
    }


def _overview(skills: Sequence[SkillEntries], project: Path) -> Iterator[str]:
    """A line for each skill: what it prefers, and who says so; at most `SKILLS_SHOWN`."""
    if not skills:
        return
    told = [(skill, _first(skill)) for skill in skills]
    names = min(max(len("skill"), *(len(printable(skill.file.name)) for skill, _ in told)), 40)
    yield ""
    yield f"{'skill':{names}}  {'prefers':10}  said in"
    for skill, entry in told[:SKILLS_SHOWN]:
        value = config_entries.shown(skill.value("preferred"), 10) if entry else "undeclared"
        place = config_entries.place(entry or Entry("", None, "string", str(skill.file.path)), project)
        yield f"{printable(skill.file.name):{names}}  {value:10}  {place}"
    if len(told) > SKILLS_SHOWN:
        yield f"… and {len(told) - SKILLS_SHOWN} more"
    yield f"`tierwise config show {SECTION}.NAME` shows a skill's whole block."


def _first(skill: SkillEntries) -> Entry | None:
    """What stands under `preferred`, else under the first key; None if the skill says nothing."""
    return next(iter(skill.entries), None)
