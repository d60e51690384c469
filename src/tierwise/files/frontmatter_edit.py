"""Frontmatter editing: one key put in, replaced or taken out; every other byte of the page stays.

    with_key(text, "model", ["model:", "  preferred: haiku"])       the block of a top-level key
    without_key(text, "model")
    with_metadata(text, {"tierwise.preferred": "haiku"})            keys below `metadata:`, in lines or braces
    without_metadata(text, ["tierwise.preferred"])

Text in, text out: the text as the file holds it, with its BOM and its own line ends. Only whole lines are put
in or taken out (in a flow mapping: whole entries), and the result is read again: unless it says exactly what
was asked for, and of all else what it said before, nothing is returned.

     name: x        ┐ a key's block: from its line to the next key, without the blank lines and comments
     model:         │ between them, which belong to nobody and stay
       minimum: y   ┘

Source: rules.md section 2 (homes); seed A§7.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from tierwise.files.frontmatter import FENCE
from tierwise.files.nodes import Node, quoted, read_yaml
from tierwise.files.text_files import UnusableError

METADATA: Final = "metadata"
STEP: Final = "  "
"""How far a key that is put below another is indented, where nothing there shows the author's own way."""
BY_HAND: Final = "Edit it by hand."

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ODD_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
_KEY: Final = re.compile(r"[A-Za-z_][\w.-]*")
_PLAIN: Final = re.compile(r"[a-z][a-z_-]*")
_GONE: Final = object()
_NOT_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


class UneditableError(UnusableError):
    """The frontmatter cannot be edited safely; nothing was changed. Becomes one finding."""

    def __init__(self, problem: str, remedy: str = BY_HAND, line: int = 0) -> None:
        super().__init__("uneditable", problem, remedy, line)


def with_key(text: str, key: str, block: Sequence[str]) -> str:
    """`text` with `block`, the lines of a top-level `key`, in the place of its old one, else as the last key.

    The lines have no ends and begin with the key, not indented. Raises UneditableError.
    """
    assert block, "a block has a line"
    wanted, findings = read_yaml("\n".join(block), "")
    assert not findings, "a block is YAML"
    assert wanted is not None, "a block is not empty"
    assert [*wanted.entries] == [key], "a block is one key"
    head = _Head.of(text)
    column = head.column
    lines = [" " * column + line if line else line for line in block]
    old = head.find(key)
    at, end = old.lines if old is not None else (len(head.lines), len(head.lines))
    edited = head.replaced(at, end, lines)
    return _checked(text, edited, {key: _plain(wanted.entries[key].node)})


def without_key(text: str, key: str) -> str:
    """`text` without the block of a top-level `key`; the same text if it has none. Raises UneditableError."""
    head = _Head.of(text)
    old = head.find(key)
    if old is None:
        return text
    return _checked(text, head.replaced(*old.lines, []), {key: _GONE})


def with_metadata(text: str, values: Mapping[str, str]) -> str:
    """`text` with these keys below `metadata:`, replaced in place, or added behind the others, as text.

    `metadata:` is made if it is missing. Raises UneditableError.
    """
    for key, value in values.items():
        text = _with_entry(text, key, value)
    return text


def without_metadata(text: str, keys: Iterable[str]) -> str:
    """`text` without these keys below `metadata:`, and without a `metadata:` that this leaves empty."""
    for key in keys:
        text = _without_entry(text, key)
    return text


@dataclass(frozen=True, slots=True)
class Parts:
    """A page in its parts: the lines of each top-level key with their ends, how lines end, and the body."""

    blocks: Mapping[str, str]
    newline: str
    body: str


def parts_of(text: str) -> Parts:
    """The parts of a page, BOM left out; without frontmatter it is all body. Raises UneditableError.

    The lines of a key are as far out as they can be: those of a head that is indented are moved there.
    """
    text = text.removeprefix("\ufeff")
    first = _LINE.match(text)
    assert first is not None, "a line may be empty"
    newline = first[0][len(first[0].rstrip("\r\n")) :] or "\n"
    if first[0].rstrip() != FENCE:
        return Parts({}, newline, text)
    head = _Head.of(text)
    blocks: dict[str, str] = {}
    for entry in head.entries:
        lines = (line.removeprefix(" " * head.column) for line in head.lines[slice(*entry.lines)])
        blocks.setdefault(entry.key, "".join(lines))
    closing = _LINE.match(head.after)
    assert closing is not None, "a head is closed"
    return Parts(blocks, newline, head.after[closing.end() :])


