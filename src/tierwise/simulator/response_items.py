"""Response items: the `input` of a Responses request as messages, and the tools that stand in it.

    message, reasoning, function_call …   ┐ what follows each other on the assistant's side is one answer
    function_call, custom_tool_call …     ┘
    …_output                                a result, on the user's side
    agent_message                           a subagent's task is its prompt; other messages are none
    additional_tools                        tools, where a client puts them into the conversation

What Codex itself writes in the user's name is nobody's prompt.

Source: research/clients.md section 11; requests of Codex 0.169.0; the types of `openai` 3.54.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from tierwise.simulator.spoken import Message, mappings, text_of
from tierwise.wire.codex_text import own_words

_NEW_TASK: Final = "Message Type: NEW_TASK"
_SEALED: Final = "encrypted_content"
MAX_TOOL_DEPTH: Final = 4
"""Namespaces within each other."""


def messages_in(value: object) -> list[Message]:
    """The messages of an `input`: a text is one of the user's."""
    if isinstance(value, str):
        return [Message("user", value, words=value.strip())]
    return list(_joined(_message_of(item) for item in mappings(value)))


def tools_in(body: Mapping[str, object]) -> Iterator[str]:
    """The names of all tools on offer: of the request, in its input, and inside namespaces."""
    yield from _names(body.get("tools"), MAX_TOOL_DEPTH)
    for item in mappings(body.get("input")):
        if item.get("type") == "additional_tools":
            yield from _names(item.get("tools"), MAX_TOOL_DEPTH)


def _names(tools: object, depth: int) -> Iterator[str]:
    for tool in mappings(tools):
        if tool.get("type") == "namespace" and depth:
            yield from _names(tool.get("tools"), depth - 1)
        else:
            yield str(tool.get("name", tool.get("type")))


def _joined(messages: Iterable[Message | None]) -> Iterator[Message]:
    """The messages, those of the assistant that follow each other as one."""
    last: Message | None = None
    for message in messages:
        if message is None:
            continue
        if last is not None and last.role == message.role == "assistant":
            text = "\n".join(filter(None, (last.text, message.text)))
            last = replace(last, text=text, calls={**last.calls, **message.calls})
            continue
        if last is not None:
            yield last
        last = message
    if last is not None:
        yield last


def _message_of(item: Mapping[str, object]) -> Message | None:
    """One item as a message; None for one that nobody says: tools, settings, references."""
    kind = str(item.get("type", "message"))
    if kind == "message":
        return _said(item)
    if kind == "agent_message":
        return _from_agent(item)
    if kind.endswith("_output"):
        return Message("user", text_of(item.get("output")), answers=(str(item.get("call_id")),))
    if kind == "reasoning" or kind.endswith("_call"):
        calls = {str(item["call_id"]): str(item.get("name", kind))} if "call_id" in item else {}
        return Message("assistant", "", calls=calls)
    return None


def _said(item: Mapping[str, object]) -> Message:
    content, role = item.get("content"), str(item.get("role"))
    if role != "user":
        return Message(role, text_of(content))
    parts = [content] if isinstance(content, str) else [text_of(part) for part in mappings(content)]
    words = "\n".join(filter(None, map(own_words, parts)))
    return Message(role, text_of(content), words=words)


def _from_agent(item: Mapping[str, object]) -> Message:
    """What one agent says to another: the payload may be sealed, which the simulator does not do."""
    parts = mappings(item.get("content"))
    heading = text_of(parts[:1])
    payload = "\n".join(text_of(part) or str(part.get(_SEALED, "")) for part in parts[1:])
    if heading.startswith(_NEW_TASK):
        return Message("user", payload, words=payload.strip())
    return Message("user", "\n".join(filter(None, (heading, payload))), answers=("agent",))
