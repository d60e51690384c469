"""TOML edit: one key or table more, less or other, in a text that a person wrote.

A TOML text is a list of statements, each on lines of its own; an edit puts one in, takes one out, or changes
the value of one, and touches no other line:

    model_provider = "azure"   # mine          the value of a statement
                                               a new top-level key stands before the first table
    [profiles.fast]
    model = "gpt-6-luna"
                                               a new table stands at the end
    [model_providers.tierwise]
    base_url = "http://127.0.0.1:8787/v1"

The statements are found by their outlines only. `tomllib` reads the text before and after every edit and is
the judge of both: an edit that did anything but what was meant is refused, never written.

Source: TOML 1.0; design.md, "The shape" (installer).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from tierwise.clients.jsonc import MAX_CHARACTERS, UnreadableError

Path = tuple[str, ...]

_BOM: Final = "\ufeff"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
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
_LINE: Final = re.compile(r"line (\d+)")


class UneditableError(ValueError):
    """The text is TOML, but so written that it cannot be edited without risk; the message says where."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """`path` is the whole path, that of the table around it included. `header`: `[…]`, or `[[…]]`.

    It stands on the lines `text[start:end]`; its value at `text[value_start:value_end]`.
    """

    path: Path
    start: int
    end: int
    value_start: int
    value_end: int
    header: str = ""


@lru_cache(8)
def read(text: str) -> dict[str, Any]:
    """The values of the text, not to be changed. Raises UnreadableError, also for what is too large."""
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(0, f"it has more than {MAX_CHARACTERS:,} characters")
    try:
        return tomllib.loads(text.removeprefix(_BOM))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        line = _LINE.search(str(error))
        raise UnreadableError(int(line[1]) if line else 0, str(error)) from error
    except RecursionError as error:
        raise UnreadableError(0, "it is nested too deeply") from error


def value_at(text: str, path: Path) -> Any:  # noqa: ANN401  whatever TOML has
    """The value at the path; None if there is none. Raises UnreadableError."""
    return _at(read(text), path)


def raw_at(text: str, path: Path) -> str | None:
    """The value at the path as it is written; None if none is written there by itself."""
    found = _find(text, path)
    return None if found is None else text[found.value_start : found.value_end]


def with_value(text: str, path: Path, value: Any) -> str:  # noqa: ANN401  whatever TOML has
    """The text with the value at the path; a dict becomes a table of its own, its keys one by one.

    Raises UnreadableError, or UneditableError if it is so written that this cannot be done safely.
    """
    meant = deepcopy(read(text))
    _put(meant, path, value)
    if isinstance(value, dict):
        edited, known = text, _at(read(text), path)
        known = known if isinstance(known, dict) else {}
        for key in known.keys() - value.keys():
            edited = _without(edited, (*path, key))
        for key, one in value.items():
            if key not in known or known[key] != one:
                edited = _with_raw(edited, (*path, key), written(one))
    else:
        edited = _with_raw(text, path, written(value))
    return _checked(edited, path, meant)


def with_raw(text: str, path: Path, raw: str) -> str:
    """The text with another value, given as it is written. Raises as `with_value` does."""
    meant = deepcopy(read(text))
    _put(meant, path, tomllib.loads(f"value = {raw}")["value"])
    return _checked(_with_raw(text, path, raw), path, meant)


def without(text: str, path: Path) -> str:
    """The text without the key, or the table with all its keys, at the path; comments stay.

    The text itself if there is none. Raises as `with_value` does.
    """
    meant = deepcopy(read(text))
    holder = _at(meant, path[:-1])
    if not isinstance(holder, dict) or path[-1] not in holder:
        return text
    del holder[path[-1]]
    edited = _without(text, path)
    for depth in range(len(path) - 1, 0, -1):
        if _at(read(edited), path[:depth]) is None and not _at(meant, path[:depth]):
            _drop(meant, path[:depth])
    return _checked(edited, path, meant)


def named_values(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Each value's place with its own key and the one around it, those in inline tables too.

    The text must be one that `read` accepts.
    """
    for one in _statements(text):
        if one.header:
            continue
        yield one.path[-2:], one.value_start, one.value_end
        for found in _INNER.finditer(text, one.value_start, one.value_end):
            yield (one.path[-1], found[1].strip("\"'")), found.start(2), found.end(2)


# -- statements --------------------------------------------------------------------------------------------


