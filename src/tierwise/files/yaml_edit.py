"""YAML editing: one value put in, replaced or taken out; every other byte of the file stays.

    with_value(text, ("defaults", "specialist"), "opus")
    without_value(text, ("defaults", "specialist"))

        defaults:                      ┐ a mapping in lines gets a line, one in braces an entry;
          coordinator: haiku  # why    │ what is missing above the key is made, and what a removal
          specialist: opus             ┘ leaves empty goes with it

Text in, text out: with its BOM, its line ends and its comments. The result is read again: unless it says
exactly what was asked for, and of all else what it said before, nothing is returned.

Source: rules.md section 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ruamel.yaml.events import ScalarEvent

from tierwise.files.frontmatter_edit import UneditableError
from tierwise.files.yaml_page import BREAK, GONE, Link, Page, Pair, Splice, Spot, chain_to, document, plain

STEP: Final = 2
"""Columns by which a key that is put below another is indented."""
_WORD: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_NOT_WORDS: Final = frozenset({"null", "true", "false"})


def with_value(text: str, key: tuple[str, ...], value: str) -> str:
    """`text` with the value under the key; `value` is YAML on one line. Raises UneditableError."""
    assert key, "a key has a name"
    assert not BREAK.search(value), "a value is one line"
    page = Page.of(text)
    wanted = document(value)
    return page.checked(page.spliced(_setting(page, key, value)), key, plain(wanted))


def without_value(text: str, key: tuple[str, ...]) -> str:
    """`text` without the key; the same text if it is not there. Raises UneditableError."""
    page = Page.of(text)
    chain = chain_to(page, key)
    if len(chain) < len(key):
        return text
    return page.checked(page.spliced(_removing(page, chain)), key, GONE)


def quoted_text(text: str) -> str:
    """`text` as YAML that is text whatever it says: in double quotes, on one line."""
    return '"' + "".join(_escaped(text)) + '"'


# -- putting in --------------------------------------------------------------------------------------------


def _setting(page: Page, key: tuple[str, ...], value: str) -> Splice:
    chain = chain_to(page, key)
    missing = key[len(chain) :]
    if not missing:
        return _replacing(page, chain[-1].pair, value)
    if not chain and page.root is None:
        end = "" if not page.text or page.text.endswith("\n") else "\n"
        return Splice(len(page.text), len(page.text), end + "\n".join(_lines(missing, value, 0)) + "\n")
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


def _replacing(page: Page, pair: Pair, value: str) -> Splice:
    old, colon = pair.value, page.colon(pair)
    if old.is_empty:
        return Splice(colon + 1, colon + 1, f" {value}")
    is_block = isinstance(old.event, ScalarEvent) and old.event.style in ("|", ">")
    if not old.in_lines and not is_block:
        return Splice(old.start, old.end, value)
    behind = page.text[colon + 1 : page.line_end(colon)]
    comment = behind if old.in_lines and behind.lstrip().startswith("#") else ""
    return Splice(colon + 1, page.line_end(page.content_end(old)), f" {value}{comment}")


def _adding(page: Page, mapping: Spot, names: tuple[str, ...], value: str) -> Splice:
    if not mapping.in_lines:
        entry = f"{_key(names[0])}: {_braced(names[1:], value)}"
        at = page.pair_end(mapping.pairs[-1]) if mapping.pairs else mapping.start + 1
        return Splice(at, at, f", {entry}" if mapping.pairs else entry)
    column = mapping.start - page.line_start(mapping.start)
    return _line_below(page, page.pair_end(mapping.pairs[-1]), _lines(names, value, column))


def _opening(page: Page, link: Link, names: tuple[str, ...], value: str) -> Splice:
    """Put a first entry below a key that has nothing yet."""
    pair = link.pair
    if not pair.value.is_empty:
        return Splice(pair.value.start, pair.value.end, _braced(names, value))
    end = page.colon(pair) + 1
    if not link.mapping.in_lines:
        return Splice(end, end, f" {_braced(names, value)}")
    column = pair.key.start - page.line_start(pair.key.start) + STEP
    return _line_below(page, end, _lines(names, value, column))


def _line_below(page: Page, end: int, lines: list[str]) -> Splice:
    at = page.line_end(end)
    return Splice(at, at, "\n" + "\n".join(lines))


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
    return name if _WORD.fullmatch(name) and name.lower() not in _NOT_WORDS else quoted_text(name)


def _escaped(name: str) -> Iterator[str]:
    for character in name:
        if character in '"\\':
            yield f"\\{character}"
        else:
            yield character if character.isprintable() else f"\\U{ord(character):08x}"


# -- taking out --------------------------------------------------------------------------------------------


def _removing(page: Page, chain: list[Link]) -> Splice:
    *above, link = chain
    own = _region(page, link)
    while above and len(link.mapping.pairs) == 1:
        wider = _region(page, above[-1])
        if page.text[wider.start : wider.end].count("#") > page.text[own.start : own.end].count("#"):
            break
        *above, link = above
        own = wider
    return own


def _region(page: Page, link: Link) -> Splice:
    """The entry with its line, or with its comma."""
    pairs, pair = link.mapping.pairs, link.pair
    start, end = pair.key.start, page.pair_end(pair)
    if not link.mapping.in_lines:
        if link.at:
            return Splice(page.pair_end(pairs[link.at - 1]), end, "")
        return Splice(start, pairs[1].key.start if len(pairs) > 1 else end, "")
    start, end = page.line_start(start), page.line_end(end)
    if page.text[start : pair.key.start].strip():
        raise UneditableError(f"`{pair.name}` shares its line", line=pair.key.event.start_mark.line + 1)
    if end < len(page.text):
        return Splice(start, end + 1, "")
    return Splice(max(start - 1, 0), end, "")
