"""Frontmatter head: a page cut at its frontmatter, its keys with the lines and columns on which they stand.

    ---                 before
    name: x             ┐
                        │ lines, with the ends that they have in the file; each key has its own,
    # about the model   │ and the blank lines and comments between two keys are nobody's
    model: …            ┘
    ---                 after: the closing fence and the body

Source: rules.md section 2 (homes); seed A§7.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

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
from tierwise.files.nodes import read_yaml
from tierwise.files.text_files import UnusableError

BY_HAND: Final = "Edit it by hand."
CACHED_HEADS: Final = 16
"""An edit looks at a page several times: before, after, and to make sure of it."""

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ODD_BREAKS: Final = re.compile("[\x85\u2028\u2029]")


class UneditableError(UnusableError):
    """The frontmatter cannot be edited safely; nothing was changed. Becomes one finding."""

    def __init__(self, problem: str, remedy: str = BY_HAND, line: int = 0) -> None:
        super().__init__("uneditable", problem, remedy, line)


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
    head = Head.of(text)
    blocks: dict[str, str] = {}
    for entry in head.entries:
        lines = (line.removeprefix(" " * head.column) for line in head.lines[slice(*entry.lines)])
        blocks.setdefault(entry.key, "".join(lines))
    closing = _LINE.match(head.after)
    assert closing is not None, "a head is closed"
    return Parts(blocks, newline, head.after[closing.end() :])


@dataclass(frozen=True, slots=True)
class Value:
    """A value's place as 0-based (line of the head, column), and the entries of a mapping."""

    start: tuple[int, int]
    end: tuple[int, int]
    is_empty: bool = False
    is_mapping: bool = False
    is_flow: bool = False
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping: its place in the head, 0-based, and its value. `lines` only at the top level."""

    key: str
    start: int
    column: int
    value: Value
    lines: tuple[int, int] = (0, 0)

    @property
    def number(self) -> int:
        """The 1-based line of the file on which the key stands."""
        return self.start + 2


@dataclass(frozen=True, slots=True)
class Head:
    """A page cut at its frontmatter: `before` and `after` hold the fences; lines come with their ends."""

    before: str
    lines: tuple[str, ...]
    after: str
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, text: str) -> Head:
        """The head of a page. Raises UneditableError if there is none, or none that can be cut safely."""
        return _head_of(text)

    @classmethod
    def cut(cls, text: str) -> Head:
        """As `of`, which remembers what it answered."""
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

    def find(self, key: str) -> Entry | None:
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

    def trimmed(self, entry: Entry, until: int) -> int:
        """One past the last line of an entry's block: blank lines and comments after it are not its own."""
        while until > entry.start + 1 and self._is_between(self.lines[until - 1], entry.column):
            until -= 1
        return until

    def _is_between(self, line: str, column: int) -> bool:
        bare = line.strip()
        return not bare or (bare.startswith("#") and len(line) - len(line.lstrip()) <= column)

    def _read(self) -> tuple[Entry, ...]:
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

    def _with_lines(self, entry: Entry, until: int) -> Entry:
        end = self.trimmed(entry, until)
        return Entry(entry.key, entry.start, entry.column, entry.value, (entry.start, end))


@lru_cache(CACHED_HEADS)
def _head_of(text: str) -> Head:
    return Head.cut(text)


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


def _value(events: Iterator[Event]) -> Value:
    """The next value; nesting is bounded by whoever read the text before."""
    first = next(events)
    return _value_from(first, events)


def _value_from(first: Event, events: Iterator[Event]) -> Value:
    start = (first.start_mark.line, first.start_mark.column)
    entries: list[Entry] = []
    last: Event = first
    if isinstance(first, SequenceStartEvent):
        while not isinstance(last := next(events), SequenceEndEvent):
            _value_from(last, events)
    elif isinstance(first, MappingStartEvent):
        while not isinstance(last := next(events), MappingEndEvent):
            name = last.value if isinstance(last, ScalarEvent) else ""
            place = _value_from(last, events).start
            entries.append(Entry(name, *place, _value(events)))
    end = (last.end_mark.line, last.end_mark.column)
    is_mapping = isinstance(first, MappingStartEvent)
    is_flow = isinstance(first, MappingStartEvent) and bool(first.flow_style)
    is_empty = isinstance(first, ScalarEvent) and first.implicit[0] and first.value in ("", "~", "null")
    return Value(start, end, is_empty, is_mapping, is_flow, tuple(entries))
