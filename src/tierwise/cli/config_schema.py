"""config schema: JSON Schemas of every file that a person writes, for editors.

Source: rules.md sections 2, 4 and 5.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from tierwise import wiring
from tierwise.errors import TierwiseError
from tierwise.files.file_writing import as_written, replace_file
from tierwise.files.schemas import SCHEMAS, schema_of


@click.command("schema")
@click.argument("name", required=False, type=click.Choice(list(SCHEMAS)))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write them into this folder.")
def schema(name: str | None, out: Path | None) -> None:
    """Print a JSON Schema (2020-12), or write all of them into a folder.

    routing: model-routing.yaml. session: .claude/session-config.yaml. skill: the frontmatter of a SKILL.md.
    sidecar: routing.yaml beside it. budgets: budgets.yaml.

    \b
    Examples:
      tierwise config schema routing
      tierwise config schema --out .claude/schemas
    """
    ladder = wiring.configuration(None).settings.ladder
    if name is None and out is None:
        raise click.UsageError(f"name one of {', '.join(SCHEMAS)}, or a folder with --out")
    if out is None:
        assert name is not None, "one of the two is given"
        click.echo(json.dumps(schema_of(name, ladder), indent=2))
        return
    for each in [name] if name else SCHEMAS:
        path, text = out / file_of(each), json.dumps(schema_of(each, ladder), indent=2) + "\n"
        try:
            if as_written(path) != text:
                replace_file(path, text, out if out.exists() else None)
        except TierwiseError as error:
            raise click.ClickException(str(error)) from error
        click.echo(str(path))


def file_of(name: str) -> str:
    """What the file of a schema is called."""
    return f"tierwise-{name}.schema.json"
