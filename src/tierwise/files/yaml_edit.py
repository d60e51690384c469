"""YAML editing: one value put in, replaced or taken out; every other byte of the file stays.

    with_value(text, ("defaults", "specialist"), "opus")
    without_value(text, ("defaults", "specialist"))

        defaults:                      ┐ a mapping in lines gets a line, one in braces an entry;
          coordinator: haiku  # why    │ what is missing above the key is made, and what a removal
          specialist: opus             ┘ leaves empty goes with it

Text in, text out: with its BOM, its line ends and its comments. The events of the parser say where each value
stands. The result is read again: unless it says exactly what was asked for, and of all else what it said
before, nothing is returned.

Source: rules.md section 5.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
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

STEP: Final = 2
"""Columns by which a key that is put below another is indented."""
UNSURE: Final = frozenset({"duplicate-key", "yaml-key"})
"""Mistakes with which a file is read, but not written: what stays might not be what was meant."""
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_BOM: Final = "\ufeff"


def with_value(text: str, key: tuple[str, ...], value: str) -> str:
    """`text` with the value under the key; `value` is YAML on one line. Raises UneditableError."""
    assert key, "a key has a name"
    assert not _BREAK.search(value), "a value is one line"
    page = _Page.of(text)
    wanted = _read(value)
    return page.checked(page.spliced(_setting(page, key, value)), key, _plain(wanted))


def without_value(text: str, key: tuple[str, ...]) -> str:
    """`text` without the key; the same text if it is not there. Raises UneditableError."""
    page = _Page.of(text)
    chain = _chain(page, key)
    if len(chain) < len(key):
        return text
    return page.checked(page.spliced(_removing(page, chain)), key, _GONE)


# -- where everything stands -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Spot:
    """One value: where it begins and ends in the text. A mapping has `pairs`, a list `items`."""

    event: Event
    start: int
    end: int
    pairs: list[_Pair] = field(default_factory=list)
    items: list[_Spot] = field(default_factory=list)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.event, MappingStartEvent)

    @property
    def in_lines(self) -> bool:
        """Whether it is a list or a mapping with a line for each member."""
        return isinstance(self.event, MappingStartEvent | SequenceStartEvent) and not self.event.flow_style

    @property
    def is_empty(self) -> bool:
        return isinstance(self.event, ScalarEvent) and self.start == self.end

    @property
    def is_null(self) -> bool:
        """Whether a word says that there is nothing."""
        if not isinstance(self.event, ScalarEvent):
            return False
        plain = self.event.implicit[0] and self.event.tag is None
        return plain and self.event.value in ("", "~", "null", "Null", "NULL")

    def find(self, name: str) -> int | None:
        """The place of the entry among the pairs."""
        return next((at for at, pair in enumerate(self.pairs) if pair.name == name), None)


class _Pair(NamedTuple):
    key: _Spot
    value: _Spot

    @property
    def name(self) -> str | None:
        event = self.key.event
        return event.value if isinstance(event, ScalarEvent) else None


class _Splice(NamedTuple):
    """Replace the text from `start` to `end`."""

    start: int
    end: int
    text: str


class _Link(NamedTuple):
    """One step of the way to a key: the mapping, and which of its pairs."""

    mapping: _Spot
    at: int

    @property
    def pair(self) -> _Pair:
        return self.mapping.pairs[self.at]


_GONE: Final = object()


@dataclass(slots=True)
class _Page:
    """A file: `raw` as it is, `text` with plain line ends, `root` its value (None: it has none)."""

    raw: str
    text: str
    root: _Spot | None
    before: Any

    @classmethod
    def of(cls, raw: str) -> _Page:
        text = _BREAK.sub("\n", raw.removeprefix(_BOM))
        before = _read(text)
        root = _spots(text)
        if root is not None and not root.is_mapping and not root.is_empty:
            raise UneditableError("the file holds no mapping", line=before.line)
        return cls(raw, text, None if root is None or root.is_empty else root, _plain(before))

    def pair_end(self, pair: _Pair) -> int:
        """Where the content of an entry ends, without a comment behind it."""
        return self.colon(pair) + 1 if pair.value.is_empty else self.content_end(pair.value)

    def content_end(self, spot: _Spot) -> int:
        if spot.in_lines and spot.pairs:
            return self.pair_end(spot.pairs[-1])
        if spot.in_lines and spot.items:
            return self.content_end(spot.items[-1])
        return spot.end

    def colon(self, pair: _Pair) -> int:
        at = self.text.find(":", pair.key.end)
        if at < 0 or self.text[pair.key.end : at].strip():
            raise UneditableError("a key without a colon", line=pair.key.event.start_mark.line + 1)
        return at

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """The end of the line on which content ends at `at`; a block of text ends behind it."""
        if at and self.text[at - 1] == "\n":
            return at - 1
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def spliced(self, splice: _Splice) -> str:
        """The raw text with the splice in it, in the file's own line ends."""
        own = _BREAK.search(self.raw)
        new = splice.text.replace("\n", own[0] if own else "\n")
        start, end = self._raw_index(splice.start), self._raw_index(splice.end)
        return self.raw[:start] + new + self.raw[end:]

    def _raw_index(self, at: int) -> int:
        bom = len(self.raw) - len(self.raw.removeprefix(_BOM))
        starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        raw_starts = [bom, *(found.end() for found in _BREAK.finditer(self.raw))]
        line = bisect_right(starts, at) - 1
        return raw_starts[line] + at - starts[line]

    def checked(self, edited: str, key: tuple[str, ...], value: object) -> str:
        """The edited text, if it says what it should and nothing else."""
        after = _plain(_read(_BREAK.sub("\n", edited.removeprefix(_BOM))))
        wanted = _changed(self.before, key, value)
        if value is _GONE:
            after, wanted = _pruned(after, key), _pruned(wanted, key)
        if after != wanted:
            raise UneditableError(f"`{'.'.join(key)}` cannot be written without a change to something else")
        return edited


