"""`tierwise connect`: a client's settings led to the gateway, shown first, and taken back by `disconnect`.

Exit 0: connected, or nothing to do. Exit 1: nothing was written. Exit 2: the command itself is wrong.

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli.connecting import (
    PORT,
    destination,
    file_options,
    health,
    loopback_url,
    serves,
    settings_file,
    settle,
)
from tierwise.cli.findings_output import printable
from tierwise.clients.claude_code import spoken_of
from tierwise.clients.connection_records import CLIENTS, SettingsFile, connection_of
from tierwise.clients.connections import Change, connecting
from tierwise.clients.in_force import read_layer
from tierwise.clients.masking import without_secrets
from tierwise.errors import TierwiseError
from tierwise.gateway.makers import PUBLIC
from tierwise.gateway.presence import url_of_gateway


@click.command()
@file_options
@click.option("--port", type=click.IntRange(1, 65535), help="The gateway's port on this machine.")
@click.option("--url", help="The gateway's URL, instead of its port.")
@click.option("--without", default="", metavar="PARTS", help="Leave out: see below; commas between them.")
@click.option("--replace", "override", is_flag=True, help="Replace a base URL that is not tierwise's.")
def command(
    client: str,
    project: Path | None,
    user: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    port: int | None,
    url: str | None,
    without: str,
    override: bool,
) -> None:
    """Lead CLIENT to the gateway, by its own settings; `tierwise disconnect` takes it back.

    The change is shown before it is written. What you have set yourself stays, comments and layout too; only
    where a base URL of another gateway stands, --replace must say so.

    \b
    claude     settings.json: base URL, hints, small-model, fallback, hooks, statusline, plugin
    codex      config.toml: a provider `tierwise`, which speaks with your present credential
    opencode   opencode.json[c]: the base URL of anthropic, and of openai if you have configured it

    \b
    Parts of claude for --without: hints, small-model, fallback, hooks, statusline, plugin
    """
    if port is not None and url is not None:
        raise click.UsageError("--port and --url exclude each other")
    file = settings_file(client, project, user=user)
    parts = _parts(client, without)
    try:
        where = loopback_url(url) if url else f"http://127.0.0.1:{port}" if port else _usual(file)
        left = _left_to_user(client, where) - parts if project else frozenset()
        to = destination(client, where, project, parts | left)
        change = connecting(file, to, wiring.home_dir(), override=override)
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error
    if project is not None:
        change = replace(change, notes=(*change.notes, *_of_project(file, where, left)))
    upstream = without_secrets(change.plan.upstream) if change.plan else ""
    serve = _serve_command(where, upstream)
    done = settle(
        change,
        yes=yes,
        dry_run=dry_run,
        as_json=as_json,
        more={"url": where, "upstream": upstream, "serve": serve},
    )
    if not as_json:
        _tell(change, where, upstream, serve, written=done and not dry_run)
    if not done:
        raise click.exceptions.Exit(1)


def _parts(client: str, without: str) -> frozenset[str]:
    named = frozenset(part.strip() for part in without.split(",") if part.strip())
    known = CLIENTS[client].parts
    if unknown := sorted(named - set(known)):
        can = f"it has {', '.join(known)}" if known else f"{client} has none to leave out"
        raise click.BadParameter(f"`{printable(unknown[0])}` is no part; {can}", param_hint="--without")
    return named


def _left_to_user(client: str, url: str) -> frozenset[str]:
    """The parts that the user's own settings speak of: a project's would hide them."""
    if client != "claude":
        return frozenset()
    own = settings_file(client, None, user=True)
    return spoken_of(read_layer("user", own.path, own.client.form).values, url)


def _of_project(file: SettingsFile, url: str, left: frozenset[str]) -> Iterator[str]:
    """What is to be known of a project's settings."""
    yield f"{file.path} is often committed: whoever has it needs a gateway at {url}"
    if left:
        yield f"left to your own settings, which speak of it: {', '.join(sorted(left))}"


def _usual(file: SettingsFile) -> str:
    """Where the file leads already, else the gateway that runs, else the usual port."""
    known = connection_of(wiring.home_dir(), file)
    if known is not None:
        return known.url
    running = url_of_gateway(wiring.home_dir())
    return running if running and health(running) else f"http://127.0.0.1:{PORT}"


def _serve_command(url: str, upstream: str) -> str:
    """What has to run for the connected client to work."""
    port = url.rpartition(":")[2]
    words = ["tierwise", "serve"]
    words += ["--port", port] if port != str(PORT) else []
    words += [] if upstream in PUBLIC else ["--upstream", upstream]
    return " ".join(words)


def _tell(change: Change, url: str, upstream: str, serve: str, *, written: bool) -> None:
    title = change.file.client.title
    if change.refused:
        for why in change.refused:
            click.echo(f"{title} is set otherwise: {printable(without_secrets(why))}", err=True)
        click.echo(
            f"Nothing was written. With --replace it is replaced, and put back by `tierwise disconnect`; the "
            f"gateway must then go on to where the calls went: {printable(serve)}",
            err=True,
        )
        return
    if not written:
        return
    said = "is connected already" if change.is_nothing else "is connected"
    click.echo(f"{title} {said}: {printable(str(change.file.path))} → {url}")
    if health(url) is None:
        click.echo(f"No gateway answers there yet. Start it: {printable(serve)}")
    elif not serves(url, upstream):
        click.echo(f"The gateway there goes on to another provider. Needed: {printable(serve)}")
