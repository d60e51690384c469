"""YAML page: the text of a file and the place of every value in it, so that one can be edited alone.

    raw     as the file holds it, with BOM and line ends       what is spliced
    text    plain line ends                                    what offsets count in
    root    a tree of `Spot`s: where each value begins and ends, from the events of the parser

Source: rules.md section 5.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

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

from tierwise.files.frontmatter_edit import UneditableError
from tierwise.files.nodes import Node, read_yaml

UNSURE: Final = frozenset({"duplicate-key", "yaml-key"})
"""Mistakes with which a file is read, but not written: what stays might not be what was meant."""
BREAK: Final = re.compile(r"\r\n|\r|\n")
_BOM: Final = "\ufeff"


@dataclass(slots=True)
class Spot:
    """One value: where it begins and ends in the text. A mapping has `pairs`, a list `items`."""

    event: Event
    start: int
    end: int
    pairs: list[Pair] = field(default_factory=list)
    items: list[Spot] = field(default_factory=list)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping, in lines or in braces."""
        return isinstance(self.event, MappingStartEvent)

    @property
    def in_lines(self) -> bool:
        """Whether it is a list or a mapping with a line for each member."""
        return isinstance(self.event, MappingStartEvent | SequenceStartEvent) and not self.event.flow_style

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written there."""
        return isinstance(self.event, ScalarEvent) and self.start == self.end

    @property
    def is_null(self) -> bool:
        """Whether a word says that there is nothing."""
        if not isinstance(self.event, ScalarEvent):
            return False
        is_plain = self.event.implicit[0] and self.event.tag is None
        return is_plain and self.event.value in ("", "~", "null", "Null", "NULL")

    def find(self, name: str) -> int | None:
        """The place of the entry among the pairs."""
        return next((at for at, pair in enumerate(self.pairs) if pair.name == name), None)


class Pair(NamedTuple):
    """One entry of a mapping."""

    key: Spot
    value: Spot

    @property
    def name(self) -> str | None:
        """The key as a word; None if it is none."""
        event = self.key.event
        return event.value if isinstance(event, ScalarEvent) else None


class Splice(NamedTuple):
    """Replace the text from `start` to `end`."""

    start: int
    end: int
    text: str


class Link(NamedTuple):
    """One step of the way to a key: the mapping, and which of its pairs."""

    mapping: Spot
    at: int

    @property
    def pair(self) -> Pair:
        """The entry."""
        return self.mapping.pairs[self.at]


GONE: Final = object()
"""Stands for the value of a key that is to be taken out."""


@dataclass(slots=True)
class Page:
    """A file: `raw` as it is, `text` with plain line ends, `root` its value (None: it has none)."""

    raw: str
    text: str
    root: Spot | None
    before: Any

    @classmethod
    def of(cls, raw: str) -> Page:
        """The page of a file's text. UneditableError if it is not sound, or no mapping."""
        text = BREAK.sub("\n", raw.removeprefix(_BOM))
        before = document(text)
        root = _spots(text)
        if root is not None and not root.is_mapping and not root.is_empty:
            raise UneditableError("the file holds no mapping", line=before.line)
        return cls(raw, text, None if root is None or root.is_empty else root, plain(before))

    def pair_end(self, pair: Pair) -> int:
        """Where the content of an entry ends, without a comment behind it."""
        return self.colon(pair) + 1 if pair.value.is_empty else self.content_end(pair.value)

    def content_end(self, spot: Spot) -> int:
        """Where a value ends, without comments behind it."""
        if spot.in_lines and spot.pairs:
            return self.pair_end(spot.pairs[-1])
        if spot.in_lines and spot.items:
            return self.content_end(spot.items[-1])
        return spot.end

    def colon(self, pair: Pair) -> int:
        """Where the colon of an entry stands."""
        at = self.text.find(":", pair.key.end)
        if at < 0 or self.text[pair.key.end : at].strip():
            raise UneditableError("a key without a colon", line=pair.key.event.start_mark.line + 1)
        return at

    def line_start(self, at: int) -> int:
        """Where the line of this place begins."""
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """The end of the line on which content ends at `at`; a block of text ends behind it."""
        if at and self.text[at - 1] == "\n":
            return at - 1
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def spliced(self, splice: Splice) -> str:
        """The raw text with the splice in it, in the file's own line ends."""
        own = BREAK.search(self.raw)
        new = splice.text.replace("\n", own[0] if own else "\n")
        start, end = self._raw_index(splice.start), self._raw_index(splice.end)
        return self.raw[:start] + new + self.raw[end:]

    def _raw_index(self, at: int) -> int:
        bom = len(self.raw) - len(self.raw.removeprefix(_BOM))
        starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        raw_starts = [bom, *(found.end() for found in BREAK.finditer(self.raw))]
        line = bisect_right(starts, at) - 1
        return raw_starts[line] + at - starts[line]

    def checked(self, edited: str, key: tuple[str, ...], value: object) -> str:
        """The edited text, if it says what it should and nothing else."""
        after = plain(document(BREAK.sub("\n", edited.removeprefix(_BOM))))
        wanted = _changed(self.before, key, value)
        if value is GONE:
            after, wanted = _pruned(after, key), _pruned(wanted, key)
        if after != wanted:
            raise UneditableError(f"`{'.'.join(key)}` cannot be written without a change to something else")
        return edited


