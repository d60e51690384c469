"""JSON edit: one member or element more, less or other, in a text that a person wrote.

    {                               {
      "model": "opus" // mine   →     "model": "opus", // mine
    }                                 "env": {
                                        "A": "1"
                                      }
                                    }

What is put in follows the text around it: its indentation, its line ends, one line or many. Nothing else
changes, and every edit is read again: what it did to the values must be what was meant.

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from tierwise.clients.jsonc import Path, Value, after_trivia, at, is_blank, read

_DEFAULT_UNIT: Final = "  "
_LINE_REST: Final = re.compile(r"(?:[ \t]*(?://[^\n\r]*|/\*.*?\*/))*", re.DOTALL)
"""Comments behind something, as far as they begin on its line."""
_INDENT: Final = re.compile(r"[ \t]*")
_TO_LINE_END: Final = re.compile(r"[ \t]*(?=\r?\n|\Z)")


class UnfitError(ValueError):
    """Where something is to be put in stands a value of another kind."""


def value_at(text: str, path: Path) -> Any:  # noqa: ANN401  whatever JSON has
    """The value at the path; None if there is none, or `null`. Raises UnreadableError."""
    found = None if is_blank(text) else at(read(text), path)
    return None if found is None else found.plain


def raw_at(text: str, path: Path) -> str | None:
    """The value at the path as it is written; None if there is none. Raises UnreadableError."""
    found = None if is_blank(text) else at(read(text), path)
    return None if found is None else text[found.start : found.end]


def with_value(text: str, path: Path, value: Any) -> str:  # noqa: ANN401  whatever JSON has
    """The text with the value at the path, in objects that are made where they are missing.

    Raises UnreadableError, or UnfitError if something on the way is no object.
    """
    if is_blank(text):
        bom, eol = "\ufeff" if text.startswith("\ufeff") else "", "\r\n" if "\r\n" in text else "\n"
        text = f"{bom}{{}}{eol}"
    root = read(text)
    style = _Style.of(text, root)
    known = at(root, path)
    if known is not None:
        flat = isinstance(known.plain, dict) and known.members and "\n" not in text[known.start : known.end]
        written = (
            json.dumps(value, ensure_ascii=False)
            if flat
            else style.written(value, style.indent_at(known.start))
        )
        return _checked(_cut(text, known.start, known.end, written), path, value)
    holder, depth = root, 0
    while (child := holder.child(path[depth])) is not None:
        holder, depth = child, depth + 1
    key = path[depth]
    if not isinstance(holder.plain, dict) or not isinstance(key, str):
        raise UnfitError(f"`{dotted(path[:depth])}` is no object")
    for inner in reversed(path[depth + 1 :]):
        value = {inner: value}
    return _checked(_appended(text, holder, key, value, style), path[: depth + 1], value)


def with_raw(text: str, path: Path, raw: str) -> str:
    """The text with another value, given as it is written, where one stands. Raises UnreadableError."""
    found = at(read(text), path)
    assert found is not None, "there is a value to replace"
    return _checked(_cut(text, found.start, found.end, raw), path, read(raw).plain)


def with_element(text: str, path: Path, value: Any) -> str:  # noqa: ANN401  whatever JSON has
    """The text with one more element at the end of the list at the path, which may be missing.

    Raises UnreadableError, or UnfitError if no list stands there.
    """
    root = None if is_blank(text) else read(text)
    found = at(root, path) if root else None
    if root is None or found is None:
        return with_value(text, path, [value])
    if not isinstance(found.plain, list):
        raise UnfitError(f"`{dotted(path)}` is no list")
    return _checked(_appended(text, found, None, value, _Style.of(text, root)), path, [*found.plain, value])


def without(text: str, path: Path) -> str:
    """The text without the member at the path; the text itself if there is none. Raises UnreadableError."""
    holder, key = at(read(text), path[:-1]), path[-1]
    member = holder.member(key) if holder and isinstance(key, str) else None
    if holder is None or member is None:
        return text
    left = {one.key: one.value.plain for one in holder.members if one is not member}
    index = holder.members.index(member)
    before = holder.members[index - 1].value.end if index else holder.start + 1
    return _checked(_removed(text, before, member.start, member.value.end), path[:-1], left)


def without_element(text: str, path: Path, index: int) -> str:
    """The text without one element of the list at the path. Raises UnreadableError."""
    holder = at(read(text), path)
    assert holder is not None, "the element was found in a list"
    item = holder.items[index]
    before = holder.items[index - 1].end if index else holder.start + 1
    left = [one.plain for one in holder.items if one is not item]
    return _checked(_removed(text, before, item.start, item.end), path, left)


def is_bare(text: str, path: Path) -> bool:
    """Whether an empty object or list stands at the path, without as much as a comment in it."""
    found = at(read(text), path)
    return found is not None and not found.plain and not text[found.start + 1 : found.end - 1].strip()


def dotted(path: Path) -> str:
    """The path as people write it: `hooks.PreToolUse.0`."""
    return ".".join(map(str, path)) or "the file"


# -- putting in --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text is written: its line end, one step of indentation, and whether it is all on one line."""

    text: str
    eol: str
    unit: str
    one_line: bool

    @classmethod
    def of(cls, text: str, root: Value) -> _Style:
        eol = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
        one_line = bool(root.members) and "\n" not in text[root.start : root.end]
        return cls(text, eol, _unit_of(text, root) or _DEFAULT_UNIT, one_line)

    def indent_at(self, position: int) -> str:
        """What the line of this place begins with."""
        start = self.text.rfind("\n", 0, position) + 1
        found = _INDENT.match(self.text, start)
        assert found is not None, "nothing is also an indentation"
        return found[0]

    def written(self, value: Any, indent: str) -> str:  # noqa: ANN401  whatever JSON has
        """The value as text, its further lines indented by `indent` and more."""
        if self.one_line or not isinstance(value, dict | list) or not value:
            return json.dumps(value, ensure_ascii=False)
        inner = indent + self.unit
        if isinstance(value, dict):
            lines = [f"{_key(key)}: {self.written(one, inner)}" for key, one in value.items()]
            return self._block("{", lines, "}", indent)
        if not any(isinstance(one, dict | list) for one in value):
            return json.dumps(value, ensure_ascii=False)
        return self._block("[", [self.written(one, inner) for one in value], "]", indent)

    def _block(self, opening: str, lines: list[str], closing: str, indent: str) -> str:
        between = f"{self.eol}{indent}{self.unit}"
        return f"{opening}{between}{f',{between}'.join(lines)}{self.eol}{indent}{closing}"


