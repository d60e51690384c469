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
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tierwise.files.frontmatter_head import BY_HAND, Entry, Head, UneditableError
from tierwise.files.nodes import Node, quoted, read_yaml

__all__ = [
    "UneditableError",
    "scalar",
    "with_key",
    "with_metadata",
    "without_key",
    "without_metadata",
]

METADATA: Final = "metadata"
STEP: Final = "  "
"""How far a key that is put below another is indented, where nothing there shows the author's own way."""
_KEY: Final = re.compile(r"[A-Za-z_][\w.-]*")
_PLAIN: Final = re.compile(r"[a-z][a-z_-]*")
_GONE: Final = object()
_NOT_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def with_key(text: str, key: str, block: Sequence[str]) -> str:
    """`text` with `block`, the lines of a top-level `key`, in the place of its old one, else as the last key.

    The lines have no ends and begin with the key, not indented. Raises UneditableError.
    """
    assert block, "a block has a line"
    wanted, findings = read_yaml("\n".join(block), "")
    assert not findings, "a block is YAML"
    assert wanted is not None, "a block is not empty"
    assert [*wanted.entries] == [key], "a block is one key"
    head = Head.of(text)
    column = head.column
    lines = [" " * column + line if line else line for line in block]
    old = head.find(key)
    at, end = old.lines if old is not None else (len(head.lines), len(head.lines))
    edited = head.replaced(at, end, lines)
    return _checked(text, edited, {key: _plain(wanted.entries[key].node)})


def without_key(text: str, key: str) -> str:
    """`text` without the block of a top-level `key`; the same text if it has none. Raises UneditableError."""
    head = Head.of(text)
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


def scalar(value: str) -> str:
    """`value` as YAML that is text for every reader: a plain word, else in double quotes."""
    if _PLAIN.fullmatch(value) and value not in _NOT_WORDS:
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _with_entry(text: str, key: str, value: str) -> str:
    assert _KEY.fullmatch(key), "a key is a plain word"
    head = Head.of(text)
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


def _in_flow(head: Head, metadata: Entry, key: str, entry: str, value: str) -> str:
    """The page with one more entry at the beginning of `metadata: {…}`, or the entry's new value."""
    old = [child for child in metadata.value.entries if child.key == key]
    if old:
        return head.spliced(old[0].value.start, old[0].value.end, value)
    line, column = metadata.value.start
    rest = ", " if metadata.value.entries else ""
    return head.spliced((line, column + 1), (line, column + 1), entry + rest)


def _without_entry(text: str, key: str) -> str:
    head = Head.of(text)
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


def _child(head: Head, metadata: Entry, key: str) -> tuple[int, int] | None:
    """First and one past the last line of a key below `metadata:`; None if it is not there."""
    children = metadata.value.entries
    places = [at for at, child in enumerate(children) if child.key == key]
    if len(places) > 1:
        raise UneditableError(f"`metadata.{key}` is written twice", "Keep one.", metadata.number)
    if not places:
        return None
    child, after = children[places[0]], children[places[0] + 1 :]
    return child.start, head.trimmed(child, after[0].start if after else metadata.lines[1])


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
    head = Head.of(text)
    root, _ = read_yaml("".join(line.rstrip("\r\n") + "\n" for line in head.lines), "")
    said = _plain(root) if root is not None else {}
    return said if isinstance(said, dict) else {}


def _plain(node: Node) -> Any:  # noqa: ANN401 - whatever YAML can say
    if isinstance(node.value, Mapping):
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node.value, tuple):
        return [_plain(item) for item in node.items]
    return node.value
