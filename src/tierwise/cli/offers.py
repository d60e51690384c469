"""`tierwise offers`: what sessions were asked, what was answered, and what still waits for an answer.

Source: rules.md section 4, "Consent".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click

from tierwise import wiring
from tierwise.cli.findings_output import printable
from tierwise.cli.moments import local_minute
from tierwise.core.offers import KeptOffer
from tierwise.errors import TierwiseError
from tierwise.gateway.control import as_json as offer_as_json


@click.command()
@click.option("--all", "everything", is_flag=True, help="Answered ones too.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def command(everything: bool, as_json: bool) -> None:
    """List the offers that wait for an answer, newest first.

    An offer is a question that a full budget raises: run a demanding skill on a lower tier, go below its
    minimum, wait. `tierwise answer ID accept|hold|pause` answers it.
    """
    listed = [offer for offer in _offers() if everything or offer.answer is None]
    if as_json:
        click.echo(json.dumps({"offers": [offer_as_json(offer) for offer in listed]}, indent=2))
    elif listed:
        click.echo("\n".join(_lines(listed)))
    else:
        click.echo("no offers" if everything else "no offer waits for an answer")


def _offers() -> Sequence[KeptOffer]:
    """The offers in the book that gateway and commands share, newest first."""
    try:
        return wiring.offers_in(wiring.home_dir()).all()[::-1]
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error


def _lines(offers: Sequence[KeptOffer]) -> Iterator[str]:
    """Three lines an offer: id and moment, the question, how it can be or was answered."""
    for offer in offers:
        about = f"  {offer.skill}" if offer.skill else ""
        yield printable(f"{offer.id}  {local_minute(offer.at_us)}{about}  session {offer.session or '?'}")
        yield printable(f"  {offer.text}")
        if offer.answer is None:
            yield printable(f"  {' | '.join(offer.options)}")
        else:
            yield printable(f"  answered: {offer.answer}, for the {offer.scope}")