def scalar(value: str) -> str:
    """`value` as YAML that is text for every reader: a plain word, else in double quotes."""
    if _PLAIN.fullmatch(value) and value not in _NOT_WORDS:
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _with_entry(text: str, key: str, value: str) -> str:
    assert _KEY.fullmatch(key), "a key is a plain word"
    head = _Head.of(text)
    entry = f"{key}: {scalar(value)}"
    metadata = head.find(METADATA)
    if metadata is None:
        edited = head.replaced(
            len(head.lines), len(head.lines), head.indented([f"{METADATA}:", STEP + entry])
        )
    elif metadata.value.is_empty:
        first = metadata.lines[0] + 1
        edited = head.replaced(first, first, head.indented([STEP + entry]))
    elif not metadata.value.is_mapping:
        raise UneditableError("`metadata` is no mapping", "Make it one.", metadata.number)
    elif metadata.value.is_flow:
        edited = _in_flow(head, metadata, key, entry, scalar(value))
    else:
        old = _child(head, metadata, key)
        at, end = old or (metadata.lines[1], metadata.lines[1])
        edited = head.replaced(at, end, [" " * metadata.value.entries[0].column + entry])
    return _checked(text, edited, {}, {key: value})


def _in_flow(head: _Head, metadata: _Entry, key: str, entry: str, value: str) -> str:
    """The page with one more entry at the beginning of `metadata: {…}`, or the entry's new value."""
    old = [child for child in metadata.value.entries if child.key == key]
    if old:
        return head.spliced(old[0].value.start, old[0].value.end, value)
    line, column = metadata.value.start
    rest = ", " if metadata.value.entries else ""
    return head.spliced((line, column + 1), (line, column + 1), entry + rest)


def _without_entry(text: str, key: str) -> str:
    head = _Head.of(text)
    metadata = head.find(METADATA)
    if metadata is None or key not in (child.key for child in metadata.value.entries):
        return text
    if len(metadata.value.entries) == 1:
        return _checked(text, head.replaced(*metadata.lines, []), {METADATA: _GONE})
    if metadata.value.is_flow:
        raise UneditableError("`metadata` is written on one line in braces", BY_HAND, metadata.number)
    old = _child(head, metadata, key)
    assert old is not None, "the key was found above"
    return _checked(text, head.replaced(*old, []), {}, {key: _GONE})


def _child(head: _Head, metadata: _Entry, key: str) -> tuple[int, int] | None:
    """First and one past the last line of a key below `metadata:`; None if it is not there."""
    children = metadata.value.entries
    places = [at for at, child in enumerate(children) if child.key == key]
    if len(places) > 1:
        raise UneditableError(f"`metadata.{key}` is written twice", "Keep one.", metadata.number)
    if not places:
        return None
    child, after = children[places[0]], children[places[0] + 1 :]
    return child.start, head.trimmed(child, after[0].start if after else metadata.lines[1])


