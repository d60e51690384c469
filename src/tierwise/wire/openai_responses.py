"""OpenAI Responses: what a request says, and the values in it that routing may change.

| fact | from, best first |
|---|---|
| session | `x-tierwise-session`, Codex's `session-id`, `x-session-id`, `metadata`, `prompt_cache_key`, hash |
| agent, class | `x-codex-turn-metadata` and `x-codex-parent-thread-id`; without Codex the main loop |
| turn | Codex's `turn_id`, else the last prompt: where it stands, and what it says |
| skill | `codex_skills` |
| longest answer | `max_output_tokens` |

Codex is known by its headers; every other client is taken for a program that calls the API. Usage always
comes with the answer. A request that needs no change goes out as it came; in one that does, all other bytes
stay.

Source: rules.md sections 6, 11 and 12; research/clients.md section 11; the types of `openai` 3.54.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from tierwise.core.holds import CacheWrites
from tierwise.wire.callers import ID_CHARACTERS_MAX, Members, fingerprint_of, named, project_of
from tierwise.wire.clients import TURN_METADATA, client_of
from tierwise.wire.codex_skills import skill_in_use
from tierwise.wire.codex_text import Part, own_words, part_of
from tierwise.wire.conversation import read_or_none
from tierwise.wire.json_splice import members_of, replaced, value_spans, with_first_member
from tierwise.wire.requests import ModelRequest, model_in, text_bytes_of
from tierwise.wire.response_items import Item, Items

SESSION_HEADERS: Final = ("x-tierwise-session", "session-id", "x-session-id", "x-session-affinity")
BOUND: Final = "max_output_tokens"
CACHE_WRITES: Final[CacheWrites] = "5m"
"""OpenAI keeps prompts of its own accord, and newer models are billed for it: at one rate, listed as 5 m."""
PARENT: Final = "x-codex-parent-thread-id"

_NOTHING: Final = msgspec.Raw(b"null")
_NEW_TASK: Final = "Message Type: NEW_TASK"
_KINDS: Final = {"turn": "main", "compaction": "compaction"}
"""What Codex calls a request, in our words; any other is a side request."""


class _Metadata(msgspec.Struct, frozen=True):
    session_id: str = ""


class _Codex(msgspec.Struct, frozen=True):
    """What Codex says of the turn that a request belongs to."""

    session_id: str = ""
    thread_id: str = ""
    turn_id: str = ""
    parent_thread_id: str = ""
    request_kind: str = ""
    thread_source: str = ""


class _Reasoning(msgspec.Struct, frozen=True):
    effort: str | None = None


_text: Final = msgspec.json.Decoder(str)
_flag: Final = msgspec.json.Decoder(bool)
_number: Final = msgspec.json.Decoder(int)
_metadata: Final = msgspec.json.Decoder(_Metadata)
_codex: Final = msgspec.json.Decoder(_Codex)
_reasoning: Final = msgspec.json.Decoder(_Reasoning)


def read_request(headers: Mapping[str, str], path: str, body: bytes) -> ModelRequest:
    """The request; `headers` have lower-case names, `path` is the target with or without its query.

    Raises WireError if the body is not a JSON object or names no model. Anything else that is strange is
    left out: it is the provider's business.
    """
    members = members_of(body)
    model = model_in(members, "gpt-6.1-sol")
    items = Items(members.get("input", _NOTHING))
    codex = _codex_in(headers)
    subagent = bool(named(headers, PARENT)) or codex.thread_source == "subagent"
    turn = _turn_of(items, subagent=subagent)
    request_class = _class_of(codex, subagent=subagent)
    session = _session_of(headers, codex, members, items)
    bound = _bound_of(members)
    return ModelRequest(
        model=model,
        stream=read_or_none(_flag, members.get("stream", _NOTHING)) or False,
        max_tokens=bound,
        thinking_tokens=0,
        text_bytes=text_bytes_of(body),
        cache_writes=CACHE_WRITES,
        effort=_effort_of(members),
        session=session,
        agent=_agent_of(headers, codex) if subagent else "",
        parent_agent=_parent_of(headers, codex, session),
        subagent=subagent,
        request_class=request_class,
        turn=codex.turn_id[:ID_CHARACTERS_MAX] or turn.key,
        turn_begins=turn.begins,
        project=project_of(path),
        key=fingerprint_of(headers),
        user_words="" if subagent or request_class == "auxiliary" else turn.words,
        skill=skill_in_use(items, turn.begins_at),
        tool_result_pending=_pending(items),
        unbounded_answers=1 if bound is None else 0,
        client=client_of(headers),
    )


def with_max_tokens(body: bytes, max_tokens: int) -> bytes:
    """The body asking for no more than so many tokens, every other byte as it was."""
    bound = msgspec.json.encode(max_tokens)
    spans = value_spans(body, (BOUND,))
    return replaced(body, spans, bound) if spans else with_first_member(body, BOUND, bound)


def with_effort(body: bytes, effort: str) -> bytes:
    """The body asking for another effort, every other byte as it was; unchanged where it asks for none."""
    if _effort_of(members_of(body)) is None:
        return body
    return replaced(body, value_spans(body, ("reasoning", "effort")), msgspec.json.encode(effort))


def _effort_of(members: Members) -> str | None:
    said = read_or_none(_reasoning, members.get("reasoning", _NOTHING))
    return said.effort if said else None


def _bound_of(members: Members) -> int | None:
    bound = read_or_none(_number, members.get(BOUND, _NOTHING))
    return bound if bound is not None and bound >= 0 else None


def _codex_in(headers: Mapping[str, str]) -> _Codex:
    """What Codex says of the turn; nothing where it is not Codex, or cannot be read."""
    return read_or_none(_codex, headers.get(TURN_METADATA, "").encode(errors="replace")) or _Codex()


def _class_of(codex: _Codex, *, subagent: bool) -> str:
    kind = _KINDS.get(codex.request_kind, "auxiliary") if codex.request_kind else "main"
    return "subagent" if subagent and kind == "main" else kind


def _agent_of(headers: Mapping[str, str], codex: _Codex) -> str:
    """The thread of a subagent; never ""."""
    return named(headers, "thread-id") or codex.thread_id[:ID_CHARACTERS_MAX] or "unnamed"


def _parent_of(headers: Mapping[str, str], codex: _Codex, session: str) -> str:
    """The agent that started this one; "" where that is the main loop: its thread has the session's id."""
    parent = named(headers, PARENT) or codex.parent_thread_id[:ID_CHARACTERS_MAX]
    return "" if parent == session else parent


