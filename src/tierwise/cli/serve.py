"""`tierwise serve`: the gateway on a loopback port, until it is interrupted."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli.findings_output import printable
from tierwise.errors import TierwiseError


@click.command()
@click.option("--port", default=8787, show_default=True, help="Loopback port; 0 takes a free one.")
@click.option(
    "--upstream",
    default="https://api.anthropic.com",
    show_default=True,
    metavar="simulator|URL",
    help="The provider to relay to; `simulator` is built in and needs no key.",
)
@click.option(
    "--skill-root",
    "skill_roots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder under which SKILL.md files may be read. Default: this folder and your own skills.",
)
@click.option(
    "--store", metavar="URL", help="Where the ledger lives: `sqlite:PATH`, `postgresql://…` or `memory`."
)
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    help="Whose configuration counts for calls without a project. Default: this folder.",
)
@click.option("--simulator-log", type=click.Path(path_type=Path), help="Where the simulator logs requests.")
@click.option(
    "--simulator-script", type=click.Path(path_type=Path), help="What the simulator answers, as JSON or YAML."
)
@click.option(
    "--no-keep-context",
    "keep_context",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Do not keep each session's newest request in memory; `tierwise answer ID export` needs it.",
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one JSON object.")
def command(
    port: int,
    upstream: str,
    skill_roots: tuple[Path, ...],
    store: str | None,
    project: Path | None,
    simulator_log: Path | None,
    simulator_script: Path | None,
    keep_context: bool,
    as_json: bool,
) -> None:
    """Decide, relay and meter the calls of an agent.

    \b
    Point a client at it:
      tierwise connect claude       or codex, opencode
    """
    if upstream != "simulator" and (simulator_log or simulator_script):
        raise click.UsageError("--simulator-log and --simulator-script go with --upstream simulator")
    options = wiring.ServeOptions(
        port,
        upstream,
        skill_roots,
        store,
        project,
        simulator_log,
        simulator_script,
        state=wiring.home_dir(),
        keep_context=keep_context,
    )
    try:
        asyncio.run(_serve(options, as_json=as_json))
    except TierwiseError as error:
        raise click.ClickException(str(error)) from error


def _on_stderr(kind: str) -> Callable[[str], None]:
    """Takes lines, and says each on stderr, without what a terminal could take for an order."""
    return lambda text: click.echo(f"{kind}: {printable(text)}", err=True)


async def _serve(options: wiring.ServeOptions, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with wiring.serving(options, _on_stderr("alarm"), _on_stderr("notice")) as running:
        if as_json:
            at = {"url": running.url, "upstream": running.upstream, "store": running.store_url}
            click.echo(json.dumps(at))
        else:
            click.echo(f"tierwise listens on {running.url}")
            click.echo(f"  upstream  {running.upstream}")
            click.echo(f"  ledger    {running.store_url}")
            click.echo(f"  connect   tierwise connect claude, or ANTHROPIC_BASE_URL={running.url} claude")
        await stop.wait()
