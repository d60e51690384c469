"""Turns: what happened since a person last spoke, read from the end of the conversation.

    user    Map the page                              SAID      ← the turn begins
    agent   Skill(page-component-mapper)
    user    result "Launching skill: …" and its body  LAUNCHED
    agent   Read(src/app.tsx)
    user    result "…"                                          ← the request that is being made

A turn begins with a prompt, a typed /skill or a `!` command. Reminders, hook feedback, finished background
agents and words said while the agent is working do not begin one. In a subagent nobody speaks but programs:
its whole conversation is one turn, and nothing in it is a person's words.

Source: research/clients.md section 3; rules.md section 5.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from tierwise.wire.conversation import Conversation
from tierwise.wire.harness_text import own_words
from tierwise.wire.pieces import Act, Piece, pieces_of

_PROMPTS: Final = frozenset({Act.SAID, Act.OPENED})
_BEGINS: Final = _PROMPTS | {Act.TYPED, Act.RAN}
_SPOKEN: Final = frozenset({Act.SAID, Act.TYPED, Act.ASIDE})


@dataclass(frozen=True, slots=True)
class Turn:
    """The current turn: its pieces in order, and the index of the message that it begins in."""

    conversation: Conversation
    subagent: bool
    begins_at: int
    pieces: tuple[Piece, ...]

    @property
    def begins(self) -> bool:
        """Whether this very request is the turn's first."""
        return self.begins_at == self.conversation.last()

    @property
    def words(self) -> str:
        """What a person typed in it, a line each: prompts, /skill arguments and words said meanwhile.

        A text that begins like a skill's instructions is left out even where it is a quotation: whoever
        writes skills must never be able to speak for the user.
        """
        if self.subagent:
            return ""
        said = [own_words(piece.text) for piece in self.pieces if piece.act in _SPOKEN]
        return "\n".join(text for text in said if text)

    @property
    def key(self) -> str | None:
        """The same for every request of a turn, and another one for the next.

        None where the turn began before a compaction: only a memory of the session knows which it is.
        """
        first = self.pieces[0] if self.pieces else Piece(Act.SAID, self.begins_at)
        if first.act is Act.SUMMARY:
            return None
        said = f"{self.begins_at}\0{first.act.name}\0{first.skill}\0{first.text}"
        return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]


def turn_of(conversation: Conversation, *, subagent: bool = False) -> Turn:
    """The turn that the request belongs to; all of the conversation in a subagent or without a prompt."""
    found: list[list[Piece]] = []
    for index in range(len(conversation) - 1, -1, -1):
        here = pieces_of(conversation, index)
        start = None if subagent else _beginning(here)
        found.append(here[start:])
        if start is not None:
            break
    else:
        index = 0
    pieces = tuple(piece for message in reversed(found) for piece in message)
    return Turn(conversation, subagent, index, pieces)


def _beginning(pieces: list[Piece]) -> int | None:
    """Where in a message the latest turn begins; prompts that follow each other are one."""
    start = None
    before: Act | None = None
    for index, piece in enumerate(pieces):
        if piece.act in _BEGINS and not (piece.act in _PROMPTS and before in _PROMPTS):
            start = index
        before = piece.act
    return start