def _read(text: str) -> Node:
    """The document; UneditableError with its first mistake."""
    node, findings = read_yaml(text, "")
    broken = [one for one in findings if one.severity == "error" or one.rule in UNSURE]
    if broken:
        raise UneditableError(broken[0].problem, broken[0].remedy, broken[0].line)
    return node or Node(None, 0)


def _plain(node: Node) -> Any:  # noqa: ANN401 - whatever YAML has
    """The values alone, with their types: `1` is not `true`."""
    if node.entries or isinstance(node.value, dict):
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node.value, tuple):
        return [_plain(item) for item in node.items]
    return type(node.value), node.value


_NOTHING: Final = (type(None), None)


def _changed(before: Any, key: tuple[str, ...], value: object) -> Any:  # noqa: ANN401 - whatever YAML has
    """What the document should say."""
    inside = dict(before) if isinstance(before, dict) else {}
    name, *rest = key
    if rest:
        inside[name] = _changed(inside.get(name, _NOTHING), tuple(rest), value)
    elif value is _GONE:
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


def _spots(text: str) -> _Spot | None:
    """The tree of the document; None if it is empty. The text was read before, so it is sound and small."""
    root: _Spot | None = None
    stack: list[_Spot] = []
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = stack.pop()
            done.end = event.end_mark.index
            continue
        if not isinstance(event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent):
            continue
        spot = _Spot(event, event.start_mark.index, event.end_mark.index)
        if stack:
            _put(stack[-1], spot)
        else:
            root = spot
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            stack.append(spot)
    return root


def _put(parent: _Spot, spot: _Spot) -> None:
    """Add a value; in a mapping every second one is a value, held in `items` until then as a key."""
    if not parent.is_mapping:
        parent.items.append(spot)
    elif parent.items:
        parent.pairs.append(_Pair(parent.items.pop(), spot))
    else:
        parent.items.append(spot)


def _chain(page: _Page, key: tuple[str, ...]) -> list[_Link]:
    """The way to the key, as far as it goes."""
    found: list[_Link] = []
    spot = page.root
    for name in key:
        at = spot.find(name) if spot is not None and spot.is_mapping else None
        if spot is None or at is None:
            break
        found.append(_Link(spot, at))
        spot = spot.pairs[at].value
    return found


# -- putting in --------------------------------------------------------------------------------------------


def _setting(page: _Page, key: tuple[str, ...], value: str) -> _Splice:
    chain = _chain(page, key)
    missing = key[len(chain) :]
    if not missing:
        return _replacing(page, chain[-1].pair, value)
    if not chain and page.root is None:
        end = "" if not page.text or page.text.endswith("\n") else "\n"
        return _Splice(len(page.text), len(page.text), end + "\n".join(_lines(missing, value, 0)) + "\n")
    inner = chain[-1].pair.value if chain else page.root
    assert inner is not None, "a page without a root has no chain"
    if inner.is_mapping and (inner.pairs or not inner.in_lines):
        return _adding(page, inner, missing, value)
    if chain and (inner.is_empty or inner.is_null):
        return _opening(page, chain[-1], missing, value)
    line = inner.event.start_mark.line + 1
    raise UneditableError(
        f"`{'.'.join(key[: len(chain)])}` is no mapping", "Write its keys below it, indented.", line
    )


