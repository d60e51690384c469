"""`tierwise answer`: an offer is answered, or the conversation that it stopped is exported.

    tierwise answer 3f9c1a2b4d5e hold --session

Source: rules.md section 4, "Consent"; seed A§2.3 step 5.
"""

from __future__ import annotations

import json
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli.findings_output import printable
from tierwise.cli.running_gateway import ask
from tierwise.core.offers import ANSWERS, KeptOffer
from tierwise.errors import TierwiseError
from tierwise.gateway.control import as_json as offer_as_json

MEANS: Final = {"accept": "accepted", "hold": "held", "pause": "paused"}


@click.command()
@click.argument("id")
@click.argument("answer", type=click.Choice([*ANSWERS, "export"]))
@click.option("--session", "for_session", is_flag=True, help="The answer holds for the rest of the session.")
@click.option(
    "--in",
    "in_session",
    metavar="SESSION",
    help="The session that is answered for. Default: the one that met the offer last.",
)
@click.option("--json", "as_json", is_flag=True, help="The offer as it then stands, as JSON.")
def command(id: str, answer: str, for_session: bool, in_session: str | None, as_json: bool) -> None:
    """Answer an offer: `accept` the lower tier, `hold` the tier, or `pause` the work.

    Without --session the answer holds for the next call that meets the offer, and for the rest of its
    turn. A later answer replaces it. `export` writes the conversation to a file that another client can
    load; that needs a running gateway.

    \b
    Examples:
      tierwise offers                            what is open, with its id
      tierwise answer 3f9c1a2b4d5e hold --session
      tierwise answer 3f9c1a2b4d5e export
    """
    if answer == "export":
        if for_session:
            raise click.UsageError("--session goes with accept, hold and pause")
        _say_exported(_exported(id, in_session), as_json=as_json)
    else:
        told = _answered(id, answer, "session" if for_session else "call", in_session)
        _say_answered(told, as_json=as_json)


def _answered(id: str, answer: str, scope: str, session: str | None) -> dict[str, Any]:
    """The offer after the answer, by the running gateway, else by the book that it shares."""
    body = {"answer": answer, "scope": scope, **({"session": session} if session else {})}
    told = ask(wiring.home_dir(), "POST", ("offers", id), body)
    if told is not None:
        return dict(told)
    try:
        return offer_as_json(wiring.offers_in(wiring.home_dir()).answer(id, answer, scope, session))
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error


def _exported(id: str, session: str | None) -> dict[str, Any]:
    """Where the running gateway wrote the conversation of the offer's session."""
    told = ask(wiring.home_dir(), "POST", ("sessions", session or _session_of(id), "export"))
    if told is None:
        raise click.ClickException(
            "no gateway runs: conversations are kept in its memory only, so there is none to export"
        )
    return dict(told)


def _session_of(id: str) -> str:
    """The session that met the offer last."""
    try:
        found: list[KeptOffer] = [o for o in wiring.offers_in(wiring.home_dir()).all() if o.id == id]
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error
    if not found:
        raise click.ClickException(printable(f"there is no offer `{id}`; `tierwise offers` lists them"))
    return found[-1].session


def _say_answered(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    how_long = "for the session" if told["scope"] == "session" else "for its next turn"
    about = told["skill"] or told["kind"]
    click.echo(printable(f"{about} is {MEANS[told['answer']]} {how_long} {told['session']}".rstrip()))
    click.echo(printable(f"  {told['text']}"))


def _say_exported(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(printable(f"the conversation is in {told['path']} ({told['bytes']:,} bytes)"))
