"""Pieces: what each block of a user message did, whoever wrote it.

    result of Skill "Launching skill: page-component-mapper"  ┐
    "Base directory for this skill: /shop/.claude/…"          ┘  LAUNCHED page-component-mapper
    "<command-message>…<command-args>src/app.tsx…"            ┐
    "Base directory for this skill: /shop/.claude/…"          ┘  TYPED    page-component-mapper
    "thanks, what else?"                                         SAID

A skill's instructions are believed only where the harness puts them, for anybody can type their first words:
beside the result of a call of the Skill tool, or right behind a whole command block of their own. A tool's
result and a file are never text blocks of a user message, so nothing in them is ever taken for a marker.

Source: research/clients.md sections 3 and 12.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

import msgspec

from tierwise.wire.conversation import Block, Conversation, blocks_of, read_or_none
from tierwise.wire.harness_text import Kind, aside_words, base_dir_of, command_of, kind_of, own_words
from tierwise.wire.opencode import LOADED, SKILL_TOOL, loaded_skill, typed_skill

_LAUNCHING: Final = "Launching skill: "
_LAUNCHING_WITHIN: Final = 80
"""So many bytes of a result are looked at for these words: enough for a text in a list of blocks."""

_LOADED: Final = b"<skill_content "
_ASIDE: Final = b"The user sent a new message while you were working:"


class Act(Enum):
    """What a piece did."""

    SAID = auto()  # a prompt
    ASIDE = auto()  # words said while the agent was working
    TYPED = auto()  # a /skill with its instructions
    RAN = auto()  # a `!` command
    LAUNCHED = auto()  # the Skill tool, called by the model
    PRELOADED = auto()  # a skill that came with the agent's definition
    OPENED = auto()  # instructions that nothing announced: a forked skill's subagent, or a quotation
    CUT = auto()  # what stands before is over
    SUMMARY = auto()  # what a compaction left


@dataclass(frozen=True, slots=True)
class Piece:
    """One act, in the message with index `at`. `text` holds words or arguments.

    `skill` names the skill that was loaded, "" if none was; `base_dir` is None where its instructions came
    without one, and `reloaded` says that they stand further above in the conversation.
    """

    act: Act
    at: int
    text: str = ""
    skill: str = ""
    base_dir: str | None = None
    reloaded: bool = False


def pieces_of(conversation: Conversation, index: int) -> list[Piece]:
    """What one message did, in order: only asides in a `role: system` one, nothing in an answer."""
    role = conversation.role(index)
    if role == "user" and _speaks(conversation.raw(index)):
        reader = _Reader(conversation, index)
        for block in conversation.blocks(index):
            reader.read(block)
        return reader.end()
    if role == "system" and _ASIDE in conversation.raw(index):
        texts = (block.text for block in conversation.blocks(index))
        return [Piece(Act.ASIDE, index, aside_words(text)) for text in texts if kind_of(text) is Kind.ASIDE]
    return []


def _speaks(raw: bytes) -> bool:
    """Whether a message can hold more than plain results: most of a long turn's messages cannot."""
    return raw.startswith(b'"') or b'"text"' in raw or _LAUNCHING.encode() in raw or _LOADED in raw


class _Reader:
    """Reads the blocks of one user message into pieces."""

    def __init__(self, conversation: Conversation, index: int) -> None:
        self._conversation = conversation
        self._index = index
        self._pieces: list[Piece] = []
        self._launched: list[int] = []  # places of pieces that still wait for their instructions
        self._command: str | None = None  # a command whose instructions must come next

    def read(self, block: Block) -> None:
        if block.type == "tool_result":
            self._read_result(block)
        elif block.type == "text":
            self._read_text(block.text)

    def end(self) -> list[Piece]:
        self._drop_command()
        return self._pieces

    def _read_result(self, block: Block) -> None:
        """The Skill tool's own result launches a skill; any other result is only a result."""
        start = bytes(memoryview(block.content)[:_LAUNCHING_WITHIN])
        if _LOADED in start:
            self._read_loaded(block)
        if _LAUNCHING.encode() not in start:
            return
        text = next((part.text for part in blocks_of(block.content)), "")
        args = _skill_calls(self._conversation, self._index).get(block.tool_use_id)
        if text.startswith(_LAUNCHING) and args is not None:
            self._launched.append(len(self._pieces))
            self._add(Act.LAUNCHED, args, text.removeprefix(_LAUNCHING).partition("\n")[0].strip())

    def _read_loaded(self, block: Block) -> None:
        """opencode's skill tool brings the instructions in its result."""
        text = next((part.text for part in blocks_of(block.content)), "")
        skill = loaded_skill(text) if text.startswith(LOADED) else None
        if skill and block.tool_use_id in _skill_calls(self._conversation, self._index, SKILL_TOOL):
            self._add(Act.LAUNCHED, "", skill.name, skill.base_dir)

    def _read_text(self, text: str) -> None:
        typed = typed_skill(text) if self._command is None and not self._launched else None
        if typed is not None:
            self._add(Act.TYPED, typed.args, typed.name, typed.base_dir)
            return
        kind = kind_of(text)
        if kind in (Kind.BODY, Kind.LOADED, Kind.WORDS):
            self._read_prose(text, kind)
            return
        self._drop_command()
        if kind is Kind.COMMAND:
            self._command = text
        elif kind is Kind.CUT:
            self._launched.clear()
            self._add(Act.CUT)
        elif kind is Kind.ASIDE:
            self._add(Act.ASIDE, aside_words(text))
        elif kind is Kind.SHELL:
            self._add(Act.RAN)
        elif kind is Kind.SUMMARY:
            self._add(Act.SAID if self._index else Act.SUMMARY, text)

    def _read_prose(self, text: str, kind: Kind) -> None:
        """Instructions where instructions are due; somebody's words everywhere else."""
        if self._command is not None:
            name, args, preloaded = command_of(self._command)
            self._command = None
            self._add(Act.PRELOADED if preloaded else Act.TYPED, args, name, base_dir_of(text))
        elif self._launched:
            place = self._launched.pop(0)
            reloaded = kind is Kind.LOADED
            self._pieces[place] = replace(self._pieces[place], base_dir=base_dir_of(text), reloaded=reloaded)
        elif kind is Kind.BODY:
            self._add(Act.OPENED, text)
        else:
            self._add(Act.SAID, own_words(text))

    def _drop_command(self) -> None:
        """A command without instructions loads nothing: its arguments are words like any other."""
        if self._command is not None:
            self._add(Act.SAID, command_of(self._command)[1])
            self._command = None

    def _add(self, act: Act, text: str = "", skill: str = "", base_dir: str | None = None) -> None:
        self._pieces.append(Piece(act, self._index, text, skill, base_dir))


class _SkillCall(msgspec.Struct, frozen=True):
    args: str = ""


_skill_call: Final = msgspec.json.Decoder(_SkillCall)


def _skill_calls(conversation: Conversation, index: int, tool: str = "Skill") -> dict[str, str]:
    """The calls of the skill tool that the user message at `index` answers: id → arguments."""
    for earlier in conversation.backwards("assistant", index):
        return dict(_calls_in(conversation.blocks(earlier), tool))
    return {}


def _calls_in(blocks: Iterable[Block], tool: str) -> Iterable[tuple[str, str]]:
    for block in blocks:
        if block.type == "tool_use" and block.name == tool:
            call = read_or_none(_skill_call, block.input)
            yield block.id, call.args if call is not None else ""
