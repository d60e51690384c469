"""Table editing: a row for one more skill, put at the end of a coordinator's routing table.

    |-------|------|--------------|-----|        the table's own columns, in its own order and widths;
    | old   | …    | haiku        | …   |        what a new row has no word for stays blank
    | new   | …    | sonnet       |     |   ◄──  one line is put in, with the line end of the one before it

Text in, text out, as the file holds it; every other character stays. The result is read again: unless the
table then says what it said before and the new row, nothing is returned.

Source: seed A§4.1.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from tierwise.core.tiers import BUILT_IN, Ladder
from tierwise.errors import ConfigError
from tierwise.files.frontmatter import read_page
from tierwise.files.markdown import Line, lines_of, tables_of
from tierwise.files.routing_table import DEFAULT, FLOOR, PATH, SKILL, TITLES, RoutingRow, read_tables
from tierwise.files.tier_words import TierOfModel, TierWords, no_model

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_BOM: Final = "\ufeff"


def with_row(
    text: str,
    row: RoutingRow,
    path: str,
    ladder: Ladder = BUILT_IN,
    tier_of_model: TierOfModel = no_model,
) -> str:
    """`text` with the row at the end of its first routing table, as far as that has columns for it.

    The row's triggers and line do not count. `path` is the file's name for messages. Raises ConfigError
    if there is no such table, or if it cannot be done without changing what the table says of others.
    """
    words = TierWords(ladder, tier_of_model)
    rule, at, titles = _place(_lines(text), path)
    lines = _LINE.findall(text)
    end = _BREAK.search(lines[at - 1]) or _BREAK.search(text)
    assert end is not None, "a table has two lines"
    new = _row_line(lines[rule - 1], titles, row)
    new = new + end.group() if _BREAK.search(lines[at - 1]) else end.group() + new
    result = "".join([*lines[:at], new, *lines[at:]])
    wanted = dataclasses.replace(_held(row, titles), line=at + 1)
    if _rows(result, path, words) != _moved(_rows(text, path, words), wanted):
        raise ConfigError(f"{path}: the routing table cannot take a row for {row.skill}. Add it by hand.")
    return result


def _lines(text: str) -> list[Line]:
    """The lines of the page's body, numbered as in the file."""
    page, _ = read_page(_BREAK.sub("\n", text.removeprefix(_BOM)), "")
    return list(lines_of(page.body, page.body_line))


def _rows(text: str, path: str, words: TierWords) -> list[RoutingRow]:
    return list(read_tables(_lines(text), path, words)[0])


def _held(row: RoutingRow, titles: Sequence[str]) -> RoutingRow:
    """What a table with these columns can say of the row."""
    columns = {TITLES.get(title) for title in titles}
    return RoutingRow(
        row.skill,
        row.path if PATH in columns else "",
        row.default,
        (),
        row.floor if FLOOR in columns else None,
        row.line,
    )


def _moved(rows: Sequence[RoutingRow], new: RoutingRow) -> list[RoutingRow]:
    """The rows as they are to be read once the new one stands in its line."""
    above = [row for row in rows if row.line < new.line]
    below = [dataclasses.replace(row, line=row.line + 1) for row in rows if row.line >= new.line]
    return [*above, new, *below]


def _place(lines: Sequence[Line], path: str) -> tuple[int, int, list[str]]:
    """The numbers of the line of dashes and of the last line of the first routing table; its columns."""
    for at, pair in enumerate(pairwise(lines)):
        for titles, _ in tables_of(pair):
            if {SKILL, DEFAULT} <= {TITLES.get(title, "") for title in titles}:
                found = next(rows for _, rows in tables_of(lines[at:]))
                rule = pair[1].number
                return rule, found[-1].number if found else rule, titles
    problem = "there is no routing table, a table with the columns Skill and Default Tier"
    raise ConfigError(f"{path}: {problem}. Add one, or write the skill without --suite.")


def _row_line(rule: str, titles: Sequence[str], row: RoutingRow) -> str:
    """The row in the shape of the line of dashes: its indent, its outer bars, its widths."""
    rule = _BREAK.sub("", rule)
    inner = rule.strip()
    indent = rule[: len(rule) - len(rule.lstrip())]
    widths = [len(cell) - 2 for cell in inner.strip("|").split("|")]
    said = _cells(row)
    cells = [said.get(TITLES.get(title, ""), "") for title in titles]
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    line = " | ".join(padded)
    if inner.startswith("|"):
        line = f"| {line}"
    return indent + (f"{line} |" if inner.endswith("|") else line.rstrip())


def _cells(row: RoutingRow) -> Mapping[str, str]:
    cells = {
        SKILL: row.skill,
        PATH: row.path,
        DEFAULT: row.default.name if row.default else "",
        FLOOR: row.floor.name if row.floor else "",
    }
    return {column: text.replace("|", "\\|") for column, text in cells.items()}
