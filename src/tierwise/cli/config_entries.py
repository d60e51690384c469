"""Entries of the configuration, for people and for programs: the value, its place, and what it overrode.

    defaults.specialist          sonnet     .claude/model-routing.yaml:3
      instead of                 opus       ~/…/model-routing.yaml:9

Source: rules.md section 5.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import click

from tierwise.cli.findings_output import printable
from tierwise.core.tiers import Tier
from tierwise.files.config import Entry

WIDTH: Final = 100
"""Columns that a line is fitted to by cutting its value, but not below `MIN_VALUE_WIDTH`."""
MIN_VALUE_WIDTH: Final = 12
INSTEAD_OF: Final = "  instead of"

project_option = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current directory",
    help="The project whose files count.",
)


def documented(entry: Entry) -> dict[str, Any]:
    """`{key, value, source, path, line, overridden: […]}`; no file is null."""
    return {"key": entry.key, **said(entry), "overridden": [said(weaker) for weaker in entry.overridden]}


def said(entry: Entry) -> dict[str, Any]:
    """`{value, source, path, line}`; no file is null."""
    path, line = entry.path or None, entry.line or None
    return {"value": plain(entry.value), "source": entry.source, "path": path, "line": line}


def plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON has
    """The value as JSON values: tiers and words by their names."""
    if isinstance(value, Tier):
        return value.name
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def lines(entries: Sequence[Entry], project: Path) -> Iterator[str]:
    """A line for each value, and a fainter one for each other that it overrode."""
    if not entries:
        return
    rows = [(entry, one) for entry in entries for one in (entry, *worth_telling(entry))]
    keys = max(len(INSTEAD_OF), *(len(entry.key) for entry in entries))
    room = WIDTH - keys - max(len(place(one, project)) for _, one in rows) - 4
    values = min(max(len(text(one.value)) for _, one in rows), max(room, MIN_VALUE_WIDTH))
    for entry, one in rows:
        key = printable(entry.key) if one is entry else INSTEAD_OF
        line = f"{key:{keys}}  {shown(one.value, values):{values}}  {place(one, project)}"
        yield line if one is entry else click.style(line, dim=True)


def worth_telling(entry: Entry) -> Iterator[Entry]:
    """What was overridden, but for a built-in value that a file only repeats."""
    return (one for one in entry.overridden if one.path or one.value != entry.value)


def text(value: object) -> str:
    """The value as one line; "–" for nothing."""
    told = plain(value)
    if told is None:
        return "–"
    return printable(told if isinstance(told, str) else json.dumps(told, ensure_ascii=False))


def shown(value: object, width: int) -> str:
    """The value, cut to the width; in full it stands in the JSON."""
    line = text(value)
    return line if len(line) <= width else line[: width - 1] + "…"


def place(entry: Entry, project: Path) -> str:
    """`file:line`, from the project on if it lies in it."""
    if not entry.path:
        return entry.source
    path, root = Path(entry.path).absolute(), project.absolute()
    inside = path.relative_to(root) if path.is_relative_to(root) else Path(entry.path)
    return printable(f"{inside}:{entry.line}" if entry.line else f"{inside}")
