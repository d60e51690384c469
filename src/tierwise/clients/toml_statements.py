"""TOML statements: the outlines of a TOML text, each key, table and value with its place.

    # a comment                      statements are found by their outlines only: where their strings,
    key = [ "a [string]", # ]        brackets and comments end; what they say is for `tomllib` to judge
    ]
    [table."of keys"]

Source: TOML 1.0.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Path = tuple[str, ...]
BOM: Final = "\ufeff"

BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEY: Final = re.compile(r"""[ \t]*(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')[ \t]*""")
_SPACE: Final = re.compile(r"[ \t]*")
_EMPTY_LINE: Final = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
_STRINGS: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_INNER: Final = re.compile(
    r"""([A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*=[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
)
"""A key and its text inside an inline table."""


class UneditableError(ValueError):
    """The text is TOML, but so written that it cannot be edited without risk; the message says where."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`path` is the whole path, that of the table around it included. `header`: `[…]`, or `[[…]]`.

    It stands on the lines `text[start:end]`; its value at `text[value_start:value_end]`.
    """

    path: Path
    start: int
    end: int
    value_start: int
    value_end: int
    header: str = ""


def statements(text: str) -> Iterator[Statement]:
    """The statements of a text that `tomllib` can read, in order."""
    position = len(BOM) if text.startswith(BOM) else 0
    table: Path = ()
    while position < len(text):
        empty = _EMPTY_LINE.match(text, position)
        if empty is not None and empty.end() > position:
            position = empty.end()
            continue
        start, first = position, _after_space(text, position)
        if text[first] == "[":
            header = "[[" if text.startswith("[[", first) else "["
            table, position = _dotted(text, first + len(header))
            end = line_end(text, position)
            yield Statement(table, start, end, end, end, header)
        else:
            keys, position = _dotted(text, start)
            value_start = _after_space(text, position + 1)
            value_end = _value_end(text, value_start)
            end = line_end(text, value_end)
            yield Statement((*table, *keys), start, end, value_start, value_end)
        position = end


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    assert found is not None, "nothing is also space"
    return found.end()


def _dotted(text: str, position: int) -> tuple[Path, int]:
    """The dotted key that begins here, and where it ends."""
    keys: list[str] = []
    while True:
        found = _KEY.match(text, position)
        if found is None:
            raise UneditableError(f"line {text.count(chr(10), 0, position) + 1}: a key is written oddly")
        token = found[0].strip(" \t")
        keys.append(token if BARE.fullmatch(token) else next(iter(tomllib.loads(f"{token} = 0"))))
        position = found.end()
        if text[position : position + 1] != ".":
            return tuple(keys), position
        position += 1


def _value_end(text: str, position: int) -> int:
    """Behind the value that begins here: at the end of its line, or where its last bracket closes."""
    depth, end = 0, position
    while position < len(text):
        char = text[position]
        string = _STRINGS.match(text, position) if char in "\"'" else None
        if string is not None:
            position = end = string.end()
            continue
        if char == "#":
            line = text.find("\n", position)
            position = len(text) if line < 0 else line
            continue
        if char == "\n" and depth == 0:
            break
        depth += (char in "[{") - (char in "]}")
        position += 1
        end = end if char in " \t\r\n" else position
    return end


def line_end(text: str, position: int) -> int:
    """Behind the line that this place is on."""
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def named_values(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Each value's place with its own key and the one around it, those in inline tables too.

    The text must be one that `read` accepts.
    """
    for one in statements(text):
        if one.header:
            continue
        yield one.path[-2:], one.value_start, one.value_end
        for found in _INNER.finditer(text, one.value_start, one.value_end):
            yield (one.path[-1], found[1].strip("\"'")), found.start(2), found.end(2)
