"""Conversations: who said what, in either protocol, so that a script need not know the difference.

    user: "map the page"          ← the prompt: the last user message that answers no tool
    assistant: calls Skill        ┐
    user: result of Skill         │ step 1     steps count the assistant's messages since the prompt
    assistant: calls Read         ┘
    user: result of Read            step 2     ← a turn plays its third step now

System messages in mid-conversation and `<system-reminder>` text are nobody's prompt.

Source: research/clients.md sections 2 and 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tierwise.simulator.request import Request

_REMINDER: Final = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
MAX_TEXT_DEPTH: Final = 8
"""Lists and blocks within each other; a tool result that holds text blocks needs five."""
_SYSTEM_ROLES: Final = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a script can ask about a conversation; texts are "" and sets empty where there is nothing.

    `last_user` is all that the user's side said since the assistant, tool results included; `results`
    names the tools that those results belong to; `tools` are the tools on offer.
    """

    system: str = ""
    first_user: str = ""
    last_user: str = ""
    prompt: str = ""
    step: int = 0
    tools: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()
    messages: int = 0


@dataclass(frozen=True, slots=True)
class _Message:
    role: str
    text: str
    answers: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_prompt(self) -> bool:
        return self.role == "user" and not self.answers and bool(_without_reminders(self.text))


def conversation_of(request: Request) -> Conversation:
    """The conversation in a request of either protocol; parts that are not understood are left out."""
    raw = _mappings(request.body.get("messages"))
    messages = [_message_of(message) for message in raw]
    spoken = [message for message in messages if message.role not in _SYSTEM_ROLES]
    users = [message for message in spoken if message.role == "user"]
    last = list(_since_assistant(spoken))
    names = {call: name for message in spoken for call, name in message.calls.items()}
    prompt_at = max((at for at, message in enumerate(spoken) if message.is_prompt), default=-1)
    return Conversation(
        system="\n".join(
            [
                _text_of(request.body.get("system")),
                *(message.text for message in messages if message.role in _SYSTEM_ROLES),
            ]
        ).strip("\n"),
        first_user=users[0].text if users else "",
        last_user="\n".join(message.text for message in last),
        prompt=_without_reminders(spoken[prompt_at].text) if prompt_at >= 0 else "",
        step=sum(1 for message in spoken[prompt_at + 1 :] if message.role == "assistant"),
        tools=frozenset(_tool_names(request.body.get("tools"))),
        results=frozenset(names[call] for message in last for call in message.answers if call in names),
        messages=len(raw),
    )


def _message_of(message: Mapping[str, object]) -> _Message:
    content = message.get("content")
    if message.get("role") == "tool":
        return _Message("user", _text_of(content), answers=(str(message.get("tool_call_id")),))
    blocks = _mappings(content)
    answers = tuple(str(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result")
    calls = {str(b.get("id")): str(b.get("name")) for b in blocks if b.get("type") == "tool_use"}
    for call in _mappings(message.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, Mapping):
            calls[str(call.get("id"))] = str(function.get("name"))
    return _Message(str(message.get("role")), _text_of(content), answers, calls)


def _since_assistant(messages: Sequence[_Message]) -> Iterator[_Message]:
    """The user's messages behind the last one of the assistant, in their order."""
    last = max((at for at, message in enumerate(messages) if message.role == "assistant"), default=-1)
    return (message for message in messages[last + 1 :] if message.role == "user")


def _text_of(content: object, depth: int = MAX_TEXT_DEPTH) -> str:
    """The text in a string, a block or a list of blocks, results of tools included; "" below the depth."""
    if isinstance(content, str):
        return content
    if depth == 0:
        return ""
    if isinstance(content, Mapping):
        text = content.get("text")
        return text if isinstance(text, str) else _text_of(content.get("content"), depth - 1)
    if isinstance(content, list):
        return "\n".join(filter(None, (_text_of(item, depth - 1) for item in content)))
    return ""


def _tool_names(tools: object) -> Iterator[str]:
    for tool in _mappings(tools):
        function = tool.get("function")
        name = function.get("name") if isinstance(function, Mapping) else tool.get("name", tool.get("type"))
        yield str(name)


def _mappings(value: object) -> list[Mapping[str, object]]:
    items: Iterable[object] = value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, Mapping)]


def _without_reminders(text: str) -> str:
    return _REMINDER.sub("", text).strip()
