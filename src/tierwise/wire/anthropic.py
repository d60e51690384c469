"""Anthropic Messages: what a request says, and the two values in it that routing may change.

Only a handful of members is ever read; the rest stays bytes. A request that is not changed goes out as it
came; in one that is, only the bytes of the changed value are others.

Source: rules.md section 6; research/clients.md sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tierwise.core.holds import CacheWrites
from tierwise.errors import WireError
from tierwise.wire.callers import (
    agent_of,
    class_of,
    fingerprint_of,
    in_subagent,
    named,
    project_of,
    session_of,
    summarises,
)
from tierwise.wire.clients import client_of
from tierwise.wire.conversation import Conversation, read_or_none
from tierwise.wire.json_splice import Span, element_spans, members_of, replaced, value_spans
from tierwise.wire.requests import ModelRequest, model_in, text_bytes_of
from tierwise.wire.skills_in_use import skill_in_use
from tierwise.wire.turns import turn_of


class _OutputConfig(msgspec.Struct, frozen=True):
    effort: str | None = None


class _Thinking(msgspec.Struct, frozen=True):
    type: str = ""
    budget_tokens: int = 0


class _Message(msgspec.Struct, frozen=True):
    output_config: _OutputConfig | None = None

    @property
    def effort(self) -> str | None:
        return self.output_config.effort if self.output_config else None


_NOTHING: Final = msgspec.Raw(b"null")
_flag: Final = msgspec.json.Decoder(bool)
_number: Final = msgspec.json.Decoder(int)
_output_config: Final = msgspec.json.Decoder(_OutputConfig)
_thinking: Final = msgspec.json.Decoder(_Thinking)
_messages: Final = msgspec.json.Decoder(list[_Message])


def read_request(headers: Mapping[str, str], path: str, body: bytes) -> ModelRequest:
    """The request; `headers` have lower-case names, `path` is the target with or without its query.

    Raises WireError if the body is not a JSON object or names no model. Anything else that is strange is
    left out: it is the provider's business.
    """
    members = members_of(body)
    model = model_in(members, "claude-opus-5-5")
    messages = Conversation(members.get("messages", _NOTHING))
    subagent = in_subagent(headers, members)
    turn = turn_of(messages, subagent=subagent)
    request_class = class_of(headers, path, members, messages)
    config = read_or_none(_output_config, members.get("output_config", _NOTHING))
    thinking = read_or_none(_thinking, members.get("thinking", _NOTHING)) or _Thinking()
    return ModelRequest(
        model=model,
        stream=read_or_none(_flag, members.get("stream", _NOTHING)) or False,
        max_tokens=read_or_none(_number, members.get("max_tokens", _NOTHING)),
        thinking_tokens=thinking.budget_tokens if thinking.type == "enabled" else 0,
        text_bytes=text_bytes_of(body),
        cache_writes=_cache_writes(body),
        effort=config.effort if config else None,
        session=session_of(headers, members, messages),
        agent=agent_of(headers) or (f"begun-{turn.key or 'earlier'}" if subagent else ""),
        parent_agent=named(headers, "x-claude-code-parent-agent-id"),
        subagent=subagent,
        request_class=request_class,
        turn=named(headers, "x-claude-code-prompt-id") or turn.key,
        turn_begins=turn.begins,
        project=project_of(path),
        key=fingerprint_of(headers),
        user_words="" if request_class == "auxiliary" else turn.words,
        skill=skill_in_use(turn),
        tool_result_pending=_pending(messages),
        summarises=summarises(headers, request_class, members),
        client=client_of(headers),
    )


def _cache_writes(body: bytes) -> CacheWrites:
    """The longest life asked of the cache; rather too long than too short, for that is the dearer one."""
    if b"cache_control" not in body:
        return "none"
    return "1h" if b'"1h"' in body else "5m"


def _pending(messages: Conversation) -> bool:
    """Whether the request answers a tool call: its thinking must go back to the model that did it."""
    last = messages.last()
    return last >= 0 and any(block.type == "tool_result" for block in messages.blocks(last))


def with_max_tokens(body: bytes, max_tokens: int) -> bytes:
    """The body asking for no more than so many tokens, every other byte as it was.

    Raises WireError if it names no `max_tokens`: the provider demands one, so there is nothing to change.
    """
    spans = value_spans(body, ("max_tokens",))
    if not spans:
        raise WireError("the body names no `max_tokens`, so there is none to lower")
    return replaced(body, spans, msgspec.json.encode(max_tokens))


def with_effort(body: bytes, effort: str) -> bytes:
    """The body asking for another effort, every other byte as it was; unchanged where it asks for none.

    A model that takes no effort must not be sent one. Claude Code says it twice: in `output_config`, and in
    the last message that has an `output_config` of its own. Both are changed, earlier messages are not.
    """
    spans = value_spans(body, ("output_config", "effort"))
    if not spans:
        return body
    for array in value_spans(body, ("messages",)):
        spans += _last_effort(body, array)
    return replaced(body, spans, msgspec.json.encode(effort))


def _last_effort(body: bytes, array: Span) -> list[Span]:
    """Where the last message that names an effort does so."""
    start, end = array
    messages = read_or_none(_messages, body[start:end]) or []
    named = [index for index, message in enumerate(messages) if message.effort]
    if not named:
        return []
    start, end = element_spans(body, array)[named[-1]]
    spans = value_spans(body[start:end], ("output_config", "effort"))
    return [(start + low, start + high) for low, high in spans]
