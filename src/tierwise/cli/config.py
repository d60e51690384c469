"""config: the routing configuration as it stands, and for every value where it was said.

    defaults.specialist          sonnet     .claude/model-routing.yaml:3
      instead of                 opus       ~/…/model-routing.yaml:9

Source: rules.md section 5; seed A§3.1, A§3.2.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import click

from tierwise import wiring
from tierwise.cli.findings_output import printable
from tierwise.core.tiers import Tier
from tierwise.files.config import Config, Entry
from tierwise.files.findings import Finding, did_you_mean
from tierwise.router.config_findings import findings_of

WIDTH: Final = 100
"""Columns that a line is fitted to by cutting its value, but not below `MIN_VALUE_WIDTH`."""
MIN_VALUE_WIDTH: Final = 12
INSTEAD_OF: Final = "  instead of"


@click.group("config")
def command() -> None:
    """The routing configuration: what stands, and where it was said."""


@command.command("show")
@click.argument("key", required=False)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current directory",
    help="The project whose files count.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def show(key: str | None, project: Path, as_json: bool) -> None:
    """Show every value, where it was said, and what it overrode.

    Weakest first: built-in, your own model-routing.yaml, the project's AGENTS.md and CLAUDE.md,
    pipeline/config/model-routing.yaml, .claude/model-routing.yaml, .claude/session-config.yaml.

    \b
    Examples:
      tierwise config show                       everything
      tierwise config show defaults              one section, or one key
      tierwise config show --json                for programs
    """
    config = wiring.configuration(project)
    entries = _named(config, key)
    findings = findings_of(config, wiring.load_catalog(), wiring.day_of(wiring.now_us()))
    if as_json:
        click.echo(json.dumps(_document(entries, findings), indent=2))
    else:
        click.echo("\n".join(_lines(entries, project)))
        for finding in findings:
            click.echo(printable(str(finding)), err=True)
    if any(finding.severity == "error" for finding in findings):
        raise click.exceptions.Exit(1)


def _named(config: Config, key: str | None) -> Sequence[Entry]:
    """The entries of that key or section; ClickException (exit 1) if there are none."""
    if key is None:
        return config.entries
    found = [entry for entry in config.entries if entry.key == key or entry.key.startswith(f"{key}.")]
    if not found:
        keys = {entry.key for entry in config.entries}
        close = did_you_mean(key, keys | {known.partition(".")[0] for known in keys})
        hint = f"did you mean `{close}`?" if close else "`tierwise config show` lists what is set."
        raise click.ClickException(printable(f"nothing is set under `{key}`; {hint}"))
    return found


def _document(entries: Sequence[Entry], findings: Sequence[Finding]) -> dict[str, Any]:
    """`{entries: [{key, value, source, path, line, overridden: […]}], findings: […]}`; no file is null."""
    told = [
        {"key": entry.key, **_said(entry), "overridden": [_said(weaker) for weaker in entry.overridden]}
        for entry in entries
    ]
    return {"entries": told, "findings": [dataclasses.asdict(finding) for finding in findings]}


def _said(entry: Entry) -> dict[str, Any]:
    path, line = entry.path or None, entry.line or None
    return {"value": _plain(entry.value), "source": entry.source, "path": path, "line": line}


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON has
    """The value as JSON values: tiers and words by their names."""
    if isinstance(value, Tier):
        return value.name
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def _lines(entries: Sequence[Entry], project: Path) -> Iterator[str]:
    """A line for each value, and a fainter one for each other that it overrode."""
    rows = [(entry, one) for entry in entries for one in (entry, *_worth_telling(entry))]
    keys = max(len(INSTEAD_OF), *(len(entry.key) for entry in entries))
    room = WIDTH - keys - max(len(_place(one, project)) for _, one in rows) - 4
    values = min(max(len(_text(one.value)) for _, one in rows), max(room, MIN_VALUE_WIDTH))
    for entry, one in rows:
        key = printable(entry.key) if one is entry else INSTEAD_OF
        line = f"{key:{keys}}  {_shown(one.value, values):{values}}  {_place(one, project)}"
        yield line if one is entry else click.style(line, dim=True)


def _worth_telling(entry: Entry) -> Iterator[Entry]:
    """What was overridden, but for a built-in value that a file only repeats."""
    return (one for one in entry.overridden if one.path or one.value != entry.value)


def _text(value: object) -> str:
    """The value as one line; "–" for nothing."""
    plain = _plain(value)
    if plain is None:
        return "–"
    return printable(plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False))


def _shown(value: object, width: int) -> str:
    """The value, cut to the width; in full it stands in the JSON."""
    text = _text(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def _place(entry: Entry, project: Path) -> str:
    """`file:line`, from the project on if it lies in it."""
    if not entry.path:
        return entry.source
    path = Path(entry.path)
    inside = path.relative_to(project) if path.is_relative_to(project) else path
    return printable(f"{inside}:{entry.line}")