def document(text: str) -> Node:
    """The document; UneditableError with its first mistake."""
    node, findings = read_yaml(text, "")
    broken = [one for one in findings if one.severity == "error" or one.rule in UNSURE]
    if broken:
        raise UneditableError(broken[0].problem, broken[0].remedy, broken[0].line)
    return node or Node(None, 0)


def plain(node: Node) -> Any:  # noqa: ANN401 - whatever YAML has
    """The values alone, with their types: `1` is not `true`."""
    if node.entries or isinstance(node.value, dict):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.items]
    return type(node.value), node.value


_NOTHING: Final = (type(None), None)


def _changed(before: Any, key: tuple[str, ...], value: object) -> Any:  # noqa: ANN401 - whatever YAML has
    """What the document should say."""
    inside = dict(before) if isinstance(before, dict) else {}
    name, *rest = key
    if rest:
        inside[name] = _changed(inside.get(name, _NOTHING), tuple(rest), value)
    elif value is GONE:
        inside.pop(name, None)
    else:
        inside[name] = value
    return inside


def _pruned(tree: Any, key: tuple[str, ...]) -> Any:  # noqa: ANN401 - whatever YAML has
    """The tree without what is empty on the way to the key."""
    if not isinstance(tree, dict) or not key:
        return tree
    inside = dict(tree)
    if key[0] in inside:
        inside[key[0]] = _pruned(inside[key[0]], key[1:])
        if inside[key[0]] in ({}, _NOTHING):
            del inside[key[0]]
    return inside or _NOTHING


def _spots(text: str) -> Spot | None:
    """The tree of the document; None if it is empty. The text was read before, so it is sound and small."""
    root: Spot | None = None
    stack: list[Spot] = []
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = stack.pop()
            done.end = event.end_mark.index
            continue
        if not isinstance(event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent):
            continue
        spot = Spot(event, event.start_mark.index, event.end_mark.index)
        if stack:
            _put(stack[-1], spot)
        else:
            root = spot
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            stack.append(spot)
    return root


def _put(parent: Spot, spot: Spot) -> None:
    """Add a value; in a mapping every second one is a value, held in `items` until then as a key."""
    if not parent.is_mapping:
        parent.items.append(spot)
    elif parent.items:
        parent.pairs.append(Pair(parent.items.pop(), spot))
    else:
        parent.items.append(spot)


def chain_to(page: Page, key: tuple[str, ...]) -> list[Link]:
    """The way to the key, as far as it goes."""
    found: list[Link] = []
    spot = page.root
    for name in key:
        at = spot.find(name) if spot is not None and spot.is_mapping else None
        if spot is None or at is None:
            break
        found.append(Link(spot, at))
        spot = spot.pairs[at].value
    return found
