"""Connecting: what `connect`, `disconnect` and `run` share: where a client is led, and what is shown of it.

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

import difflib
import http.client
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from tierwise import wiring
from tierwise.cli.findings_output import printable
from tierwise.clients.connection_records import CLIENTS, SettingsFile
from tierwise.clients.connections import Change, carry_out
from tierwise.clients.masking import masked, without_secrets
from tierwise.clients.plans import LOOPBACK, Destination
from tierwise.errors import TierwiseError
from tierwise.gateway.makers import PUBLIC

PORT: Final = 8787
"""Where a gateway listens that was not told otherwise."""
ANSWERS_WITHIN_S: Final = 1.0
MAX_ANSWER_BYTES: Final = 1024 * 1024
SIGNS: Final = {"+": "green", "-": "red", "@": "cyan"}
Command = TypeVar("Command", bound=Callable[..., None])


def file_options(command: Command) -> Command:
    """The options that say whose settings are meant, and whether they are written."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.argument("client", type=click.Choice(list(CLIENTS))),
        click.option(
            "--project",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="The settings of the project in this folder, which its calls are recorded under.",
        ),
        click.option("--user", is_flag=True, help="Your own settings.  [default]"),
        click.option("--yes", "-y", is_flag=True, help="Write without asking."),
        click.option("--dry-run", is_flag=True, help="Only show what would change."),
        click.option("--json", "as_json", is_flag=True, help="For programs; written only with --yes."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def settings_file(client: str, project: Path | None, *, user: bool) -> SettingsFile:
    """The settings that are meant. UsageError for a place that the client does not listen to."""
    if project is not None and user:
        raise click.UsageError("--project and --user exclude each other")
    if project is not None and client == "codex":
        raise click.UsageError(
            "Codex takes no provider from a project's files; connect your own: tierwise connect codex"
        )
    return wiring.settings_file(client, project.resolve() if project else None)


def destination(client: str, url: str, project: Path | None, without: frozenset[str]) -> Destination:
    """Where the client is to be led."""
    return Destination(
        url=url,
        project=project.resolve().name if project else "",
        small_model=_small_model() if client == "claude" else "",
        status_line=f"{wiring.own_command('tierwise')} statusline",
        plugin=_plugin(),
        home=wiring.named_home(),
        without=without,
    )


def _small_model() -> str:
    """The newest model of the lowest rung that Claude Code has; "" if none is known."""
    config = wiring.configuration(None)
    ladder = config.settings.ladder
    day = wiring.day_of(wiring.now_us())
    cards = wiring.load_catalog().candidates("claude_code", ladder, config.tier_models, day)
    lowest = next((cards[tier.name] for tier in ladder.rungs if cards.get(tier.name)), ())
    return lowest[0].id if lowest else ""


def _plugin() -> Path | None:
    """The folder of the mod, with its marketplace file."""
    import tierwise.clients

    folder = Path(tierwise.clients.__file__).with_name("plugin")
    return folder if (folder / ".claude-plugin" / "marketplace.json").is_file() else None


def loopback_url(url: str) -> str:
    """The URL without a slash at its end. BadParameter if it is none that a gateway can have."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme == "http" and parts.hostname in LOOPBACK and (parts.port or 80) > 0
    except ValueError:
        fits = False
    if not fits or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise click.BadParameter(
            f"`{printable(url)}` is no gateway: it listens on this machine, as http://127.0.0.1:8787",
            param_hint="--url",
        )
    return url.rstrip("/")


def health(url: str) -> dict[str, Any] | None:
    """How the gateway at this URL says it is; None if no gateway of ours answers there."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ANSWERS_WITHIN_S)
    try:
        connection.request("GET", "/tierwise/health")
        answer = json.loads(connection.getresponse().read(MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) and isinstance(answer.get("upstream"), str) else None


def serves(url: str, upstream: str) -> bool:
    """Whether the gateway goes on to the provider that is meant; a public one does for all of them."""
    goes_to = str((health(url) or {}).get("upstream"))
    return goes_to == upstream or {goes_to, upstream} <= PUBLIC or "//127.0.0.1:" in goes_to


# -- showing and writing -----------------------------------------------------------------------------------


def settle(change: Change, *, yes: bool, dry_run: bool, as_json: bool, more: Mapping[str, Any]) -> bool:
    """Show the change, and write it if it is agreed to; whether it was written, or there was nothing to do.

    Raises ClickException if it cannot be written.
    """
    if as_json:
        agreed = yes and not dry_run and not change.refused
        written = agreed and _written(change)
        click.echo(json.dumps({**_document(change), "written": written, **more}, indent=2))
        return written or dry_run or (change.is_nothing and not change.refused)
    for line in diff(change):
        click.echo(click.style(line, fg=SIGNS.get(line[:1])))
    for note in (*change.notes, *change.left):
        click.echo(f"note: {printable(note)}")
    for path in change.kept:
        click.echo(f"note: {printable(path)} is yours and stays as it is")
    if change.refused or dry_run:
        return not change.refused
    if not yes and not change.is_nothing:
        if not sys.stdin.isatty():
            click.echo("Nothing was written: say --yes, or run it in a terminal.", err=True)
            return False
        if not click.confirm("Write this?", default=True):
            click.echo("Nothing was written.")
            return False
    return _written(change)


def _written(change: Change) -> bool:
    try:
        carry_out(change, wiring.home_dir())
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error
    return True


def diff(change: Change) -> Iterator[str]:
    """The change as a unified diff, secrets masked; nothing if it is refused."""
    if change.is_nothing or change.refused:
        return
    name, form = str(change.file.path), change.file.client.form
    before, after = (
        masked((content or b"").decode("utf-8", "replace"), form).split("\n")
        for content in (change.before, change.after)
    )
    old = "/dev/null" if change.before is None else name
    new = "/dev/null" if change.after is None else name
    for line in difflib.unified_diff(_ends(before), _ends(after), old, new, lineterm=""):
        yield "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in line)


def _ends(lines: list[str]) -> list[str]:
    """The lines without the empty one behind the last line end, and without carriage returns."""
    shown = [line.removesuffix("\r") for line in lines]
    return shown[:-1] if shown and not shown[-1] else shown


def _escaped(char: str) -> str:
    return "" if char == "\ufeff" else ascii(char)[1:-1]


def _document(change: Change) -> dict[str, Any]:
    """The change as JSON values."""
    nothing = change.is_nothing or change.refused
    action = "unchanged" if nothing else "changed"
    if not nothing:
        action = "made" if change.before is None else "removed" if change.after is None else action
    return {
        "client": change.file.client.name,
        "path": str(change.file.path),
        "action": action,
        "diff": list(diff(change)),
        "notes": [*change.notes, *change.left],
        "kept": list(change.kept),
        "refused": [without_secrets(why) for why in change.refused],
    }
