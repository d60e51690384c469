"""Markdown: the few shapes that are read from it. Lines, fenced code, headings and tables.

What stands in a code fence is an example and never an instruction, so every line says whether it does.

Source: seed A§4.1, A§6.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING: Final = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_RULE: Final = re.compile(r":?-+:?")
_CELL_END: Final = re.compile(r"(?<!\\)\|")
_LINK: Final = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")


class Line(NamedTuple):
    """One line of a page, its 1-based number in the file, and whether it belongs to fenced code."""

    number: int
    text: str
    is_code: bool

    @property
    def heading(self) -> tuple[int, str] | None:
        """(level, text) if this is a heading outside of code."""
        found = None if self.is_code or "#" not in self.text else _HEADING.fullmatch(self.text)
        return (len(found[1]), found[2].strip(" \t#")) if found else None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: cell by column title, as written but for surrounding spaces."""

    number: int
    cells: dict[str, str]


def lines_of(text: str, first_line: int = 1) -> Iterator[Line]:
    """The lines of `text`, whose first one is line `first_line` of the file."""
    fence = ""
    for number, line in enumerate(text.split("\n"), first_line):
        found = _FENCE.fullmatch(line) if "```" in line or "~~~" in line else None
        yield Line(number, line, bool(fence or found))
        if found and not fence:
            fence = found[1]
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""


def tables_of(lines: Iterable[Line]) -> Iterator[tuple[list[str], list[Row]]]:
    """(column titles in lower case, rows) of every table outside of code."""
    before: list[str] = []
    table: tuple[list[str], list[Row]] | None = None
    for line in lines:
        cells = _cells(line) if "|" in line.text and not line.is_code else []
        if table is not None and cells:
            table[1].append(Row(line.number, dict(zip(table[0], cells, strict=False))))
            continue
        if table is not None:
            yield table
            table = None
        if cells and len(cells) == len(before) and all(_RULE.fullmatch(cell) for cell in cells):
            table = ([_title(cell) for cell in before], [])
        before = cells
    if table is not None:
        yield table


def unmarked(cell: str) -> str:
    """The words of a cell, without the marks of code, emphasis and links."""
    return _LINK.sub(r"\1", cell).strip(" \t`*")


def _cells(line: Line) -> list[str]:
    """The cells of a table's line."""
    inner = line.text.strip().removeprefix("|")
    parts = _CELL_END.split(inner)
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return [part.strip().replace("\\|", "|") for part in parts]


def _title(cell: str) -> str:
    return " ".join(re.sub(r"[^a-z]+", " ", cell.lower()).split())