def _statements(text: str) -> Iterator[_Statement]:
    """The statements of a text that `tomllib` can read, in order."""
    position = len(_BOM) if text.startswith(_BOM) else 0
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
            end = _line_end(text, position)
            yield _Statement(table, start, end, end, end, header)
        else:
            keys, position = _dotted(text, start)
            value_start = _after_space(text, position + 1)
            value_end = _value_end(text, value_start)
            end = _line_end(text, value_end)
            yield _Statement((*table, *keys), start, end, value_start, value_end)
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
        keys.append(token if _BARE.fullmatch(token) else next(iter(tomllib.loads(f"{token} = 0"))))
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
            position = _line_end(text, position) - 1
            continue
        if char == "\n" and depth == 0:
            break
        depth += (char in "[{") - (char in "]}")
        position += 1
        end = end if char in " \t\r\n" else position
    return end


def _line_end(text: str, position: int) -> int:
    """Behind the line that this place is on."""
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def _find(text: str, path: Path) -> _Statement | None:
    """The statement that sets the value at the path by itself."""
    return next((one for one in _statements(text) if one.path == path and not one.header), None)


# -- edits -------------------------------------------------------------------------------------------------


def _with_raw(text: str, path: Path, raw: str) -> str:
    statements = list(_statements(text))
    known = next((one for one in statements if one.path == path and not one.header), None)
    if known is not None:
        return text[: known.value_start] + raw + text[known.value_end :]
    eol = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
    line = f"{_key(path[-1])} = {raw}"
    tables = [number for number, one in enumerate(statements) if one.header]
    if len(path) == 1:
        own = statements[: tables[0]] if tables else statements
        return _top_level(text, own, line, eol, has_tables=bool(tables))
    number = next(
        (n for n in tables if statements[n].path == path[:-1] and statements[n].header == "["), None
    )
    if number is None:
        return _new_table(text, path[:-1], line, eol)
    last = statements[number]
    for one in statements[number + 1 :]:
        if one.header:
            break
        last = one
    return _line_after(text, last.end, line, eol)


def _top_level(text: str, own: list[_Statement], line: str, eol: str, *, has_tables: bool) -> str:
    """The text with one more key before its first table: behind the last key there, else at the very top."""
    if own:
        return _line_after(text, own[-1].end, line, eol)
    start = len(_BOM) if text.startswith(_BOM) else 0
    gap = eol if text[start:].strip() and has_tables else ""
    return f"{text[:start]}{line}{eol}{gap}{text[start:]}"


def _new_table(text: str, path: Path, line: str, eol: str) -> str:
    head = f"[{'.'.join(map(_key, path))}]"
    rest = text.removeprefix(_BOM)
    end = "" if not rest or rest.endswith("\n") else eol
    gap = eol if rest.strip() and not rest.endswith(("\n\n", "\n\r\n")) else ""
    return f"{text}{end}{gap}{head}{eol}{line}{eol}"


def _line_after(text: str, position: int, line: str, eol: str) -> str:
    if text[position - 1] != "\n":
        return f"{text[:position]}{eol}{line}{text[position:]}"
    return f"{text[:position]}{line}{eol}{text[position:]}"


def _without(text: str, path: Path) -> str:
    """The text without every statement at or below the path; a blank line before its header goes too."""
    for one in reversed([one for one in _statements(text) if one.path[: len(path)] == path]):
        start = one.start
        above = text[:start]
        if one.header and above.endswith(("\n\n", "\n\r\n")):
            start -= 2 if above.endswith("\r\n") else 1
        text = text[:start] + text[one.end :]
    return text


def _checked(edited: str, path: Path, meant: dict[str, Any]) -> str:
    """The edited text, if it says what was meant; UneditableError otherwise."""
    try:
        if _same(read(edited), meant):
            return edited
    except UnreadableError:
        pass
    raise UneditableError(f"`{'.'.join(path)}` is written in a way that cannot be edited safely")


def _same(one: object, other: object) -> bool:
    """Whether two documents say the same; a NaN is as good as another."""
    return repr(one) == repr(other) or one == other


# -- values ------------------------------------------------------------------------------------------------


def _at(document: Any, path: Path) -> Any:  # noqa: ANN401  whatever TOML has
    for key in path:
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


def _put(document: dict[str, Any], path: Path, value: Any) -> None:  # noqa: ANN401  whatever TOML has
    for key in path[:-1]:
        holder = document.setdefault(key, {})
        if not isinstance(holder, dict):
            raise UneditableError(f"`{key}` is no table")
        document = holder
    document[path[-1]] = value


def _drop(document: dict[str, Any], path: Path) -> None:
    holder = _at(document, path[:-1])
    if isinstance(holder, dict):
        holder.pop(path[-1], None)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def written(value: Any) -> str:  # noqa: ANN401  whatever TOML has
    """The value as TOML on one line; a dict as an inline table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {written(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return str(value)


def _quoted(text: str) -> str:
    """The text as a basic string: JSON's escapes are TOML's too, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
