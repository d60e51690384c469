"""A skill as it stands now: its files under its coordinator and the project's overrides, and what it gets.

Source: rules.md sections 2, 3 and 5.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from tierwise import wiring
from tierwise.cli.skill_lookup import find_skill, reading_roots
from tierwise.core.estimates import Estimate, history_estimate
from tierwise.core.figures import printable
from tierwise.core.ledger import Execution
from tierwise.core.skills import Skill
from tierwise.errors import TierwiseError
from tierwise.files.config import Config
from tierwise.files.skill_files import SkillFile
from tierwise.router.calls import Call, Routed
from tierwise.router.histories import CALLS_READ, history_in
from tierwise.router.routing import with_override
from tierwise.router.shelf import project_of
from tierwise.router.standings import standings


@dataclass(frozen=True, slots=True)
class SkillNow:
    """A skill's file, the skill that the rules see, the decision on it, and its newest calls."""

    file: SkillFile
    skill: Skill
    config: Config
    routed: Routed
    day: str
    executions: tuple[Execution, ...]

    @property
    def history(self) -> Estimate | None:
        """What the skill's own finished runs say of the next one; None where there are too few."""
        return self.routed.question.history or history_estimate(
            self.executions, self.routed.question.candidates
        )


def skill_now(skill: str, platform: str, project: Path | None, store_url: str | None) -> SkillNow:
    """The skill of that name or folder, decided under the configuration and the balances of now.

    What else was found, and what went wrong, is told on standard error. Raises click.ClickException.
    """
    try:
        folder, others = find_skill(skill, project or Path.cwd())
        now = _now(folder, platform, project, store_url)
    except TierwiseError as error:
        raise click.ClickException(printable(str(error))) from error
    for other in others:
        click.echo(printable(f"also found, and not used: {other}"), err=True)
    for alarm in now.routed.alarms:
        click.echo(printable(alarm), err=True)
    return now


def _now(folder: Path, platform: str, project: Path | None, store_url: str | None) -> SkillNow:
    now_us = wiring.now_us()
    day, router = wiring.day_of(now_us), wiring.router_for(project, reading_roots(folder))
    config = router.configs.of(project_of(folder))
    file = router.shelf.skill_at(folder, config.settings.ladder)
    call = Call(platform=platform, asked_model="", skill=file.name, skill_folder=str(folder))
    with closing(wiring.open_store(store_url)) as store:
        routed = router.decided(call, now_us, day, partial(standings, store), partial(history_in, store))
        executions = tuple(store.executions(skill=file.name, last=CALLS_READ))
    return SkillNow(file, with_override(file, file.name, config), config, routed, day, executions)
