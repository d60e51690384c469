"""Portable: a SKILL.md whose block stands where the Agent Skills reference validator accepts it.

    model:                                    metadata:
      # mechanical                              # mechanical
      preferred: haiku   # cheap                tierwise.preferred: haiku # cheap
      acceptable: [haiku, sonnet]               tierwise.acceptable: "haiku sonnet"
      conditions:                             routing.yaml
        - when: …                               conditions:
                                                  - when: …

Words and lists of words become flat metadata; what nests goes into routing.yaml as it was written. Comments
go where their keys go; every other byte stays. The result is read again: unless it says the same block, it
is not returned.

Source: rules.md section 2; research/clients.md section 3; tried with skills-ref 0.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tierwise.core.skills import Routing
from tierwise.files.compile.blocks import metadata_lines
from tierwise.files.frontmatter import read_page
from tierwise.files.frontmatter_edit import (
    METADATA,
    with_key,
    with_metadata,
    without_key,
)
from tierwise.files.frontmatter_head import UneditableError, parts_of
from tierwise.files.homes import METADATA_PREFIX, SILENT_MODELS, Homes
from tierwise.files.nodes import Node, read_yaml
from tierwise.files.tier_words import TierWords

MODEL: Final = "model"
NESTED: Final = "estimated_tokens"
ALLOWED: Final = frozenset("name description license allowed-tools metadata compatibility".split())
"""The keys of a frontmatter that the reference validator knows."""
_COMMENT: Final = re.compile(r"\s*#.*")
_KEY: Final = re.compile(r"[A-Za-z_][\w-]*")
_WORD: Final = re.compile(r"[^\s,]+")
_TRAILING: Final = re.compile(r"\s#.*")
_FLOW: Final = re.compile(r"[^\s:]+:\s*[\[{]")


@dataclass(frozen=True, slots=True)
class Portable:
    """A SKILL.md and its routing.yaml (None: there is none), as they should be."""

    text: str
    sidecar: str | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key of the block: the comments that stand before it, its own lines, and its value."""

    key: str
    node: Node
    before: tuple[str, ...]
    lines: tuple[str, ...]


def portable(text: str, sidecar: str | None, words: TierWords) -> Portable:
    """The skill with its block in portable homes; the same texts if it stands there already.

    `text` is the file's, `sidecar` that of the routing.yaml beside it. Raises UneditableError.
    """
    entry = _model_of(text)
    if entry is None:
        return Portable(text, sidecar)
    if isinstance(entry.value, str):
        changed = Portable(_from_word(text, entry), sidecar)
    else:
        changed = _from_mapping(text, sidecar)
    if _said(changed.text, changed.sidecar, words) != _said(text, sidecar, words):
        raise UneditableError("moved into metadata, the block would say something else")
    if _rest(changed.text) != _rest(text):
        raise UneditableError("moved into metadata, the block would push something else aside")
    return changed


def _rest(text: str) -> tuple[dict[str, str], str]:
    """What is not ours in a page."""
    parts = parts_of(text)
    return {key: block for key, block in parts.blocks.items() if key not in (MODEL, METADATA)}, parts.body


def refusals(text: str) -> Iterator[str]:
    """What the reference validator would refuse in a page that is portable to us: the author's own keys."""
    blocks = parts_of(text).blocks
    for key, lines in blocks.items():
        if key not in ALLOWED:
            yield f"the validator knows no key `{key}`"
        elif _FLOW.match(lines):
            yield f"the validator reads no brackets or braces, as in `{key}`"
    if text.startswith("\ufeff"):
        yield "the validator reads no byte order mark"


def routing_in(text: str, sidecar: str | None, words: TierWords) -> Routing | None:
    """The block that a SKILL.md and its routing.yaml make together."""
    return _said(text, sidecar, words)