def _replacing(page: _Page, pair: _Pair, value: str) -> _Splice:
    old, colon = pair.value, page.colon(pair)
    if old.is_empty:
        return _Splice(colon + 1, colon + 1, f" {value}")
    is_block = isinstance(old.event, ScalarEvent) and old.event.style in ("|", ">")
    if not old.in_lines and not is_block:
        return _Splice(old.start, old.end, value)
    behind = page.text[colon + 1 : page.line_end(colon)]
    comment = behind if old.in_lines and behind.lstrip().startswith("#") else ""
    return _Splice(colon + 1, page.line_end(page.content_end(old)), f" {value}{comment}")


def _adding(page: _Page, mapping: _Spot, names: tuple[str, ...], value: str) -> _Splice:
    if not mapping.in_lines:
        entry = f"{_key(names[0])}: {_braced(names[1:], value)}"
        at = page.pair_end(mapping.pairs[-1]) if mapping.pairs else mapping.start + 1
        return _Splice(at, at, f", {entry}" if mapping.pairs else entry)
    column = mapping.start - page.line_start(mapping.start)
    return _line_below(page, page.pair_end(mapping.pairs[-1]), _lines(names, value, column))


def _opening(page: _Page, link: _Link, names: tuple[str, ...], value: str) -> _Splice:
    """Put a first entry below a key that has nothing yet."""
    pair = link.pair
    if not pair.value.is_empty:
        return _Splice(pair.value.start, pair.value.end, _braced(names, value))
    end = page.colon(pair) + 1
    if not link.mapping.in_lines:
        return _Splice(end, end, f" {_braced(names, value)}")
    column = pair.key.start - page.line_start(pair.key.start) + STEP
    return _line_below(page, end, _lines(names, value, column))


def _line_below(page: _Page, end: int, lines: list[str]) -> _Splice:
    at = page.line_end(end)
    return _Splice(at, at, "\n" + "\n".join(lines))


def _lines(names: tuple[str, ...], value: str, column: int) -> list[str]:
    *above, last = names
    heads = [" " * (column + STEP * at) + f"{_key(name)}:" for at, name in enumerate(above)]
    return [*heads, " " * (column + STEP * len(above)) + f"{_key(last)}: {value}"]


def _braced(names: tuple[str, ...], value: str) -> str:
    for name in reversed(names):
        value = f"{{{_key(name)}: {value}}}"
    return value


def _key(name: str) -> str:
    """The name as a key: plain if it is a plain word."""
    if re.fullmatch(r"[A-Za-z_][\w.-]*", name, re.ASCII) and name.lower() not in ("null", "true", "false"):
        return name
    return '"' + "".join(_escaped(name)) + '"'


def _escaped(name: str) -> Iterator[str]:
    for character in name:
        if character in '"\\':
            yield f"\\{character}"
        else:
            yield character if character.isprintable() else f"\\U{ord(character):08x}"


# -- taking out --------------------------------------------------------------------------------------------


def _removing(page: _Page, chain: list[_Link]) -> _Splice:
    *above, link = chain
    own = _region(page, link)
    while above and len(link.mapping.pairs) == 1:
        wider = _region(page, above[-1])
        if page.text[wider.start : wider.end].count("#") > page.text[own.start : own.end].count("#"):
            break
        *above, link = above
        own = wider
    return own


def _region(page: _Page, link: _Link) -> _Splice:
    """The entry with its line, or with its comma."""
    pairs, pair = link.mapping.pairs, link.pair
    start, end = pair.key.start, page.pair_end(pair)
    if not link.mapping.in_lines:
        if link.at:
            return _Splice(page.pair_end(pairs[link.at - 1]), end, "")
        return _Splice(start, pairs[1].key.start if len(pairs) > 1 else end, "")
    start, end = page.line_start(start), page.line_end(end)
    if page.text[start : pair.key.start].strip():
        raise UneditableError(f"`{pair.name}` shares its line", line=pair.key.event.start_mark.line + 1)
    if end < len(page.text):
        return _Splice(start, end + 1, "")
    return _Splice(max(start - 1, 0), end, "")
