"""`tierwise pattern`: what a cost pattern would cost for a skill, and when it costs more than going direct.

Source: rules.md sections 6 and 8; seed A§6.1 to A§6.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import click

from tierwise.cli import ledger
from tierwise.cli.pattern_batch import BatchPlanned, batch_json, batch_lines
from tierwise.cli.pattern_output import Planned, lines_of, planned_json
from tierwise.cli.pattern_subject import Subject, subject_of
from tierwise.cli.skill_lookup import platform_option, project_option
from tierwise.core.batches import MOST_ITEMS

SHARE: Final = re.compile(
    r"(?P<percent>\d{1,3}(\.\d{1,6})?)\s*%|(?P<share>0?\.\d{1,9}|[01](\.0{1,9})?)", re.ASCII
)


class Share(click.ParamType[Fraction]):
    """A share of the tasks: `30%` or `0.3`."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """The share, 0 to 1, exactly as written."""
        found = SHARE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"`{value}` is no share: write 30% or 0.3", param, ctx)
        share = Fraction(found["percent"]) / 100 if found["percent"] else Fraction(found["share"])
        if share > 1:
            self.fail(f"`{value}` is more than all of them", param, ctx)
        return share


def _common(function: Callable[..., None]) -> Callable[..., None]:
    """The options that every pattern has."""
    options = (
        click.option("--skill", required=True, metavar="SKILL", help="The skill: its name or its folder."),
        platform_option,
        project_option,
        ledger.store_option,
        ledger.json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


easy_option = click.option(
    "--easy", type=Share(), metavar="SHARE", help="How many of the tasks are easy: 30% or 0.3. Never assumed."
)


@click.group("pattern")
def command() -> None:
    """What a cost pattern costs for a skill, and when it costs more than going direct.

    The top tier is the skill's preferred one, the cheap tier the lowest that it allows. Sizes are those that
    its SKILL.md declares, else those of its own last runs; prices are today's.

    \b
      tierwise pattern cascade --skill ui-bug-investigator
      tierwise pattern prescreen --skill ui-bug-investigator --easy 30%
      tierwise pattern batch --skill page-component-mapper --items 40
    """


@command.command("cascade")
@easy_option
@_common
def cascade(easy: Fraction | None, as_json_: bool, **where: Any) -> None:  # noqa: ANN401 - click's values
    """Classify with the cheap model, do the easy tasks there and the others at the top, verify cheaply."""
    _print_plan("cascade", easy, as_json_, where)


@command.command("prescreen")
@easy_option
@_common
def prescreen(easy: Fraction | None, as_json_: bool, **where: Any) -> None:  # noqa: ANN401 - click's values
    """Let the cheap model look whether the top one is needed, then do the task at either."""
    _print_plan("prescreen", easy, as_json_, where)


@command.command("batch")
@click.option("--items", type=click.IntRange(1, MOST_ITEMS), metavar="N", help="How many items there are.")
@click.option(
    "--prefix",
    type=click.IntRange(0, 10_000_000),
    metavar="TOKENS",
    help="What each call repeats besides its declared input: the client's system prompt and tools.",
)
@_common
def batch(items: int | None, prefix: int | None, as_json_: bool, **where: Any) -> None:  # noqa: ANN401
    """Collect the items with the cheap model, then analyse them in one call instead of one by one."""
    subject = _subject(where)
    if prefix is not None and subject.sizes.source == "history":
        raise click.UsageError(
            "--prefix is for declared sizes; past calls are counted with all they repeated"
        )
    planned = BatchPlanned(subject, items, prefix or 0)
    _print(as_json_, lambda: batch_json(planned), lambda: batch_lines(planned))


def _print_plan(pattern: str, easy: Fraction | None, as_json: bool, where: dict[str, Any]) -> None:
    planned = Planned(pattern, _subject(where), easy)
    _print(as_json, lambda: planned_json(planned), lambda: lines_of(planned))


def _subject(where: dict[str, Any]) -> Subject:
    return subject_of(where["skill"], where["platform"], where["project"], where["store_url"])


def _print(as_json: bool, document: Callable[[], object], lines: Callable[[], Any]) -> None:
    click.echo(json.dumps(document(), ensure_ascii=False) if as_json else "\n".join(lines()))
