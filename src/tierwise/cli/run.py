"""`tierwise run`: a client led to the gateway for one run, with no file changed.

    the gateway that runs, or one of our own on a free port
        └── the client, on this terminal; its signals and its exit code are passed on

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli.connecting import destination, health, loopback_url, serves
from tierwise.cli.findings_output import printable
from tierwise.clients import single_run
from tierwise.clients.connection_records import CLIENTS, connection_of
from tierwise.clients.connections import planned
from tierwise.clients.in_force import environment_layer, read_layer
from tierwise.clients.plans import Destination
from tierwise.errors import ConfigError, TierwiseError
from tierwise.gateway.presence import url_of_gateway

MAX_TOLD: Final = 50
_FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class NotFoundError(click.ClickException):
    """The client is not installed; the exit code is a shell's."""

    exit_code = 127


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--url", help="The gateway to use. Default: the one that runs, else one for this run only.")
@click.option("--upstream", metavar="simulator|URL", help="The provider, for a gateway for this run only.")
@click.argument("client", type=click.Choice(list(CLIENTS)))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(url: str | None, upstream: str | None, client: str, arguments: tuple[str, ...]) -> None:
    """Run CLIENT through the gateway, this once. No file is changed.

    What stands behind `--` goes to the client. If no gateway runs, one is started on a free port and ended
    with the client; what it has to say is said at the end.

    \b
    Examples:
      tierwise run claude -- -p "Map the page src/app.tsx"
      tierwise run --upstream simulator codex -- exec "hello"
    """
    if url is not None and upstream is not None:
        raise click.UsageError("--url names a gateway that runs; --upstream is for one of its own")
    binary = shutil.which(client)
    if binary is None:
        raise NotFoundError(f"`{client}` is not found; install it, or add its folder to PATH")
    given = arguments[1:] if arguments[:1] == ("--",) else arguments
    try:
        code = asyncio.run(_run(client, binary, given, loopback_url(url) if url else None, upstream))
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error
    sys.exit(code)


async def _run(
    client: str, binary: str, given: tuple[str, ...], url: str | None, upstream: str | None
) -> int:
    environment = wiring.environment()
    settings = _in_force(client, environment)
    told: deque[str] = deque(maxlen=MAX_TOLD)
    try:
        async with _gateway(client, settings, url, upstream, told) as at:
            launch = _launch(client, given, settings, destination(client, at, None, frozenset()), environment)
            return await _played(binary, launch, environment)
    finally:
        for line in told:
            click.echo(line, err=True)


@asynccontextmanager
async def _gateway(
    client: str, settings: Mapping[str, Any], url: str | None, upstream: str | None, told: deque[str]
) -> AsyncIterator[str]:
    """The URL of a gateway that serves the client: the one that is named or runs, else one of our own."""
    if url is not None:
        if health(url) is None:
            raise ConfigError(f"no gateway answers at {url}. Start it there, or leave --url out.")
        yield url
        return
    connection = connection_of(wiring.home_dir(), wiring.settings_file(client, None))
    known = planned(CLIENTS[client], settings, Destination("http://127.0.0.1:0"), connection).upstream
    running = None if upstream else url_of_gateway(wiring.home_dir())
    if running and health(running) and serves(running, known):
        yield running
        return
    options = wiring.ServeOptions(upstream=upstream or known)
    async with wiring.serving(
        options,
        lambda text: told.append(f"alarm: {printable(text)}"),
        lambda text: told.append(f"notice: {printable(text)}"),
    ) as own:
        yield own.url


def _in_force(client: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The client's settings as they hold here: the strongest file over the others, all over the shell."""
    form = CLIENTS[client].form
    files = [read_layer(name, path, form) for name, path in wiring.settings_layers(client, Path.cwd())]
    shell = [environment_layer(environment)] if client == "claude" else []
    settings: dict[str, Any] = {}
    for layer in reversed([*files, *shell]):
        settings = single_run.merged(settings, layer.values)
    return settings


def _launch(
    client: str,
    given: tuple[str, ...],
    settings: Mapping[str, Any],
    to: Destination,
    environment: Mapping[str, str],
) -> single_run.Launch:
    try:
        match client:
            case "claude":
                return single_run.claude(given, settings, to, lambda path: Path(path).read_text("utf-8-sig"))
            case "codex":
                return single_run.codex(given, settings, to)
            case _:
                return single_run.opencode(given, settings, to, environment.get(single_run.CONTENT, ""))
    except (OSError, ValueError) as problem:
        what = single_run.CONTENT if client == "opencode" else "--settings"
        raise ConfigError(f"{what} cannot be read: {problem}. Mend it first.") from problem


async def _played(binary: str, launch: single_run.Launch, environment: dict[str, str]) -> int:
    """The client's exit code; as a shell tells it, if a signal ended it."""
    process = await asyncio.create_subprocess_exec(
        binary, *launch.arguments, env={**environment, **launch.environment}
    )

    def forward(number: int) -> None:
        with suppress(ProcessLookupError):
            process.send_signal(number)

    loop = asyncio.get_running_loop()
    for number in _FORWARDED:
        loop.add_signal_handler(number, forward, number)
    # on a terminal Ctrl-C and Ctrl-\ reach the client by themselves
    for number in (signal.SIGINT, signal.SIGQUIT):
        loop.add_signal_handler(number, (lambda _: None) if sys.stdin.isatty() else forward, number)
    code = await process.wait()
    return code if code >= 0 else 128 - code