@dataclass(frozen=True, slots=True)
class _Value:
    """A value's place as 0-based (line of the head, column), and the entries of a mapping."""

    start: tuple[int, int]
    end: tuple[int, int]
    is_empty: bool = False
    is_mapping: bool = False
    is_flow: bool = False
    entries: tuple[_Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key of a mapping: its place in the head, 0-based, and its value. `lines` only at the top level."""

    key: str
    start: int
    column: int
    value: _Value
    lines: tuple[int, int] = (0, 0)

    @property
    def number(self) -> int:
        """The 1-based line of the file on which the key stands."""
        return self.start + 2


@dataclass(frozen=True, slots=True)
class _Head:
    """A page cut at its frontmatter: `before` and `after` hold the fences; lines come with their ends."""

    before: str
    lines: tuple[str, ...]
    after: str
    entries: tuple[_Entry, ...]

    @classmethod
    def of(cls, text: str) -> _Head:
        """The head of a page. Raises UneditableError if there is none, or none that can be cut safely."""
        bom = "\ufeff" if text.startswith("\ufeff") else ""
        lines = [line for line in _LINE.findall(text[len(bom) :]) if line]
        if not lines or lines[0].rstrip() != FENCE:
            raise UneditableError("the page has no frontmatter", "Begin it with a `---` … `---` block.")
        end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
        if end is None:
            raise UneditableError("the frontmatter is never closed", "Close it with a line `---`.", 1)
        inside = tuple(lines[1:end])
        head = cls(bom + lines[0], inside, "".join(lines[end:]), ())
        return cls(head.before, inside, head.after, head._read())

    @property
    def column(self) -> int:
        """How far the keys of the head are indented."""
        return self.entries[0].column if self.entries else 0

    @property
    def newline(self) -> str:
        """How lines end here."""
        return self.before[len(self.before.rstrip("\r\n")) :] or "\n"

    def indented(self, lines: Iterable[str]) -> list[str]:
        """The lines as far in as the keys of the head."""
        return [" " * self.column + line for line in lines]

    def find(self, key: str) -> _Entry | None:
        """The entry of a top-level key; None if there is none."""
        found = [entry for entry in self.entries if entry.key == key]
        if len(found) > 1:
            raise UneditableError(f"`{key}` is written twice", "Keep one.", found[1].number)
        return found[0] if found else None

    def replaced(self, at: int, end: int, lines: Iterable[str]) -> str:
        """The page with lines `at` to `end` of its head replaced."""
        new = [line + self.newline for line in lines]
        return "".join([self.before, *self.lines[:at], *new, *self.lines[end:], self.after])

    def spliced(self, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
        """The page with the characters between two places of one line replaced."""
        if start[0] != end[0]:
            raise UneditableError("the value goes over several lines", BY_HAND, start[0] + 2)
        line = self.lines[start[0]]
        edited = line[: start[1]] + new + line[end[1] :]
        return "".join(
            [self.before, *self.lines[: start[0]], edited, *self.lines[start[0] + 1 :], self.after]
        )

    def trimmed(self, entry: _Entry, until: int) -> int:
        """One past the last line of an entry's block: blank lines and comments after it are not its own."""
        while until > entry.start + 1 and self._is_between(self.lines[until - 1], entry.column):
            until -= 1
        return until

    def _is_between(self, line: str, column: int) -> bool:
        bare = line.strip()
        return not bare or (bare.startswith("#") and len(line) - len(line.lstrip()) <= column)

    def _read(self) -> tuple[_Entry, ...]:
        text = "".join(line.rstrip("\r\n") + "\n" for line in self.lines)
        if _ODD_BREAKS.search(text):
            raise UneditableError("the frontmatter holds a line break that only some programs know")
        root, findings = read_yaml(text, "", first_line=2)
        wrong = next((finding for finding in findings if finding.severity == "error"), None)
        if wrong is not None:
            raise UneditableError(wrong.problem, wrong.remedy, wrong.line)
        if root is None or root.value is None:
            return ()
        value = _value(_events(text))
        if not value.is_mapping or value.is_flow:
            raise UneditableError("the frontmatter does not consist of `key: value` lines", BY_HAND, 2)
        ends = [*(entry.start for entry in value.entries[1:]), len(self.lines)]
        return tuple(self._with_lines(e, end) for e, end in zip(value.entries, ends, strict=True))

    def _with_lines(self, entry: _Entry, until: int) -> _Entry:
        end = self.trimmed(entry, until)
        return _Entry(entry.key, entry.start, entry.column, entry.value, (entry.start, end))


def _events(text: str) -> Iterator[Event]:
    """The events of the first value in YAML text that was read before."""
    events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
    wanted = (
        AliasEvent,
        ScalarEvent,
        MappingStartEvent,
        SequenceStartEvent,
        MappingEndEvent,
        SequenceEndEvent,
    )
    return (event for event in events if isinstance(event, wanted))


def _value(events: Iterator[Event]) -> _Value:
    """The next value; nesting is bounded by whoever read the text before."""
    first = next(events)
    return _value_from(first, events)


def _value_from(first: Event, events: Iterator[Event]) -> _Value:
    start = (first.start_mark.line, first.start_mark.column)
    entries: list[_Entry] = []
    last: Event = first
    if isinstance(first, SequenceStartEvent):
        while not isinstance(last := next(events), SequenceEndEvent):
            _value_from(last, events)
    elif isinstance(first, MappingStartEvent):
        while not isinstance(last := next(events), MappingEndEvent):
            name = last.value if isinstance(last, ScalarEvent) else ""
            place = _value_from(last, events).start
            entries.append(_Entry(name, *place, _value(events)))
    end = (last.end_mark.line, last.end_mark.column)
    is_mapping = isinstance(first, MappingStartEvent)
    is_flow = isinstance(first, MappingStartEvent) and bool(first.flow_style)
    is_empty = isinstance(first, ScalarEvent) and first.implicit[0] and first.value in ("", "~", "null")
    return _Value(start, end, is_empty, is_mapping, is_flow, tuple(entries))


def _checked(before: str, after: str, top: Mapping[str, Any], below: Mapping[str, Any] | None = None) -> str:
    """`after`, if its head says what `before` said but for the given keys; `_GONE` for a key that is out."""
    old, new = _said(before), _said(after)
    wanted = _overlaid(old, top)
    if below:
        inside = old.get(METADATA)
        wanted[METADATA] = _overlaid(inside if isinstance(inside, dict) else {}, below)
    if new != wanted:
        key = next((k for k in {**wanted, **new} if wanted.get(k) != new.get(k)), "")
        raise UneditableError(f"the edit would change what {quoted(key)} says")
    return after


def _overlaid(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(old) | dict(changes)
    return {key: value for key, value in laid.items() if value is not _GONE}


def _said(text: str) -> dict[str, Any]:
    """What the head of a page says, without its lines."""
    head = _Head.of(text)
    root, _ = read_yaml("".join(line.rstrip("\r\n") + "\n" for line in head.lines), "")
    said = _plain(root) if root is not None else {}
    return said if isinstance(said, dict) else {}


def _plain(node: Node) -> Any:  # noqa: ANN401 - whatever YAML can say
    if isinstance(node.value, Mapping):
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node.value, tuple):
        return [_plain(item) for item in node.items]
    return node.value
