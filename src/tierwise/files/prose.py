"""Prose: routing defaults that a project wrote as sentences in its CLAUDE.md or AGENTS.md.

    ## Model Routing Defaults

    Default specialist model: sonnet                                →  defaults: {specialist: sonnet}
    Default conservation mode: auto                                 →  defaults: {conservation_mode: auto}
    Override: ui-bug-investigator always uses opus (complex code)   →  overrides: {…: {preferred: opus}}

Only sections whose heading speaks of model routing are read, and in them only lines that begin with
"Default" or "Override"; everything else in such a file is meant for somebody else. The sentences become the
mapping that the structured files have, so they are judged by the same rules.

Source: seed A§3.2; rules.md section 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tierwise.files.findings import Finding
from tierwise.files.markdown import Line, lines_of
from tierwise.files.nodes import Entry, Node, quoted

_TITLE: Final = re.compile(r"\bmodel[ -]routing\b", re.IGNORECASE)
_MARKS: Final = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_BULLET: Final = re.compile(r"\s*(?:[-+•]\s+|\d+[.)]\s+)?")
_DEFAULT: Final = re.compile(r"default (?P<what>[\w -]*)[:=] ?(?P<value>\S++) ?(?:\(.*\))?\.?", re.IGNORECASE)
_OVERRIDE: Final = re.compile(
    r"override\s*:\s*(?P<skill>\S+?)\s*"
    r"(?::|→|->|=|\s(?:(?:should|must) )?(?:always )?(?:uses?|runs? on|on))\s+"
    r"(?:the )?(?P<tier>[^\s(]+?)(?: (?:model|tier))?\.?\s*(?:\((?P<reason>.*)\))?\.?",
    re.IGNORECASE,
)
_BEGINS: Final = re.compile(r"(default|override)\b[^:=]*[:=]", re.IGNORECASE)
_NOUN: Final = re.compile(r"(?<![ _-])[ _-]*(?:model|tier)$")
PLATFORM: Final = "platform"


def read_prose(text: str, path: str) -> tuple[Node, list[Finding]]:
    """The sentences of the file as one mapping (`defaults:`, `overrides:`), and what was not understood.

    Never raises; the mapping is empty if the file says nothing about model routing.
    """
    defaults: dict[str, Entry] = {}
    overrides: dict[str, Entry] = {}
    findings: list[Finding] = []
    for line in _said(text):
        sentence = " ".join(_BULLET.sub("", _MARKS.sub("", line.text), count=1).split())
        target, key, node = _understood(sentence, line.number, defaults, overrides)
        if node is None:
            findings += _not_understood(sentence, line.number, path)
        elif key in target:
            findings.append(_twice(sentence, key, line.number, target[key].line, path))
        else:
            target[key] = Entry(line.number, node)
    sections = {"defaults": defaults, "overrides": overrides}
    found = {name: Entry(0, Node(entries, 0)) for name, entries in sections.items() if entries}
    return Node(found, 0), findings


def _said(text: str) -> Iterator[Line]:
    """The lines of the sections about model routing, without headings and code."""
    level = 0
    for line in lines_of(text):
        heading = line.heading
        if heading is None:
            if level and not line.is_code:
                yield line
        elif not level or heading[0] <= level:
            level = heading[0] if _TITLE.search(heading[1]) else 0


def _understood(
    sentence: str, line: int, defaults: dict[str, Entry], overrides: dict[str, Entry]
) -> tuple[dict[str, Entry], str, Node | None]:
    """Where the sentence belongs, under which key, and as what; None if it is none of ours."""
    default = _DEFAULT.fullmatch(sentence)
    if default:
        return defaults, _default_key(default["what"]), _text(default["value"].rstrip(".,;"), line)
    override = _OVERRIDE.fullmatch(sentence)
    if override is None:
        return defaults, "", None
    block = {"preferred": Entry(line, _text(override["tier"].rstrip(".,;"), line))}
    if override["reason"]:
        block["reason"] = Entry(line, _text(override["reason"].strip(), line))
    return overrides, override["skill"], Node(block, line)


def _default_key(what: str) -> str:
    """The key of `defaults:` that "specialist model" or "conservation mode" stands for."""
    name = _NOUN.sub("", what.strip().lower())
    return re.sub(r"[ -]+", "_", name) or PLATFORM


def _text(word: str, line: int) -> Node:
    return Node(word, line, word)


def _not_understood(sentence: str, line: int, path: str) -> list[Finding]:
    if not _BEGINS.match(sentence):
        return []
    problem = f"{quoted(sentence)} is not understood"
    remedy = "Write `Default specialist model: sonnet` or `Override: NAME always uses opus (reason)`."
    return [Finding(path, line, "", problem, remedy, "warning", "prose-unclear")]


def _twice(sentence: str, key: str, line: int, first: int, path: str) -> Finding:
    problem = f"{quoted(sentence)} says again what line {first} says"
    return Finding(
        path, line, key, problem, "Keep one; until then the first one counts.", "warning", "duplicate-key"
    )
