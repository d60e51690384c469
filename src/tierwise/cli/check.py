"""`tierwise check`: every mistake in SKILL.md files, agents and sidecars, all at once, with its remedy.

Exit 0: nothing worse than warnings. Exit 1: a file cannot be used, or a warning under `--strict`. Exit 2: the
command itself is wrong.

Source: seed A§7.2; rules.md section 2.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import click

from tierwise.cli.findings_output import FORMATS, Report
from tierwise.files.check import block_findings, description_findings, place_of, row_findings
from tierwise.files.findings import Finding
from tierwise.files.skill_files import SIDECAR_FILE, SKILL_FILE, SkillFile, read_skill
from tierwise.files.step_check import step_findings
from tierwise.files.table_check import table_findings
from tierwise.files.tier_words import TierOfModel
from tierwise.files.walk import skill_paths


@click.command(name="check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(list(FORMATS)), help="How to print. [default: text]")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
def command(paths: tuple[Path, ...], form: str | None, as_json: bool, strict: bool) -> None:
    """Find mistakes in SKILL.md files, agents and their routing.yaml.

    Each PATH is a Markdown file, or a folder to search for SKILL.md and agents/*.md.
    """
    if as_json and form not in (None, "json"):
        raise click.UsageError("--json and --format contradict each other")
    report = check(tuple(skill_of_path(path) for path in paths), known_models())
    click.echo(FORMATS["json" if as_json else form or "text"](report))
    if report.files == 0:
        click.echo(f"Nothing to check: no {SKILL_FILE} and no agents/*.md there.", err=True)
    if report.fails(strict):
        raise click.exceptions.Exit(1)


def known_models() -> TierOfModel:
    """The tiers of the catalog's models; it is opened when a model is first met, as most files name tiers."""

    @cache
    def lookup() -> TierOfModel:
        from tierwise.wiring import tier_lookup

        return tier_lookup()

    return lambda name: lookup()(name)


def check(paths: tuple[Path, ...], tier_of_model: TierOfModel, *, descriptions: bool = False) -> Report:
    """Read everything that `paths` name and report on it, sorted by file and line.

    With `descriptions` a skill that does not say what it is for is reported too.
    """
    files, found = skill_paths(paths)
    skills = {file: read_skill(file, tier_of_model=tier_of_model) for file in files}
    findings: list[Finding] = list(found)
    for skill in skills.values():
        findings += (*skill.findings, *block_findings(skill), *step_findings(skill))
        findings += description_findings(skill) if descriptions else ()
        named: list[SkillFile | None] = []
        for row in skill.rows:
            place = place_of(skill, row)
            file = skills.get(place) or read_skill(place, tier_of_model=tier_of_model) if place else None
            findings += row_findings(skill, row, file)
            named.append(file)
        findings += table_findings(skill, named, [file for file in skills.values() if not file.is_made])
    sources = {source for skill in skills.values() for source in skill.sources}
    return Report(len(sources), tuple(sorted(findings, key=lambda one: (one.path, one.line, one.key))))


def skill_of_path(path: Path) -> Path:
    """The skill that a path on the command line means: a sidecar means the skill beside it."""
    if path.name == SIDECAR_FILE and path.with_name(SKILL_FILE).exists():
        return path.with_name(SKILL_FILE)
    if path.is_dir() or path.suffix == ".md":
        return path
    raise click.BadParameter(f"`{path}` is neither a folder nor a Markdown file.", param_hint="PATHS")