def _said(text: str, sidecar: str | None, words: TierWords) -> Routing | None:
    homes = Homes("", words)
    page, _ = read_page(_plain(text), "")
    if page.head is not None:
        homes.read_frontmatter(page.head)
    root = read_yaml(_plain(sidecar), "")[0] if sidecar is not None else None
    if root is not None:
        homes.read_sidecar(root, "")
    return homes.routing


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _model_of(text: str) -> Node | None:
    """The value of `model:`, if it is ours to move."""
    page, findings = read_page(_plain(text), "")
    wrong = next((finding for finding in findings if finding.severity == "error"), None)
    if wrong is not None:
        raise UneditableError(wrong.problem, wrong.remedy, wrong.line)
    found = page.head.entries.get(MODEL) if page.head is not None else None
    if found is None or found.node.value is None:
        return None
    if isinstance(found.node.value, str) and found.node.value.strip().lower() in SILENT_MODELS:
        return None
    return found.node


# -- a plain word ------------------------------------------------------------------------------------------


def _from_word(text: str, node: Node) -> str:
    """`model: sonnet` becomes `tierwise.preferred`, unless the metadata says that already: it is stronger."""
    key = f"{METADATA_PREFIX}preferred"
    lines = parts_of(text).blocks[MODEL].splitlines()
    trailing = _trailing(lines[0], node) if len(lines) == 1 else ""
    edited = without_key(text, MODEL)
    if key in _metadata_keys(edited):
        return edited
    return _commented(with_metadata(edited, {key: node.text.strip()}), {key: ((), trailing)})


def _metadata_keys(text: str) -> Iterable[str]:
    page, _ = read_page(_plain(text), "")
    found = page.head.entries.get(METADATA) if page.head is not None else None
    return found.node.entries if found is not None else ()


# -- a mapping ---------------------------------------------------------------------------------------------


def _from_mapping(text: str, sidecar: str | None) -> Portable:
    block = parts_of(text).blocks[MODEL]
    values: dict[str, str] = {}
    comments: dict[str, tuple[tuple[str, ...], str]] = {}
    nested: list[_Entry] = []
    for entry in _entries(block):
        flat = dict(_flat(entry))
        if not flat:
            nested.append(entry)
            continue
        before = (*entry.before, *_inner_comments(entry))
        for name, value in flat.items():
            values[name] = value
            comments[name] = (before, _trailing(entry.lines[0], entry.node))
            before = ()
    edited = _with_values(without_key(text, MODEL), values)
    return Portable(_commented(edited, comments), _with_nested(sidecar, nested, parts_of(text).newline))


def _with_values(text: str, values: dict[str, str]) -> str:
    """The page with these keys in its metadata; at once where it has none, for each edit is checked."""
    if values and METADATA not in parts_of(text).blocks:
        return with_key(text, METADATA, metadata_lines(values))
    return with_metadata(text, values)


def _entries(block: str) -> list[_Entry]:
    """The keys below `model:`, each with the lines that belong to it; comments before a key are its own."""
    lines = block.splitlines()
    root, findings = read_yaml(_plain(block), "")
    if root is None or findings or not isinstance(root.entries[MODEL].node.value, Mapping):
        raise UneditableError("the block cannot be moved as it stands", "Mend what `tierwise check` says.")
    inside = root.entries[MODEL].node.entries
    starts = [line - 1 for line, _ in inside.values()]
    if len(set(starts)) < len(starts) or (starts and starts[0] == 0):
        if any(_COMMENT.fullmatch(line) or _TRAILING.search(line) for line in lines):
            raise UneditableError("the block is written in braces, with comments", "Write it as lines.")
        return [_Entry(key, node, (), ("",)) for key, (_, node) in inside.items()]
    ends = [*starts[1:], len(lines)]
    entries: list[_Entry] = []
    before = (
        tuple(line.strip() for line in lines[0 : starts[0]] if _COMMENT.fullmatch(line)) if starts else ()
    )
    before = (*_of_header(lines[0]), *before)
    for (key, (_, node)), start, end in zip(inside.items(), starts, ends, strict=True):
        own = _own_end(lines, start, end)
        entries.append(_Entry(key, node, before, tuple(lines[start:own])))
        before = tuple(line.strip() for line in lines[own:end] if _COMMENT.fullmatch(line))
    if before:
        last = entries.pop()
        entries.append(_Entry(last.key, last.node, (*last.before, *before), last.lines))
    return entries


def _of_header(line: str) -> tuple[str, ...]:
    """The comment behind `model:` itself."""
    found = _TRAILING.search(line)
    return (found[0].strip(),) if found else ()


