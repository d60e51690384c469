"""`tierwise-check-frontmatter FILES…`: the check as a commit hook, in the place of a `check_frontmatter.py`.

    pre-commit ──► the files of the commit ──► SKILL.md, its routing.yaml, agents/*.md   checked
                                               anything else                             passed over

Exit 0: nothing worse than warnings, which are printed: the routing block is advice (A§7.2). Exit 1: a file
cannot be used, or a warning under `--strict`. Beyond what `tierwise check` says, a skill without a
description is told: no client would ever start it.

Source: seed A§7.2; rules.md section 2.
"""

from __future__ import annotations

from pathlib import Path

import click

from tierwise.cli.check import check, known_models
from tierwise.cli.findings_output import FORMATS
from tierwise.cli.streams import write_anything
from tierwise.files.skill_files import SIDECAR_FILE, SKILL_FILE
from tierwise.files.walk import AGENTS_FOLDER


@click.command(name="tierwise-check-frontmatter", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, type=click.Path(file_okay=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
def main(files: tuple[Path, ...], form: str, strict: bool) -> None:
    """Find mistakes in the SKILL.md, routing.yaml and agents/*.md among FILES; pass over all others."""
    write_anything()
    ours = dict.fromkeys(skill for file in files if (skill := skill_of(file)) is not None)
    report = check(tuple(ours), known_models(), descriptions=True)
    click.echo(FORMATS[form](report))
    if report.fails(strict):
        raise click.exceptions.Exit(1)


def skill_of(file: Path) -> Path | None:
    """The skill or agent that a file of a commit belongs to; None if it is no file of ours."""
    if file.name == SKILL_FILE or (file.suffix == ".md" and file.absolute().parent.name == AGENTS_FOLDER):
        return file
    beside = file.with_name(SKILL_FILE) if file.name == SIDECAR_FILE else None
    return beside if beside is not None and beside.is_file() else None
