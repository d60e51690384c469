"""Nodes: YAML 1.2 text as values that know their line, and nothing that can hang, blow up or raise.

    "model: {minimum: off}"   →   Node(mapping {"model": (1, Node(mapping {"minimum": (1, Node("off"))}))})

The parser's events are folded here without recursion, so depth is a counter and never Python's stack.
Scalars follow the core schema: `off`, `no` and `2_000` are words, because that is what people meant. Every
limit has a name; whoever passes it gets one finding and no value. Aliases count as often as they expand.

Source: rules.md section 2; research/platform.md section D ("YAML").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from tierwise.files.findings import Finding
from tierwise.files.text_files import UnusableError, check_characters, read_text

__all__ = ["Entry", "Node", "Scalar", "node_of", "quoted", "read_text", "read_yaml"]

MAX_DEPTH: Final = 32
MAX_NODES: Final = 10_000
MAX_WARNINGS: Final = 50
"""Mistakes told of one document; whoever makes more of one kind knows by then."""
SHOWN_CHARACTERS: Final = 60
"""How much of a value a message repeats."""

Scalar = str | int | float | bool | None


class Entry(NamedTuple):
    """One value of a mapping, and the line on which its key stands."""

    line: int
    node: Node


@dataclass(frozen=True, slots=True)
class Node:
    """One value and its 1-based line. `text` is a scalar as it was written; "" for lists and mappings.

    Walk a mapping with `for key, (line, node) in node.entries.items()`.
    """

    value: Scalar | tuple[Node, ...] | Mapping[str, Entry]
    line: int
    text: str = ""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Key → (line of the key, value), in the order of the file; empty if this is no mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The members of a list; empty if this is no list."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def kind(self) -> str:
        """What it is, for a message: nothing, text, a boolean, a number, a list or a mapping."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "a boolean"
            case str():
                return "text"
            case int() | float():
                return "a number"
            case tuple():
                return "a list"
            case _:
                return "a mapping"

    @property
    def shown(self) -> str:
        """The value for a message: short, printable, in backticks; lists and mappings by their kind."""
        return self.kind if isinstance(self.value, tuple | Mapping) else quoted(self.text)


def quoted(text: str) -> str:
    """`text` in backticks, cut to `SHOWN_CHARACTERS`, control characters escaped: safe for a terminal."""
    short = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "`"


def node_of(plain: object, line: int = 0) -> Node:
    """A node from plain JSON values, all on one `line`; what JSON has no word for becomes its text.

    Recurses as deep as `plain` nests: for values that a JSON decoder has bounded already.
    """
    if isinstance(plain, Mapping):
        return Node({str(key): Entry(line, node_of(value, line)) for key, value in plain.items()}, line)
    if isinstance(plain, list | tuple):
        return Node(tuple(node_of(item, line) for item in plain), line)
    if plain is None or isinstance(plain, bool):
        return Node(plain, line, {None: "null", True: "true", False: "false"}[plain])
    if isinstance(plain, int | float):
        return Node(plain, line, repr(plain))
    return Node(str(plain), line, str(plain))


def read_yaml(text: str, path: str, first_line: int = 1) -> tuple[Node | None, list[Finding]]:
    """The document in `text`, and what is wrong with it. Never raises.

    `first_line` is the line of the file on which `text` begins. The node is None if the text is empty or
    if any finding is an error; a warning (a key written twice, a tag) costs only the value that it names.
    """
    builder = _Builder(path, first_line)
    try:
        check_characters(text, first_line)
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except UnusableError as unusable:
        return None, [*builder.findings, unusable.finding(path)]
    except MarkedYAMLError as broken:
        return None, [*builder.findings, _syntax(broken, first_line).finding(path)]
    except (
        ValueError,
        OverflowError,
    ):  # how the scanner answers an escape beyond Unicode, such as \UFFFFFFFF
        beyond = UnusableError("yaml-syntax", "not valid YAML: an escape beyond Unicode", "Mend the escape.")
        return None, [*builder.findings, beyond.finding(path)]
    return builder.root, builder.findings


