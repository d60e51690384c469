"""Callers: who sends a request, as far as headers, path and body say.

| fact | from, best first |
|---|---|
| session | `x-tierwise-session`, `x-claude-code-session-id`, `metadata`, opencode's, a hash |
| class | `x-claude-code-request-class`, else the mark that each class leaves in the body |
| title or summary | `x-claude-1p-request-class`, else the schema of a title; never with tools |
| subagent | its class, its id, the client's mark in the system prompt, the prompts of its own agents |
| project | the path in front of the API: `/p/NAME/v1/messages` |

The credential is read only to be fingerprinted, so that a ledger can tell keys apart without holding one.

Source: research/clients.md sections 2, 4 and 12; rules.md section 10.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import msgspec

from tierwise.wire import opencode
from tierwise.wire.clients import client_of
from tierwise.wire.conversation import Block, Conversation, blocks_of, read_or_none
from tierwise.wire.harness_text import Kind, kind_of

ID_CHARACTERS_MAX: Final = 200
"""What a client names is cut here: it ends up in every ledger entry."""

Members = Mapping[str, msgspec.Raw]
"""The members of a body, unread."""

_PROJECT: Final = re.compile(r"/p/([^/?]+)/v1/")
_AGENT_PROMPT: Final = " for Claude Code, Anthropic's official CLI"
_AGENT_PROMPT_WITHIN: Final = 160
_SESSION_IN_USER_ID: Final = re.compile(r"_session_([0-9A-Za-z-]+)$")
_NOTHING: Final = msgspec.Raw(b"null")


class _Metadata(msgspec.Struct, frozen=True):
    user_id: str = ""
    session_id: str = ""


class _Schema(msgspec.Struct, frozen=True):
    properties: dict[str, msgspec.Raw] = {}


class _Format(msgspec.Struct, frozen=True):
    type: str = ""
    schema: msgspec.Raw = _NOTHING


class _OutputConfig(msgspec.Struct, frozen=True):
    format: _Format | None = None


_metadata: Final = msgspec.json.Decoder(_Metadata)
_output_config: Final = msgspec.json.Decoder(_OutputConfig)
_schema: Final = msgspec.json.Decoder(_Schema)
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])


def named(headers: Mapping[str, str], name: str) -> str:
    """What a header says, cut to `ID_CHARACTERS_MAX`; "" without it."""
    return headers.get(name, "").strip()[:ID_CHARACTERS_MAX]


def session_of(headers: Mapping[str, str], members: Members, messages: Conversation) -> str:
    """The session that the request belongs to; never ""."""
    metadata = read_or_none(_metadata, members.get("metadata", _NOTHING)) or _Metadata()
    inner = read_or_none(_metadata, metadata.user_id.encode(errors="replace")) or _Metadata()
    older = _SESSION_IN_USER_ID.search(metadata.user_id)
    candidates = (
        named(headers, "x-tierwise-session"),
        named(headers, "x-claude-code-session-id"),
        inner.session_id[:ID_CHARACTERS_MAX],
        metadata.session_id[:ID_CHARACTERS_MAX],
        older[1][:ID_CHARACTERS_MAX] if older else "",
        *(named(headers, name) for name in opencode.SESSION_HEADERS),
    )
    return next((name for name in candidates if name), "") or f"begun-{_beginning(members, messages)}"


def _beginning(members: Members, messages: Conversation) -> str:
    """A hash of the system prompt and the first message: their texts alone, for cache marks move."""
    first = next((index for index in range(len(messages)) if messages.role(index) == "user"), None)
    opening = messages.blocks(first) if first is not None else ()
    said = "\0".join(block.text for block in (*_system(members), *opening))
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]


def class_of(headers: Mapping[str, str], path: str, members: Members, messages: Conversation) -> str:
    """main, subagent, auxiliary, compaction, or another class that the client's header names."""
    if header := named(headers, "x-claude-code-request-class"):
        return header
    if client_of(headers) == "opencode" and not _has_tools(members):
        return opencode.side_class(block.text for at in range(len(messages)) for block in messages.blocks(at))
    if path.partition("?")[0].endswith("/count_tokens") or _wants_only_json(members):
        return "auxiliary"
    if _orders_summary(messages):
        return "compaction"
    return "subagent" if in_subagent(headers, members) else "main"


def _wants_only_json(members: Members) -> bool:
    """Whether the request has a schema for its answer and no tools: how titles are asked for."""
    format = _format_of(members)
    return format is not None and format.type == "json_schema" and not _has_tools(members)


def _format_of(members: Members) -> _Format | None:
    config = read_or_none(_output_config, members.get("output_config", _NOTHING))
    return config.format if config is not None else None


def _has_tools(members: Members) -> bool:
    tools = read_or_none(_list, members.get("tools", _NOTHING))
    return bool(tools)


def summarises(headers: Mapping[str, str], request_class: str, members: Members) -> bool:
    """Whether an auxiliary request makes a title, a summary or the like, in a prompt of its own.

    Others of the class must keep the main model: those that keep its cache warm or read from it, searches,
    and the judges of what an agent may do. One with tools shares the conversation's prompt.
    """
    if request_class != "auxiliary" or _has_tools(members):
        return False
    if purpose := named(headers, "x-claude-1p-request-class"):
        return purpose == "summary-extraction"
    return client_of(headers) == "opencode" or _wants_title(members)


def _wants_title(members: Members) -> bool:
    format = _format_of(members)
    schema = read_or_none(_schema, format.schema) if format is not None else None
    return schema is not None and set(schema.properties) == {"title"}


def _orders_summary(messages: Conversation) -> bool:
    last = messages.last()
    texts = [block.text for block in messages.blocks(last) if block.type == "text"] if last >= 0 else []
    return bool(texts) and kind_of(texts[-1]) is Kind.SUMMARISE


def agent_of(headers: Mapping[str, str]) -> str:
    """The id that the client gives a subagent; "" in the main loop, and where it gives none."""
    own = named(headers, "x-session-id") if named(headers, opencode.PARENT_HEADER) else ""
    return named(headers, "x-claude-code-agent-id") or own


def in_subagent(headers: Mapping[str, str], members: Members) -> bool:
    """Whether a program speaks to this agent. A skill that is typed and forked has no id and no mark."""
    if headers.get("x-claude-code-request-class") == "subagent" or agent_of(headers):
        return True
    system = [block.text for block in _system(members)]
    if not system or not system[0].startswith("x-anthropic-billing-header:"):
        return False
    prompts = (text[:_AGENT_PROMPT_WITHIN] for text in system[2:])
    return "cc_is_subagent=true" in system[0] or any(_AGENT_PROMPT in prompt for prompt in prompts)


def _system(members: Members) -> tuple[Block, ...]:
    return blocks_of(members.get("system", _NOTHING))


def project_of(path: str) -> str:
    """The project that the base URL is tagged with; "" without a tag."""
    found = _PROJECT.match(path)
    return unquote(found[1])[:ID_CHARACTERS_MAX] if found else ""


def fingerprint_of(headers: Mapping[str, str]) -> str:
    """12 hex digits of the credential's SHA-256, the same in `x-api-key` and as Bearer; "" without one."""
    scheme, _, bearer = headers.get("authorization", "").strip().partition(" ")
    secret = headers.get("x-api-key", "").strip() or (bearer.strip() if scheme.lower() == "bearer" else "")
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()[:12] if secret else ""
