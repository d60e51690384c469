"""`tierwise doctor`: whether routing works here, line by line, with what to do where it does not.

Exit 0: nothing fails (a warning does not). Exit 1: something does. Exit 2: the command itself is wrong.

Source: rules.md section 3 (decided and served, compared); design.md, "The shape".
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click

from tierwise.cli.connecting import loopback_url
from tierwise.cli.doctor_claude import claude_lines
from tierwise.cli.doctor_clients import Client, codex_lines, found_clients, opencode_lines
from tierwise.cli.doctor_gateway import found_at, gateway_lines
from tierwise.cli.doctor_lines import Line, document, page
from tierwise.cli.doctor_probe import probe_lines
from tierwise.cli.doctor_records import file_lines, ledger_lines
from tierwise.cli.ledger import json_option, store_option
from tierwise.errors import TierwiseError

OF_CLIENT: Final[Mapping[str, Callable[[Client], Iterator[Line]]]] = {
    "claude": claude_lines,
    "codex": codex_lines,
    "opencode": opencode_lines,
}


@click.command("doctor")
@click.option("--url", help="The gateway to look at, instead of the running one.")
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Whose settings and configuration are looked at. Default: this folder.",
)
@click.option("--probe", "allowed", is_flag=True, help="Send a tiny request for each protocol, for money.")
@store_option
@json_option
def command(
    url: str | None, project: Path | None, allowed: bool, store_url: str | None, as_json_: bool
) -> None:
    """Look at gateway, clients, files and ledger; prove with a request that routing is live.

    Nothing is changed. In front of the simulator each protocol is tried at once; in front of a provider that
    charges, only with --probe. Exit 1 if anything fails.

    \b
    Examples:
      tierwise doctor                            the running gateway, this folder's settings
      tierwise doctor --probe                    with a tiny request for each protocol
      tierwise doctor --json | jq '.lines[] | select(.state != "ok")'
    """
    where = loopback_url(url) if url else None
    lines = list(_lines(where, (project or Path.cwd()).absolute(), store_url, allowed=allowed))
    about = version("tierwise"), platform.python_version()
    if as_json_:
        click.echo(json.dumps(document(lines, *about), indent=2))
    else:
        for line in page(lines, *about):
            click.echo(line)
    if any(line.state == "fail" for line in lines):
        raise click.exceptions.Exit(1)


def _lines(url: str | None, project: Path, store_url: str | None, *, allowed: bool) -> Iterator[Line]:
    found = found_at(url)
    yield from gateway_lines(found, version("tierwise"))
    if found.runs:
        yield from probe_lines(found, allowed=allowed)
    clients = found_clients(found, project)
    for client in clients:
        yield from OF_CLIENT[client.name](client)
    if not clients:
        yield Line("clients", "programs", "warn", "none of claude, codex, opencode is on PATH", "Install one")
    yield from _guarded(lambda: file_lines(project), "files")
    yield from _guarded(lambda: ledger_lines(found, store_url), "ledger")


def _guarded(lines: Callable[[], Iterator[Line]], section: str) -> Iterator[Line]:
    """The lines; a world that fails is one line more, not the end of the page."""
    try:
        yield from lines()
    except (TierwiseError, OSError) as error:
        yield Line(section, "reading", "fail", str(error), "Mend that first")
