"""JSONC: JSON as people write it, with every value's place in the text.

    {
      // a comment          every value is read together with its span, so that an edit
      "env": {"A": "1",},    can touch the one value and leave the rest as it was written
    }

Comments, commas behind the last member and a byte order mark are understood; of a key given twice the last
counts, as in every parser of the clients.

Source: style.md, "Parse once".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

Path = tuple[str | int, ...]
"""Where a value stands: keys of objects, and places in lists."""

MAX_CHARACTERS: Final = 1_000_000
MAX_DEPTH: Final = 100

_TRIVIA: Final = re.compile(r"(?:[ \t\r\n]+|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)")
_BOM: Final = "\ufeff"


class UnreadableError(ValueError):
    """The text is no JSON, also with comments. `line` is 1-based."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it stands: `text[start:end]`. `members` only of an object, `items` only of a list."""

    start: int
    end: int
    plain: Any
    members: tuple[Member, ...] = ()
    items: tuple[Value, ...] = ()

    def member(self, key: str) -> Member | None:
        """The member of that name; of several the last, which is the one that counts."""
        return next((member for member in reversed(self.members) if member.key == key), None)

    def child(self, key: str | int) -> Value | None:
        """The value of that key, or at that place of a list; None if there is none."""
        if isinstance(key, int):
            return self.items[key] if 0 <= key < len(self.items) else None
        member = self.member(key)
        return member.value if member else None


@dataclass(frozen=True, slots=True)
class Member:
    """A key, where it begins, and its value."""

    key: str
    start: int
    value: Value


@lru_cache(8)
def read(text: str) -> Value:
    """The value of the whole text, not to be changed. UnreadableError also for what is too large or deep."""
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(0, f"it has more than {MAX_CHARACTERS:,} characters")
    reader = _Reader(text)
    value = reader.value(reader.after_trivia(text.startswith(_BOM)), MAX_DEPTH)
    if reader.after_trivia(value.end) != len(text):
        reader.fail(value.end, "something follows the end of the value")
    return value


def is_blank(text: str) -> bool:
    """Whether the text says nothing at all: a file that holds no value yet."""
    return not text.removeprefix(_BOM).strip(" \t\r\n")


def at(root: Value, path: Path) -> Value | None:
    """The value at this path; None if the path leads nowhere."""
    value: Value | None = root
    for key in path:
        value = value.child(key) if value else None
    return value


def after_trivia(text: str, position: int) -> int:
    """The place of the next token: behind space and comments."""
    found = _TRIVIA.match(text, position)
    assert found is not None, "nothing is also trivia"
    return found.end()


def strings(value: Value, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Value]]:
    """Every string below the value, with the keys that it stands under, the innermost last."""
    if isinstance(value.plain, str):
        yield keys, value
    for member in value.members:
        yield from strings(member.value, (*keys, member.key))
    for item in value.items:
        yield from strings(item, keys)


class _Reader:
    """Reads values from a text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def after_trivia(self, position: int) -> int:
        return after_trivia(self._text, position)

    def fail(self, position: int, problem: str) -> NoReturn:
        raise UnreadableError(self._text.count("\n", 0, position) + 1, problem)

    def value(self, start: int, depth: int) -> Value:
        """The value that begins at `start`."""
        opening = self._text[start : start + 1]
        if depth == 0:
            self.fail(start, "it is nested too deeply")
        if opening == "{":
            return self._object(start, depth)
        if opening == "[":
            return self._list(start, depth)
        found = _STRING.match(self._text, start) or _PLAIN.match(self._text, start)
        if found is None:
            self.fail(start, "a value is expected" if opening else "it ends too early")
        return Value(start, found.end(), self._plain(found))

    def _plain(self, token: re.Match[str]) -> Any:  # noqa: ANN401  whatever JSON has
        if token[0][0] == '"' and "\\" not in token[0]:
            return token[0][1:-1]
        try:
            return json.loads(token[0])
        except ValueError:
            self.fail(token.start(), "a value cannot be read")

    def _object(self, start: int, depth: int) -> Value:
        members: list[Member] = []
        position = self.after_trivia(start + 1)
        while self._text[position : position + 1] != "}":
            token = _STRING.match(self._text, position)
            if token is None:
                self.fail(position, "a key in double quotes, or `}`, is expected")
            colon = self.after_trivia(token.end())
            if self._text[colon : colon + 1] != ":":
                self.fail(colon, "a `:` is expected")
            value = self.value(self.after_trivia(colon + 1), depth - 1)
            members.append(Member(self._plain(token), position, value))
            position = self._next(value.end, "}")
        plain = {member.key: member.value.plain for member in members}
        return Value(start, position + 1, plain, members=tuple(members))

    def _list(self, start: int, depth: int) -> Value:
        items: list[Value] = []
        position = self.after_trivia(start + 1)
        while self._text[position : position + 1] != "]":
            items.append(self.value(position, depth - 1))
            position = self._next(items[-1].end, "]")
        return Value(start, position + 1, [item.plain for item in items], items=tuple(items))

    def _next(self, end: int, closing: str) -> int:
        """Where the next part of an object or a list begins, or its closing bracket stands."""
        position = self.after_trivia(end)
        if self._text[position : position + 1] == ",":
            return self.after_trivia(position + 1)
        if self._text[position : position + 1] != closing:
            self.fail(position, f"a `,` or `{closing}` is expected")
        return position
