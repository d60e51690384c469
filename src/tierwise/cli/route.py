"""`tierwise route`: questions as JSON lines in, decisions as JSON lines out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from tierwise import wiring


@click.command()
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read the questions from a file instead of standard input.",
)
def command(file: Path | None) -> None:
    """Decide questions by hand: one JSON object a line in, one decision a line out.

    Every field but `id` is optional; docs/reference/route.md lists them. A line that cannot be answered gives
    an object with `id` and `error`, and the other lines are still answered; the exit code is then 1.

    \b
      echo '{"id": 1, "skill": {"name": "x", "model": {"preferred": "haiku"}}}' | tierwise route
    """
    failed = False
    for answer in _answers(_lines(file)):
        click.echo(msgspec.json.encode(answer))
        failed |= "error" in answer
    if failed:
        raise SystemExit(1)


def _answers(lines: Iterable[bytes]) -> Iterator[dict[str, object]]:
    from tierwise.router.asking import Asker

    asker = Asker(wiring.load_catalog(), wiring.day_of(wiring.now_us()))
    for line in lines:
        if line.strip():
            yield asker.answer(line)


def _lines(file: Path | None) -> Iterator[bytes]:
    if file is None:
        yield from sys.stdin.buffer
        return
    with file.open("rb") as opened:
        yield from opened
