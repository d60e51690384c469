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
from copy import deepcopy
from functools import lru_cache
from typing import Any, Final

from tierwise.clients.jsonc import MAX_CHARACTERS, UnreadableError
from tierwise.clients.toml_statements import BARE, BOM, Path, Statement, UneditableError, statements

_LINE: Final = re.compile(r"line (\d+)")


@lru_cache(8)
def read(text: str) -> dict[str, Any]:
    """The values of the text, not to be changed. Raises UnreadableError, also for what is too large."""
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(0, f"it has more than {MAX_CHARACTERS:,} characters")
    try:
        return tomllib.loads(text.removeprefix(BOM))
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


# -- edits -------------------------------------------------------------------------------------------------


def _find(text: str, path: Path) -> Statement | None:
    """The statement that sets the value at the path by itself."""
    return next((one for one in statements(text) if one.path == path and not one.header), None)


def _with_raw(text: str, path: Path, raw: str) -> str:
    found = list(statements(text))
    known = next((one for one in found if one.path == path and not one.header), None)
    if known is not None:
        return text[: known.value_start] + raw + text[known.value_end :]
    eol = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
    line = f"{_key(path[-1])} = {raw}"
    tables = [number for number, one in enumerate(found) if one.header]
    if len(path) == 1:
        own = found[: tables[0]] if tables else found
        return _top_level(text, own, line, eol, has_tables=bool(tables))
    around = [number for number in tables if found[number].path == path[:-1]]
    number = next((number for number in around if found[number].header == "["), None)
    if number is None:
        return _new_table(text, path[:-1], line, eol)
    last = found[number]
    for one in found[number + 1 :]:
        if one.header:
            break
        last = one
    return _line_after(text, last.end, line, eol)


def _top_level(text: str, own: list[Statement], line: str, eol: str, *, has_tables: bool) -> str:
    """The text with one more key before its first table: behind the last key there, else at the very top."""
    if own:
        return _line_after(text, own[-1].end, line, eol)
    start = len(BOM) if text.startswith(BOM) else 0
    gap = eol if text[start:].strip() and has_tables else ""
    return f"{text[:start]}{line}{eol}{gap}{text[start:]}"


def _new_table(text: str, path: Path, line: str, eol: str) -> str:
    head = f"[{'.'.join(map(_key, path))}]"
    rest = text.removeprefix(BOM)
    end = "" if not rest or rest.endswith("\n") else eol
    gap = eol if rest.strip() and not rest.endswith(("\n\n", "\n\r\n")) else ""
    return f"{text}{end}{gap}{head}{eol}{line}{eol}"


def _line_after(text: str, position: int, line: str, eol: str) -> str:
    if text[position - 1] != "\n":
        return f"{text[:position]}{eol}{line}{text[position:]}"
    return f"{text[:position]}{line}{eol}{text[position:]}"


def _without(text: str, path: Path) -> str:
    """The text without every statement at or below the path; a blank line before its header goes too."""
    for one in reversed([one for one in statements(text) if one.path[: len(path)] == path]):
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
    return key if BARE.fullmatch(key) else _quoted(key)


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
