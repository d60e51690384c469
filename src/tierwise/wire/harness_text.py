"""Harness text: what a coding agent writes into the user's messages, told apart from what a person typed.

On the wire both have the role `user`. Each text block is of one kind, known by how it begins; a block that
begins like none of them is a person's. Position decides the rest: a skill's body is only believed where the
harness puts it (`pieces`), because anybody can type its first words.

    "<system-reminder> … </system-reminder>"                NOTE        nobody's words
    "<command-message>n</command-message>\n<command-name>…" COMMAND     a typed /skill; its body follows
    "Base directory for this skill: /dir\n\n# Body"         BODY        a skill's instructions
    "[Request interrupted by user]"                         CUT         what stood before is over

Golden captures of Claude Code 2.1.330 hold every kind but those that say so.

Source: research/clients.md section 3; rules.md section 5 (the user's own words only).
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What a text block in a user message is."""

    WORDS = auto()  # a person's, or a model's that speaks to a subagent
    ASIDE = auto()  # a person's words, said while the agent was working: no new turn
    COMMAND = auto()  # a typed /skill, or a skill loaded with an agent
    BODY = auto()  # a skill's instructions
    LOADED = auto()  # stands in for instructions that were loaded before
    SHELL = auto()  # a command that a person ran with `!`
    CUT = auto()  # ends an answer that a person broke off, or the record of a command that the client ran
    SUMMARY = auto()  # what compaction left of the conversation
    SUMMARISE = auto()  # the order to write such a summary
    NOTE = auto()  # anything else that the harness says


OPENINGS: Final[tuple[tuple[str, Kind], ...]] = (
    ("<system-reminder>", Kind.NOTE),
    ("<command-message>", Kind.COMMAND),
    ("Base directory for this skill: ", Kind.BODY),
    ("Skill /", Kind.LOADED),
    ("(Re-invocation of /", Kind.NOTE),
    ("The user sent a new message while you were working:\n", Kind.ASIDE),
    ("[Request interrupted by user", Kind.CUT),
    ("<bash-input>", Kind.SHELL),
    ("<bash-stdout>", Kind.NOTE),
    ("<bash-stderr>", Kind.NOTE),
    ("<local-command-caveat>", Kind.NOTE),
    ("<command-name>/", Kind.NOTE),
    ("<local-command-stdout>", Kind.CUT),
    ("<local-command-stderr>", Kind.CUT),
    ("<task-notification>", Kind.NOTE),  # by the protocol text: 2.1.330 wraps it in a reminder
    ("Stop hook feedback:\n[", Kind.NOTE),
    ("This session is being continued from a previous conversation", Kind.SUMMARY),
    ("CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n", Kind.SUMMARISE),
)
"""How each kind begins; the first that fits."""

_COMMAND: Final = re.compile(
    r"<command-message>[^<\n]*</command-message>\n<command-name>/?(?P<name>[^<\n]+)</command-name>"
    r"(?:\n<command-args>(?P<args>.*)</command-args>)?(?P<preloaded>\n<skill-format>true</skill-format>)?\s*",
    re.DOTALL,
)
_BODY: Final = re.compile(r"Base directory for this skill: (?P<dir>\S[^\n]{0,4095})(?:\n|$)")
_LOADED: Final = re.compile(r"Skill /(?P<name>\S+) is already loaded above; instructions unchanged\.")
_WHOLE: Final = {Kind.COMMAND: _COMMAND.fullmatch, Kind.BODY: _BODY.match, Kind.LOADED: _LOADED.match}
_ASIDE_END: Final = "\n\nThis is how Claude Code surfaces messages"
_REMINDER: Final = ("<system-reminder>", "</system-reminder>")


def kind_of(text: str) -> Kind:
    """The kind of one text block; what only begins like a harness' text is a person's words."""
    kind = next((kind for opening, kind in OPENINGS if text.startswith(opening)), Kind.WORDS)
    whole = _WHOLE.get(kind)
    if whole is not None and not whole(text):
        return Kind.WORDS
    if kind is Kind.NOTE and text.startswith(_REMINDER[0]) and own_words(text):
        return Kind.WORDS
    return kind


def own_words(text: str) -> str:
    """A person's text without reminders around it: what stands before the first and behind the last one.

    Between two reminders nobody is believed: a file that a reminder quotes could close it and go on.
    """
    head, opened, rest = text.partition(_REMINDER[0])
    _, closed, tail = rest.rpartition(_REMINDER[1])
    if not opened or not closed:
        return text.strip()
    return f"{head.strip()}\n{tail.strip()}".strip()


def aside_words(text: str) -> str:
    """What the person said while the agent was working, without the harness' words around it."""
    return text.partition("\n")[2].partition(_ASIDE_END)[0].strip()


def command_of(text: str) -> tuple[str, str, bool]:
    """Name, arguments, and whether it came with an agent (`skills:`), of a COMMAND."""
    found = _COMMAND.fullmatch(text)
    assert found is not None, "only a whole command is of this kind"
    return found["name"], found["args"] or "", found["preloaded"] is not None


def base_dir_of(text: str) -> str | None:
    """The folder that a BODY names; None for instructions that come without one."""
    found = _BODY.match(text)
    return found["dir"].rstrip() if found else None


def arguments_of(text: str) -> str:
    """The arguments that the harness put behind a BODY; "" if there are none."""
    return text.rpartition("\n\nARGUMENTS: ")[2].strip() if "\n\nARGUMENTS: " in text else ""
