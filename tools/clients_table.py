"""Writes the table of docs/guides/clients.md from the last acceptance run: it says what was shown, no more.

    python tools/clients_table.py              write the table, say whether it has changed
    python tools/clients_table.py --check      change nothing; exit 1 if table and report do not agree

`make acceptance` writes the report, tests/acceptance/report.json: what each test with the mark `shows` was
to show, and whether it did. Here are the words that such a mark may use, and how they read in the guide.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
REPORT: Final = ROOT / "tests" / "acceptance" / "report.json"
GUIDE: Final = ROOT / "docs" / "guides" / "clients.md"
BEGIN: Final = "<!-- Written by tools/clients_table.py from the acceptance run. -->"
END: Final = "<!-- End of what was written. -->"
CLIENTS: Final = ("Claude Code", "Codex", "opencode", "anthropic SDK", "openai SDK")
PLANES: Final = ("mod", "hook", "gateway", "steering", "compiled")
SITUATIONS: Final = {
    "skill called": "A skill that the model calls",
    "skill typed": "A skill that you type",
    "skill forked": "A skill that forks",
    "skills nested": "A skill that calls a skill",
    "skill preloaded": "A skill that an agent begins with",
    "agent": "A subagent by its name",
    "agents": "Subagents side by side, each with its own tier",
    "step": "The steps of a skill",
    "effort": "A skill's effort",
    "words": "Your words (“using sonnet”)",
    "pin": "A tier pinned for one call (`x-tierwise-tier`)",
    "title": "Titles on the cheapest tier",
    "compaction": "A compaction, and the skill that goes on behind it",
    "resume": "A session taken up again",
    "switch": "You switch the model in mid-session",
    "refusal": "A hard budget refuses, and says why",
    "agent refused": "A hard budget refuses a subagent",
    "notice": "Notices and offers are shown",
    "cache": "The prompt cache stays as warm as without a gateway",
    "restart": "The gateway is killed and started again in mid-session",
    "gone": "The gateway is gone for good, and the session goes on",
    "connect": "`tierwise connect` is all that it needs",
}
FAILED: Final = "**failed**"
"""Stands before the planes of which a test failed."""


def claims(report: Path = REPORT) -> list[dict[str, Any]]:
    """What the last acceptance run was to show."""
    shown: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["shown"]
    return shown


def table(shown: list[dict[str, Any]]) -> str:
    """The table in Markdown: a row for each situation, a column for each client at each version."""
    columns = sorted({(one["client"], one["version"]) for one in shown}, key=_rank)
    lines = [["", *(f"{client} {version}" for client, version in columns)]]
    for situation, words in SITUATIONS.items():
        of = [one for one in shown if one["what"] == situation]
        if of:
            cells = ([one for one in of if (one["client"], one["version"]) == column] for column in columns)
            lines.append([words, *map(_cell, cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], ["---"] * len(lines[0]), *lines[1:]])


def _rank(column: tuple[str, str]) -> tuple[int, list[int]]:
    """Clients in the order of `CLIENTS`, the newest version of each first."""
    client, version = column
    return CLIENTS.index(client), [-int(part) for part in version.split(".")]


def _cell(shown: list[dict[str, Any]]) -> str:
    """The planes that a client's calls were seen to obey, the failed ones behind them; a dash without any."""
    good = [plane for plane in PLANES if {one["passed"] for one in shown if one["plane"] == plane} == {True}]
    bad = sorted({one["plane"] for one in shown} - set(good), key=PLANES.index)
    return ", ".join([*good, *(f"{FAILED} {plane}" for plane in bad)]) or "–"


def written(guide: str, shown: list[dict[str, Any]]) -> str:
    """The guide with the table between its marks; ValueError unless they stand in it once, in order."""
    before, begin, rest = guide.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest:
        raise ValueError(f"the guide needs the lines `{BEGIN}` and `{END}`, once each, in this order")
    return f"{before}{BEGIN}\n\n{table(shown)}\n\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write the table or check it; 1 if it is stale or cannot be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if the table is stale")
    parser.add_argument("--report", type=Path, default=REPORT)
    parser.add_argument("--guide", type=Path, default=GUIDE)
    given = parser.parse_args(arguments)
    try:
        text = given.guide.read_text("utf-8")
        fresh = written(text, claims(given.report))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{given.guide} or {given.report} cannot be used: {error!r}", file=sys.stderr)
        return 1
    if fresh == text:
        print(f"{given.guide} agrees with {given.report}")
        return 0
    if given.check:
        print(f"{given.guide} does not agree with {given.report}: run `python tools/clients_table.py`")
        return 1
    given.guide.write_text(fresh, "utf-8")
    print(f"{given.guide} has changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
