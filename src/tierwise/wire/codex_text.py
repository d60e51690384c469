"""Codex's harness text: what Codex writes into messages of the user, told apart from what a person typed.

On the wire both have the role `user`. Each part of a message is of one kind, known by how it begins and ends:

    "<environment_context> … </environment_context>"   NOTE        nobody's words
    "# AGENTS.md instructions for /dir …"              NOTE        a file's words
    "<skill>\\n<name>n</name>\\n<path>…/SKILL.md</path>" SKILL       a skill's instructions, injected for `$n`
    "Another language model started to solve …"        SUMMARY     what a compaction left
    "You are performing a CONTEXT CHECKPOINT …"        SUMMARISE   the order to write such a summary
    "<turn_aborted> … </turn_aborted>"                 CUT         what stood before is over

A part that is wholly inside one tag with an underscore in its name is the harness', whatever the tag: people
do not write such tags, and new ones come with every version. From an editor, a person's words stand behind a
heading, below what the editor says of open files.

Source: research/clients.md section 11; requests of Codex 0.169.0; rules.md section 5 (the user's own words).
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final, NamedTuple


class Part(Enum):
    """What one part of a user message is."""

    WORDS = auto()
    SKILL = auto()
    NOTE = auto()
    SUMMARY = auto()
    SUMMARISE = auto()
    CUT = auto()  # the turn before was broken off


class Injected(NamedTuple):
    """A skill that Codex put into the conversation; `path` is its SKILL.md as the client names it."""

    name: str
    path: str


OPENINGS: Final[tuple[tuple[str, Part], ...]] = (
    ("# AGENTS.md instructions", Part.NOTE),
    ("Another language model started to solve this problem and produced a summary", Part.SUMMARY),
    ("You are performing a CONTEXT CHECKPOINT COMPACTION.", Part.SUMMARISE),
    ("<turn_aborted>", Part.CUT),
)
_TAGGED: Final = re.compile(r"<([a-z]+(?:_[a-z]+)+)(?: [^>\n]*)?>.*</\1>", re.DOTALL)
_SKILL: Final = re.compile(
    r"<skill>\n<name>(?P<name>[^<\n]{1,200})</name>\n<path>(?P<path>[^<\n]{1,4096})</path>\n.*</skill>",
    re.DOTALL,
)
_REQUEST: Final = "## My request for Codex:"
_EDITOR: Final = "# Context from my IDE setup:"


def part_of(text: str) -> Part:
    """The kind of one part; what only begins like the harness' text is a person's words."""
    text = text.strip()
    for opening, part in OPENINGS:
        if text.startswith(opening):
            return part
    if text.startswith("<skill>") and _SKILL.fullmatch(text):
        return Part.SKILL
    return Part.NOTE if text.startswith("<") and _TAGGED.fullmatch(text) else Part.WORDS


def own_words(text: str) -> str:
    """A person's words in one part; "" if the harness wrote all of it."""
    if part_of(text) is not Part.WORDS:
        return ""
    if text.lstrip().startswith(_EDITOR):
        return text.partition(_REQUEST)[2].strip()
    return text.strip()


def injected_skill(text: str) -> Injected | None:
    """The skill that this part injects; None if it injects none."""
    found = _SKILL.fullmatch(text.strip())
    return Injected(found["name"].strip(), found["path"].strip()) if found else None