def _session_of(headers: Mapping[str, str], codex: _Codex, members: Members, items: Items) -> str:
    """The session that the request belongs to; never ""."""
    metadata = read_or_none(_metadata, members.get("metadata", _NOTHING)) or _Metadata()
    candidates = (
        *(named(headers, name) for name in SESSION_HEADERS),
        codex.session_id[:ID_CHARACTERS_MAX],
        metadata.session_id[:ID_CHARACTERS_MAX],
        (read_or_none(_text, members.get("prompt_cache_key", _NOTHING)) or "")[:ID_CHARACTERS_MAX],
    )
    return next((name for name in candidates if name), "") or f"begun-{_beginning(members, items)}"


def _beginning(members: Members, items: Items) -> str:
    """A hash of the texts up to the first prompt: they stay while the conversation grows."""
    said = [read_or_none(_text, members.get("instructions", _NOTHING)) or ""]
    for at in range(len(items)):
        said += items[at].texts
        if items[at].speaks == "user":
            break
    return _hash_of(*said)


@dataclass(frozen=True, slots=True)
class _Turn:
    """The current turn: where it begins, a person's words in it, and whether nothing was answered yet."""

    begins_at: int
    prompts: tuple[str, ...]
    begins: bool

    @property
    def words(self) -> str:
        return "\n".join(text for text in self.prompts if text)

    @property
    def key(self) -> str:
        """The same for every request of a turn, and another one for the next."""
        return _hash_of(str(self.begins_at), *self.prompts[:1])


def _turn_of(items: Items, *, subagent: bool) -> _Turn:
    """The current turn, read from the end: prompts that follow each other are one.

    A subagent's begins with the task that it was given last.
    """
    found: list[tuple[int, str]] = []
    answered = False
    for at, item in items.backwards():
        if item.speaks == "assistant" or _is(Part.SUMMARY, item):
            answered = answered or not found
        words = _task_of(item) if subagent else _words_of(item)
        if words is not None:
            found.append((at, words))
        elif found and (item.speaks == "assistant" or item.is_result or _is(Part.CUT, item)):
            break
    found.reverse()
    begins_at = found[0][0] if found else 0
    return _Turn(begins_at, tuple(words for _, words in found), bool(found) and not answered)


def _words_of(item: Item) -> str | None:
    """A person's words in a user message, "" in one of pictures alone; None if a harness wrote all of it."""
    if item.type != "message" or item.role != "user":
        return None
    texts = item.texts
    said = [own_words(text) for text in texts if part_of(text) is Part.WORDS]
    return "\n".join(said) if said or not texts else None


def _task_of(item: Item) -> str | None:
    """What a subagent is told to do; None for any other item."""
    if item.type == "agent_message":
        texts = item.texts
        return "\n".join(texts) if texts and texts[0].startswith(_NEW_TASK) else None
    return _words_of(item)


def _is(part: Part, item: Item) -> bool:
    """Whether a user message holds such a part."""
    spoken = item.type == "message" and item.role == "user"
    return spoken and any(part_of(text) is part for text in item.texts)


def _pending(items: Items) -> bool:
    """Whether the request answers a call: a result stands behind the last word of the model."""
    for _, item in items.backwards():
        if item.speaks == "assistant":
            return False
        if item.is_result:
            return True
    return False


def _hash_of(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()[:16]