def _unit_of(text: str, holder: Value) -> str:
    """One step of indentation, as the first member shows it that stands on a line of its own."""
    for member in holder.members:
        line = text.rfind("\n", 0, member.start) + 1
        before = text[line : member.start]
        if line > holder.start and before and not before.strip(" \t"):
            return before
    return ""


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _appended(text: str, holder: Value, key: str | None, value: Any, style: _Style) -> str:  # noqa: ANN401
    """The text with a last member (`key`) or element (None) in the object or list."""
    parts = holder.items if key is None else holder.members
    if not parts:
        return _first(text, holder, key, value, style)
    last = parts[-1]
    end = last.end if isinstance(last, Value) else last.value.end
    comma = after_trivia(text, end)
    has_comma = text[comma] == ","
    before = parts[-2] if len(parts) > 1 else None
    gap_from = holder.start if before is None else before.start
    if "\n" not in text[gap_from : last.start]:
        piece = _piece(key, style.written(value, style.indent_at(last.start)))
        if has_comma:
            return _cut(text, comma + 1, comma + 1, f" {piece},")
        return _cut(text, end, end, f", {piece}")
    indent = style.indent_at(last.start)
    anchor = comma + 1 if has_comma else end
    rest = _LINE_REST.match(text, anchor)
    assert rest is not None, "nothing is also a rest"
    piece = f"{style.eol}{indent}{_piece(key, style.written(value, indent))}"
    added = _cut(text, rest.end(), rest.end(), f"{piece}," if has_comma else piece)
    return added if has_comma else _cut(added, end, end, ",")


def _first(text: str, holder: Value, key: str | None, value: Any, style: _Style) -> str:  # noqa: ANN401
    """The text with the only member or element of an object or list that may hold comments."""
    begin, end = holder.start + 1, holder.end - 1
    if style.one_line:
        content = len(text[begin:end].rstrip()) + begin
        return _cut(text, content, end, _piece(key, style.written(value, "")))
    content = begin + len(text[begin:end].rstrip(" \t\r\n"))
    outer = style.indent_at(holder.start)
    indent = outer + style.unit
    piece = f"{style.eol}{indent}{_piece(key, style.written(value, indent))}"
    if "\n" in text[content:end]:
        return _cut(text, content, content, piece)
    return _cut(text, content, end, f"{piece}{style.eol}{outer}")


def _piece(key: str | None, written: str) -> str:
    return written if key is None else f"{_key(key)}: {written}"


# -- taking out --------------------------------------------------------------------------------------------


def _removed(text: str, before: int, start: int, end: int) -> str:
    """The text without what stands from `start` to `end`; `before` is where the part before it ends.

    Its comma goes too: the one behind it, else the one before it.
    """
    comma = after_trivia(text, end)
    if text[comma] == ",":
        kept = text[end:comma]
        text = _cut(text, end, comma + 1, kept)
    else:
        previous = after_trivia(text, before)
        if text[previous] == ",":
            text = _cut(text, previous, previous + 1, "")
            start, end = start - 1, end - 1
    line = text.rfind("\n", 0, start) + 1
    alone = not text[line:start].strip(" \t") and _TO_LINE_END.match(text, end)
    if line and alone:
        back = line - 2 if text[line - 2 : line] == "\r\n" else line - 1
        return _cut(text, back, end, "")
    stop = re.compile(r"[ \t]*").match(text, end)
    assert stop is not None, "nothing is also space"
    if text[stop.end() : stop.end() + 1] not in ("}", "]", "\r", "\n", ""):
        return _cut(text, start, stop.end(), "")
    return _cut(text, len(text[:start].rstrip(" \t")), end, "")


def _cut(text: str, start: int, end: int, put: str) -> str:
    return text[:start] + put + text[end:]


def _checked(edited: str, path: Path, meant: Any) -> str:  # noqa: ANN401  whatever JSON has
    """The edited text, whose value at the path is what was meant."""
    found = at(read(edited), path)
    assert found is not None, "the edit is there"
    assert found.plain == meant, "the edit says what was meant"
    return edited
