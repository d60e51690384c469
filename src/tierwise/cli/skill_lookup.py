"""Looking up the skill that a person names: by its folder, or by name among those a client would load.

The options that say where it is looked for, and where it is to run, are the same for every command.

Source: rules.md section 2; research/clients.md section 3.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from tierwise import wiring
from tierwise.files.skill_files import SKILL_FILE, read_skill
from tierwise.files.walk import skill_paths
from tierwise.router.shelf import project_of

SKILLS_SHOWN: Final = 20

platform_option = click.option("--platform", default="claude_code", show_default=True, help="Where it runs.")
project_option = click.option("--project", type=click.Path(path_type=Path), help="Default: this folder.")


def find_skill(skill: str, project: Path) -> tuple[Path, list[Path]]:
    """The folder of the skill, one that a client would load before any other, and the others of its name.

    Raises click.ClickException, with the skills that are known, if there is none.
    """
    as_path = Path(skill)
    if (as_path / SKILL_FILE).is_file():
        return as_path.resolve(), []
    if as_path.is_file() and as_path.name == SKILL_FILE:
        return as_path.parent.resolve(), []
    roots = [root for root in (project, *wiring.own_skill_folders()) if root.is_dir()]
    files = [path for path in skill_paths(roots)[0] if path.name == SKILL_FILE]
    named = [path.parent for path in files if skill in (path.parent.name, read_skill(path).name)]
    if not named:
        known = sorted({path.parent.name for path in files})
        listing = (
            f"It knows {', '.join(known[:SKILLS_SHOWN])}" if known else f"There is no {SKILL_FILE} below it"
        )
        raise click.ClickException(f"no skill `{skill}` in {project}. {listing}; a folder's path works too")
    named.sort(key=lambda folder: (project_of(folder) is None, len(folder.parts), str(folder)))
    return named[0].resolve(), named[1:]


def reading_roots(folder: Path) -> tuple[Path, ...]:
    """What may be read for a skill that a person named: its own folder, and where its coordinator may lie."""
    return (folder, folder.parent.parent)