def _own_end(lines: list[str], start: int, end: int) -> int:
    """One past the last line of the key that begins at `start`: comments no deeper than it follow it."""
    column = len(lines[start]) - len(lines[start].lstrip())
    while end > start + 1:
        line = lines[end - 1]
        deep = len(line) - len(line.lstrip()) > column
        if line.strip() and (deep or not _COMMENT.fullmatch(line)):
            break
        end -= 1
    return end


def _flat(entry: _Entry) -> Iterator[tuple[str, str]]:
    """The flat keys that say what the entry says; none if it does not fit into metadata."""
    name = METADATA_PREFIX + entry.key
    scalars = _scalars(entry.node)
    if not all(_KEY.fullmatch(key) for key in (entry.key, *entry.node.entries)):
        return
    if isinstance(entry.node.value, Mapping):
        inside = entry.node.entries
        if entry.key == NESTED and inside and all(_scalars(each.node) for each in inside.values()):
            yield from ((f"{name}.{key}", each.node.text.strip()) for key, each in inside.items())
    elif scalars is not None:
        yield name, " ".join(scalars)


def _scalars(node: Node) -> list[str] | None:
    """The words of a scalar, or of a list of words; None if it is anything else, or holds none."""
    if isinstance(node.value, tuple):
        words = [item.text.strip() for item in node.items]
        plain = all(isinstance(item.value, str) and _WORD.fullmatch(item.text.strip()) for item in node.items)
        return words if words and plain else None
    if isinstance(node.value, Mapping) or node.value is None or not node.text.strip():
        return None
    return [node.text.strip()] if "\n" not in node.text.strip() else None


def _inner_comments(entry: _Entry) -> tuple[str, ...]:
    """Comments that stand inside a list or a mapping, which becomes one line or several."""
    if not isinstance(entry.node.value, Mapping | tuple):
        return ()
    found = [line.strip() for line in entry.lines[1:] if _COMMENT.fullmatch(line)]
    behind = (_TRAILING.search(line) for line in entry.lines[1:] if not _COMMENT.fullmatch(line))
    return (*found, *(match[0].strip() for match in behind if match))


def _trailing(line: str, node: Node) -> str:
    """The comment behind a value that stands on the line of its key; "" if there is none."""
    if isinstance(node.value, str) and " #" in node.text:
        return ""
    found = _TRAILING.search(line)
    return found[0].strip() if found else ""


# -- putting it where it goes ------------------------------------------------------------------------------


def _commented(text: str, comments: Mapping[str, tuple[tuple[str, ...], str]]) -> str:
    """The page with comments put before and behind the flat keys that they belong to."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    written: list[str] = []
    waiting = dict(comments)
    for line in lines:
        key = line.strip().partition(":")[0]
        before, behind = waiting.pop(key, ((), ""))
        body = line.rstrip("\r\n")
        end, indent = line[len(body) :], body[: len(body) - len(body.lstrip())]
        written += [f"{indent}{comment}{end}" for comment in before]
        written.append(f"{body} {behind}{end}" if behind else line)
    if any(before or behind for before, behind in waiting.values()):
        raise UneditableError("`metadata` in braces has no place for comments", "Write it as lines.")
    return "".join(written)


def _with_nested(sidecar: str | None, nested: list[_Entry], newline: str) -> str | None:
    """The routing.yaml with what nests, as it was written, moved out as far as it goes."""
    if not nested:
        return sidecar
    present = read_yaml(_plain(sidecar), "")[0] if sidecar else None
    taken = present.entries if present is not None else {}
    lines: list[str] = []
    for entry in nested:
        if entry.key in taken or MODEL in taken:
            problem = f"`{entry.key}` cannot be moved to routing.yaml, which speaks for itself"
            raise UneditableError(problem, "Keep the block in one of the two.")
        if not entry.lines[0]:
            raise UneditableError(f"`{entry.key}` is written in braces", "Write it as lines.")
        column = len(entry.lines[0]) - len(entry.lines[0].lstrip())
        lines += [
            *entry.before,
            *(line[column:] if line[:column].isspace() else line for line in entry.lines),
        ]
    if sidecar and not sidecar.endswith(("\n", "\r")):
        sidecar += newline
    return (sidecar or "") + "".join(line + newline for line in lines)
