"""Values in a script: what may stand behind a key, each read from a node or noted as a mistake.

Every reader takes the node, its dotted place and the notes; what is wrong is noted and read as something
harmless, so that reading goes on and all mistakes are told at once.

Source: style.md, "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tierwise.files.findings import Finding, did_you_mean
from tierwise.files.nodes import Node

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


@dataclass(slots=True)
class Notes:
    """The mistakes found so far in what came from `origin`."""

    origin: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, line: int, key: str, problem: str, remedy: str) -> None:
        """Note one mistake at a dotted key."""
        self.findings.append(Finding(self.origin, line, key, problem, remedy, "error", "simulator-script"))


Kind = Callable[[Node, str, Notes], object]
"""What may stand behind a key: a function of the node, its dotted place and the notes."""


def fields(node: Node, at: str, kinds: Mapping[str, Kind], notes: Notes) -> dict[str, Any]:
    """The known fields of a mapping, read; what is wrong is noted."""
    if not isinstance(node.value, Mapping):
        notes.add(node.line, at, f"is {node.shown}, not a mapping", f"Known here: {_words(kinds)}.")
    found: dict[str, Any] = {}
    for key, (line, item) in node.entries.items():
        place = f"{at}.{key}" if at else key
        if key in kinds:
            found[key] = kinds[key](item, place, notes)
        else:
            near = did_you_mean(key, kinds)
            remedy = f"Did you mean `{near}`?" if near else f"Known here: {_words(kinds)}."
            notes.add(line, place, "is not a key", remedy)
    return found


def items(node: Node, at: str, notes: Notes) -> Iterator[tuple[Node, str]]:
    """The members of a list, each with its place; what is no list is noted and has none."""
    if not isinstance(node.value, tuple):
        notes.add(node.line, at, f"is {node.shown}, not a list", "Write a list.")
    return ((item, f"{at}[{index}]") for index, item in enumerate(node.items))


def text(node: Node, at: str, notes: Notes) -> str:
    """A text; a number or a boolean is none."""
    if isinstance(node.value, str):
        return node.value
    notes.add(node.line, at, f"is {node.shown}, not text", "Write text; put a number in quotes.")
    return ""


def flag(node: Node, at: str, notes: Notes) -> bool:
    """True or false."""
    if isinstance(node.value, bool):
        return node.value
    notes.add(node.line, at, f"is {node.shown}, not a boolean", "Write true or false.")
    return False


def number(low: int, high: int) -> Kind:
    """A reader of whole numbers from `low` to `high`, both included."""

    def read(node: Node, at: str, notes: Notes) -> int:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        notes.add(node.line, at, f"is {node.shown}", f"Write a whole number from {low} to {high}.")
        return low

    return read


def word(known: tuple[str, ...]) -> Kind:
    """A reader of one of these words."""

    def read(node: Node, at: str, notes: Notes) -> str:
        if node.value not in known:
            notes.add(node.line, at, f"is {node.shown}", f"Write one of {_words(known)}.")
        return node.text

    return read


def pattern(node: Node, at: str, notes: Notes) -> re.Pattern[str]:
    """A regular expression, compiled; `.` matches line ends too."""
    try:
        return re.compile(text(node, at, notes), re.DOTALL)
    except re.error as error:
        remedy = "Mend it; a backslash before a character means the character itself."
        notes.add(node.line, at, f"is not a regular expression: {error}", remedy)
        return re.compile("")


def patterns(node: Node, at: str, notes: Notes) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Header names in lower case, each with its pattern."""
    entries = _entries(node, at, notes)
    return tuple((name.lower(), pattern(item, f"{at}.{name}", notes)) for name, item in entries)


def _entries(node: Node, at: str, notes: Notes) -> Iterator[tuple[str, Node]]:
    """The entries of a mapping with keys of any name; what is no mapping is noted and has none."""
    if not isinstance(node.value, Mapping):
        notes.add(node.line, at, f"is {node.shown}, not a mapping", "Write names with their values.")
    return ((key, entry.node) for key, entry in node.entries.items())


def mapping(node: Node, at: str, notes: Notes) -> dict[str, object]:
    """A mapping of any content, as plain values."""
    return {key: _plain(item) for key, item in _entries(node, at, notes)}


def text_or_mapping(node: Node, at: str, notes: Notes) -> str | dict[str, object]:
    """A text, or a mapping of any content as plain values."""
    return node.value if isinstance(node.value, str) else mapping(node, at, notes)


def _plain(node: Node) -> object:
    """The value without its lines."""
    if isinstance(node.value, Mapping):
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    return [_plain(item) for item in node.items] if isinstance(node.value, tuple) else node.value


def headers(node: Node, at: str, notes: Notes) -> tuple[tuple[str, str], ...]:
    """Headers that can be sent, their names in lower case."""
    pairs = []
    for name, item in _entries(node, at, notes):
        if not _HEADER_NAME.fullmatch(name):
            remedy = "Use letters, digits and hyphens."
            notes.add(item.line, f"{at}.{name}", "is not the name of a header", remedy)
        pairs.append((name.lower(), header_value(item, f"{at}.{name}", notes)))
    return tuple(pairs)


def header_value(node: Node, at: str, notes: Notes) -> str:
    """A text that can stand in a header."""
    value = text(node, at, notes)
    if not _HEADER_VALUE.fullmatch(value):
        notes.add(node.line, at, "cannot be sent in a header", "Write it on one line, in Latin-1.")
    return value


def texts(node: Node, at: str, notes: Notes) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(text(item, place, notes) for item, place in items(node, at, notes))


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