def _syntax(broken: MarkedYAMLError, first_line: int) -> UnusableError:
    problem = str(broken.problem or broken.context or "the text breaks off")
    remedy = "Mend the YAML on this line."
    if "mapping values are not allowed" in problem:
        problem, remedy = "the value holds a colon and is not in quotes", "Put the whole value in quotes."
    elif "'\\t'" in problem:
        problem, remedy = "a tab where YAML wants spaces", "Indent with spaces."
    elif "expected '<document start>'" in problem:
        problem = "something stands after the end of the value"
    mark = broken.problem_mark or broken.context_mark
    line = mark.line + first_line if mark is not None else 0
    return UnusableError("yaml-syntax", f"not valid YAML: {problem}", remedy, line)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being read; `size_before` is the node count when it began."""

    line: int
    anchor: str | None
    size_before: int
    items: list[Node] | None = None
    entries: dict[str, Entry] = field(default_factory=dict)
    key: Node | None = None

    def closed(self) -> Node:
        return Node(self.entries if self.items is None else tuple(self.items), self.line)


class _Builder:
    """Folds events into nodes. `anchors` maps a name to its node and expanded size; None while it is open."""

    def __init__(self, path: str, first_line: int) -> None:
        self.path, self.first_line = path, first_line
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self._documents = 0
        self._count = 0
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int] | None] = {}

    def take(self, event: Event) -> None:
        line = event.start_mark.line + self.first_line
        match event:
            case DocumentStartEvent():
                self._begin_document(line)
            case AliasEvent():
                self._add_alias(event.anchor, line)
            case ScalarEvent():
                self._add_scalar(event, line)
            case SequenceStartEvent() | MappingStartEvent():
                self._open(event, line)
            case SequenceEndEvent() | MappingEndEvent():
                closed = self._stack.pop()
                self._add(closed.closed(), closed.anchor, self._count - closed.size_before)

    def _begin_document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            raise UnusableError(
                "yaml-documents", "a second document begins", "Keep one document a file.", line
            )

    def _open(self, event: SequenceStartEvent | MappingStartEvent, line: int) -> None:
        if len(self._stack) == MAX_DEPTH:
            raise UnusableError("too-deep", f"nested deeper than {MAX_DEPTH} levels", "Flatten it.", line)
        self._warn_tag(event.tag, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        opened = _Open(line, event.anchor, self._count)
        if isinstance(event, SequenceStartEvent):
            opened.items = []
        self._grow(1, line)
        self._stack.append(opened)

    def _add_scalar(self, event: ScalarEvent, line: int) -> None:
        self._grow(1, line)
        plain = event.implicit[0] and event.tag is None
        if event.tag not in ("!", "tag:yaml.org,2002:str"):
            self._warn_tag(event.tag, line)
            plain = plain or event.tag is not None
        self._add(Node(_resolved(event.value) if plain else event.value, line, event.value), event.anchor, 1)

    def _add_alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            raise UnusableError(
                "yaml-alias", f"`*{anchor}` names no anchor", f"Define `&{anchor}` above it.", line
            )
        known = self._anchors[anchor]
        if known is None:
            raise UnusableError("yaml-alias", f"`*{anchor}` holds itself", "Write the value out.", line)
        node, size = known
        self._grow(size, line)
        self._add(Node(node.value, line, node.text), None, size)

    def _grow(self, nodes: int, line: int) -> None:
        self._count += nodes
        if self._count > MAX_NODES:
            problem = f"more than {MAX_NODES:,} values, aliases expanded"
            raise UnusableError("too-many-values", problem, "Write less into one file.", line)

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        if parent.items is not None:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            key, parent.key = parent.key, None
            self._add_entry(parent, key, node)

    def _add_entry(self, parent: _Open, key: Node, node: Node) -> None:
        if isinstance(key.value, tuple | Mapping):
            self._warn(
                "yaml-key", key.line, "", f"{key.kind} stands where a key belongs", "Use a word as the key."
            )
        elif key.text in parent.entries:
            first = parent.entries[key.text].line
            problem = f"the key is written twice (first on line {first})"
            self._warn(
                "duplicate-key", key.line, key.text, problem, "Keep one; until then the first one counts."
            )
        else:
            parent.entries[key.text] = Entry(key.line, node)

    def _warn_tag(self, tag: str | None, line: int) -> None:
        if tag is not None:
            problem = f"the tag {quoted(str(tag))} has no meaning here"
            self._warn("yaml-tag", line, "", problem, "Delete it; the value is read without it.")

    def _warn(self, rule: str, line: int, key: str, problem: str, remedy: str) -> None:
        if len(self.findings) < MAX_WARNINGS:
            self.findings.append(Finding(self.path, line, key, problem, remedy, "warning", rule))


_WORDS: Final[dict[str, Scalar]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,4})?")


def _resolved(text: str) -> Scalar:
    """The value of a plain scalar by the core schema; a number too long to be meant stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
