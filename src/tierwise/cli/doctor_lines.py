"""Doctor's lines: what was looked at, how it is, and how it is mended; as one page, or as JSON.

    gateway
      ok    running    http://127.0.0.1:8787 since 23 Nov 09:12, in front of the simulator
      warn  alarms     2 in the last day; the newest: …
                       → tierwise report

Source: style.md, "Errors, three kinds, never mixed".
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import click

from tierwise.cli.findings_output import printable

State = Literal["ok", "warn", "fail"]
COLOURS: Final[Mapping[State, str]] = {"ok": "green", "warn": "yellow", "fail": "red"}
NAME_WIDTH: Final = 14
WIDTH: Final = 100
INDENT: Final = " " * (2 + 6 + NAME_WIDTH + 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `facts` are for programs: what the text says, as values."""

    section: str
    name: str
    state: State
    text: str
    remedy: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def document(lines: Iterable[Line], version: str, python: str) -> dict[str, Any]:
    """`{version, python, lines: […], ok, warn, fail}`."""
    listed = [asdict(line) for line in lines]
    counts = {str(state): sum(line["state"] == state for line in listed) for state in COLOURS}
    return {"version": version, "python": python, "lines": listed, **counts}


def page(lines: Iterable[Line], version: str, python: str) -> Iterator[str]:
    """The lines, section by section, then their counts."""
    listed = list(lines)
    yield f"tierwise {version}, Python {python}"
    for section in dict.fromkeys(line.section for line in listed):
        yield ""
        yield click.style(section, bold=True)
        for line in listed:
            if line.section == section:
                yield from _shown(line)
    yield ""
    counts = (f"{sum(line.state == state for line in listed)} {state}" for state in COLOURS)
    yield ", ".join(counts)


def _shown(line: Line) -> Iterator[str]:
    first, *more = _wrapped(line.text) or [""]
    state = click.style(f"{line.state:4}", fg=COLOURS[line.state])
    yield f"  {state}  {line.name:{NAME_WIDTH}} {first}".rstrip()
    for text in more:
        yield f"{INDENT}{text}"
    for number, text in enumerate(_wrapped(line.remedy) if line.remedy else []):
        yield f"{INDENT}{'→' if number == 0 else ' '} {text}"


def _wrapped(text: str) -> list[str]:
    width = WIDTH - len(INDENT) - 2
    return textwrap.wrap(printable(text), width, break_long_words=False, break_on_hyphens=False)
