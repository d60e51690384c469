"""Conversations: who said what, in any protocol, so that a script need not know the difference.

    user: "map the page"          ← the prompt: the last user message that answers no tool
    assistant: calls Skill        ┐
    user: result of Skill         │ step 1     steps count the assistant's messages since the prompt
    assistant: calls Read         ┘
    user: result of Read            step 2     ← a turn plays its third step now

System messages in mid-conversation and `<system-reminder>` text are nobody's prompt.

Source: research/clients.md sections 2, 3 and 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tierwise.simulator.request import Request
from tierwise.simulator.response_items import messages_in, tools_in
from tierwise.simulator.spoken import Message, mappings, text_of

_REMINDER: Final = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
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


def conversation_of(request: Request) -> Conversation:
    """The conversation in a request of any protocol; parts that are not understood are left out."""
    responses = request.api == "responses"
    messages = (
        messages_in(request.body.get("input"))
        if responses
        else [_message_of(message) for message in mappings(request.body.get("messages"))]
    )
    spoken = [message for message in messages if message.role not in _SYSTEM_ROLES]
    users = [message for message in spoken if message.role == "user"]
    last = list(_since_assistant(spoken))
    names = {call: name for message in spoken for call, name in message.calls.items()}
    prompt_at = max((at for at, message in enumerate(spoken) if message.is_prompt), default=-1)
    return Conversation(
        system="\n".join(
            [
                text_of(request.body.get("instructions" if responses else "system")),
                *(message.text for message in messages if message.role in _SYSTEM_ROLES),
            ]
        ).strip("\n"),
        first_user=next((message for message in users if message.words), users[0]).text if users else "",
        last_user="\n".join(message.text for message in last),
        prompt=spoken[prompt_at].words if prompt_at >= 0 else "",
        step=sum(1 for message in spoken[prompt_at + 1 :] if message.role == "assistant"),
        tools=frozenset(tools_in(request.body) if responses else _tool_names(request.body.get("tools"))),
        results=frozenset(names[call] for message in last for call in message.answers if call in names),
        messages=len(messages),
    )


def _message_of(message: Mapping[str, object]) -> Message:
    content = message.get("content")
    if message.get("role") == "tool":
        return Message("user", text_of(content), answers=(str(message.get("tool_call_id")),))
    blocks = mappings(content)
    answers = tuple(str(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result")
    calls = {str(b.get("id")): str(b.get("name")) for b in blocks if b.get("type") == "tool_use"}
    for call in mappings(message.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, Mapping):
            calls[str(call.get("id"))] = str(function.get("name"))
    text = text_of(content)
    return Message(str(message.get("role")), text, answers, calls, _without_reminders(text))


def _since_assistant(messages: Sequence[Message]) -> Iterator[Message]:
    """The user's messages behind the last one of the assistant, in their order."""
    last = max((at for at, message in enumerate(messages) if message.role == "assistant"), default=-1)
    return (message for message in messages[last + 1 :] if message.role == "user")


def _tool_names(tools: object) -> Iterator[str]:
    for tool in mappings(tools):
        function = tool.get("function")
        name = function.get("name") if isinstance(function, Mapping) else tool.get("name", tool.get("type"))
        yield str(name)


def _without_reminders(text: str) -> str:
    return _REMINDER.sub("", text).strip()
