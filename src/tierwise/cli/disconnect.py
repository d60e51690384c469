"""`tierwise disconnect`: a client's settings as they were before `connect`, byte for byte.

Exit 0: taken back, or not connected. Exit 1: nothing was written. Exit 2: the command itself is wrong.

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli.connecting import file_options, settings_file, settle
from tierwise.cli.findings_output import printable
from tierwise.clients.connections import disconnecting
from tierwise.errors import TierwiseError


@click.command()
@file_options
def command(client: str, project: Path | None, user: bool, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Take back what `tierwise connect` wrote into the settings of CLIENT.

    A file that is as `connect` left it gets its former bytes back; one that was not there is removed. In a
    file that was edited since, the edits stay and only tierwise's own values go.
    """
    file = settings_file(client, project, user=user)
    try:
        change = disconnecting(file, wiring.home_dir())
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error
    if change is None:
        told = {"client": client, "path": str(file.path), "action": "unchanged", "written": False}
        text = f"{file.client.title} is not connected: {printable(str(file.path))}"
        click.echo(json.dumps(told, indent=2) if as_json else text)
        return
    done = settle(change, yes=yes, dry_run=dry_run, as_json=as_json, more={})
    if done and not (dry_run or as_json):
        click.echo(f"{file.client.title} is disconnected: {printable(str(file.path))}")
    if not done:
        raise click.exceptions.Exit(1)
