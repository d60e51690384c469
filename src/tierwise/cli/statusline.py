"""`tierwise statusline`: its help. What it does is `tierwise.statusline`, which starts without this package.

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

import click

from tierwise.statusline.program import run


@click.command()
@click.option("--json", "as_json", is_flag=True, help="What the line was made from, for programs.")
def command(as_json: bool) -> None:
    """Print one line for a client's status line: skill, tier, zone, today's spending, forecast.

    It reads the client's JSON on stdin, asks the running gateway, and shows your own status line first if
    `tierwise connect` took its place. Without a gateway it shows what was known last, with its age.

    \b
    settings.json of Claude Code, as `tierwise connect claude` writes it:
      "statusLine": {"type": "command", "command": "tierwise statusline"}
    """
    run(as_json=as_json)
