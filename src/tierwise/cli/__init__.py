"""The command line: one module a command group, each imported only when it is called."""

from __future__ import annotations

import importlib
from typing import Final

import click

from tierwise.cli.streams import write_anything

COMMANDS: Final = {
    "check": "tierwise.cli.check",
    "recommend": "tierwise.cli.recommend",
    "compile": "tierwise.cli.compile",
    "explain": "tierwise.cli.explain",
    "estimate": "tierwise.cli.estimate",
    "plan": "tierwise.cli.plan",
    "pattern": "tierwise.cli.pattern",
    "adapt": "tierwise.cli.adapt",
    "scaffold": "tierwise.cli.scaffold",
    "handoff": "tierwise.cli.handoff",
    "route": "tierwise.cli.route",
    "serve": "tierwise.cli.serve",
    "connect": "tierwise.cli.connect",
    "disconnect": "tierwise.cli.disconnect",
    "run": "tierwise.cli.run",
    "statusline": "tierwise.cli.statusline",
    "doctor": "tierwise.cli.doctor",
    "offers": "tierwise.cli.offers",
    "answer": "tierwise.cli.answer",
    "report": "tierwise.cli.report",
    "audit": "tierwise.cli.audit",
    "budget": "tierwise.cli.budget",
    "models": "tierwise.cli.models",
    "config": "tierwise.cli.config",
    "init": "tierwise.cli.init",
    "ledger": "tierwise.cli.ledger_commands",
    "demo": "tierwise.cli.demo",
}
"""Name → module; each module has its command in `command`."""


class Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tierwise", message="%(prog)s %(version)s")
def main() -> None:
    """Run each skill on the cheapest model that is good enough, within a budget, and prove it.

    \b
    Start here:
      tierwise check skills/                     find mistakes in SKILL.md files
      tierwise explain ui-bug-investigator       which tier it gets now, and why
      tierwise serve --upstream simulator        route and meter an agent's API calls
      tierwise report                            what was spent, and what was saved
    """
    write_anything()
