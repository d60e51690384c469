"""Hooks: what Claude Code tells at a moment of its own, and what it can be answered.

    {"hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": {…}, …}     ──►  HookEvent
    {"hookSpecificOutput": {"updatedInput": {…whole input…}}, "systemMessage": "…"}   ◄──  HookAnswer

| said in | who gets it |
|---|---|
| `message` | the user, as a line beside the conversation; never the model, nor at a subagent's start |
| `context` | the model: it becomes part of the client's own history, behind what is there |
| `denied` | the model, as the tool's error |

An input is changed without a word on permission, so whatever the user has to be asked is still asked.

Source: research/clients.md section 5; tried with Claude Code 2.1.330 and 2.1.197.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tierwise.wire.conversation import read_or_none
from tierwise.wire.harness_text import Kind, kind_of, own_words

MAX_EVENT_BYTES: Final = 8 * 1024 * 1024
ID_CHARACTERS_MAX: Final = 200
COMMAND_WORD_CHARACTERS_MAX: Final = 200


class HookEvent(msgspec.Struct, frozen=True):
    """One event; what it does not have is empty. `agent_id` is of the subagent in which it happens."""

    hook_event_name: str = ""
    session_id: str = ""
    prompt_id: str = ""
    cwd: str = ""
    agent_id: str = ""
    agent_type: str = ""
    tool_name: str = ""
    tool_use_id: str = ""
    tool_input: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)
    prompt: str = ""
    reason: str = ""

    def input_text(self, name: str) -> str:
        """A text among the tool's input; "" without it."""
        return read_or_none(_text, self.tool_input.get(name, _NOTHING)) or ""

    def input_with(self, name: str, value: str) -> dict[str, msgspec.Raw]:
        """The tool's whole input with another text under that name."""
        return {**self.tool_input, name: msgspec.Raw(msgspec.json.encode(value))}


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What to answer; nothing at all by default. `input` is the tool's whole input, changed."""

    context: str = ""
    message: str = ""
    denied: str = ""
    input: Mapping[str, msgspec.Raw] = field(default_factory=dict)

    def as_json(self, event: str) -> dict[str, Any]:
        """The answer to an event of that name."""
        special: dict[str, Any] = {}
        if self.denied:
            special |= {"permissionDecision": "deny", "permissionDecisionReason": self.denied}
        elif self.input:
            special["updatedInput"] = dict(self.input)
        if self.context:
            special["additionalContext"] = self.context
        said: dict[str, Any] = {"systemMessage": self.message} if self.message else {}
        return said | ({"hookSpecificOutput": {"hookEventName": event, **special}} if special else {})


NO_ANSWER: Final = HookAnswer()
_NOTHING: Final = msgspec.Raw(b"null")
_event: Final = msgspec.json.Decoder(HookEvent)
_text: Final = msgspec.json.Decoder(str)


def read_event(body: bytes) -> HookEvent | None:
    """The event; None if it cannot be read, or names neither an event nor a session."""
    event = read_or_none(_event, body) if len(body) <= MAX_EVENT_BYTES else None
    if event is None or not event.hook_event_name or not event.session_id:
        return None
    ids = (event.session_id, event.prompt_id, event.agent_id, event.agent_type, event.tool_use_id)
    return event if max(map(len, ids)) <= ID_CHARACTERS_MAX else None


def typed_skill(prompt: str) -> tuple[str, str]:
    """Name and arguments of a `/skill` that the prompt is; ("", the prompt) for any other."""
    head, *rest = prompt.split(None, 1) or [""]
    if not head.startswith("/") or not 1 < len(head) <= COMMAND_WORD_CHARACTERS_MAX or "/" in head[1:]:
        return "", prompt
    return head[1:], rest[0].strip() if rest else ""


def words_of(prompt: str) -> str | None:
    """What a person said in the prompt, a skill's arguments included; None if the client itself speaks."""
    if kind_of(prompt) is not Kind.WORDS:
        return None
    return own_words(typed_skill(prompt)[1])
