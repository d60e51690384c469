"""OpenAI Chat Completions: what a request says, and the values in it that routing may change.

| fact | from, best first |
|---|---|
| session | `x-tierwise-session`, `x-session-id`, `x-session-affinity`, `metadata`, `prompt_cache_key`, hash |
| turn | the last prompt: where it stands, and what it says |
| agent, class, skill | the marks of `opencode`; the protocol has none |
| longest answer | `max_completion_tokens`, `max_tokens`; times `n`, the number of answers |

`user` names an end user, not a session, and is left alone. Usage is streamed only to who asks for it, so
every stream is asked for it; a client that did not ask is not shown it (`openai_stream`). Like Messages, a
request that needs no change goes out as it came; in one that does, all other bytes stay.

Source: rules.md sections 6, 11 and 12; research/clients.md section 12; the OpenAPI types of `openai` 3.54.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from tierwise.core.holds import CacheWrites
from tierwise.wire import opencode
from tierwise.wire.answers import larger
from tierwise.wire.callers import ID_CHARACTERS_MAX, Members, fingerprint_of, named, project_of
from tierwise.wire.clients import client_of
from tierwise.wire.conversation import Conversation, read_or_none
from tierwise.wire.harness_text import Kind, kind_of, own_words
from tierwise.wire.json_splice import members_of, replaced, value_spans, with_first_member
from tierwise.wire.requests import ModelRequest, model_in, text_bytes_of
from tierwise.wire.skills_in_use import How, SkillMark

BOUNDS: Final = ("max_completion_tokens", "max_tokens")
"""How a request bounds each of its answers; the second is the older name."""
SESSION_HEADERS: Final = ("x-tierwise-session", *opencode.SESSION_HEADERS)
CACHE_WRITES: Final[CacheWrites] = "5m"
"""OpenAI keeps prompts of its own accord, and newer models are billed for it: at one rate, listed as 5 m."""
ANSWERS_MAX: Final = 128
"""The most answers that one request may ask for."""

_NOTHING: Final = msgspec.Raw(b"null")
_ASKS_USAGE: Final = b'{"include_usage":true}'
_PROMPTS_APART: Final = frozenset({"assistant", "tool", "function"})


class _Function(msgspec.Struct, frozen=True):
    name: str = ""


class _Call(msgspec.Struct, frozen=True):
    id: str = ""
    function: _Function = _Function()


class _Called(msgspec.Struct, frozen=True):
    """A message as far as calls of tools go."""

    tool_call_id: str = ""
    tool_calls: list[_Call] | None = None


class _Metadata(msgspec.Struct, frozen=True):
    session_id: str = ""


_text: Final = msgspec.json.Decoder(str)
_flag: Final = msgspec.json.Decoder(bool)
_number: Final = msgspec.json.Decoder(int)
_any: Final[msgspec.json.Decoder[object]] = msgspec.json.Decoder(object)
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])
_called: Final = msgspec.json.Decoder(_Called)
_metadata: Final = msgspec.json.Decoder(_Metadata)


def read_request(headers: Mapping[str, str], path: str, body: bytes) -> ModelRequest:
    """The request; `headers` have lower-case names, `path` is the target with or without its query.

    `max_tokens` bounds all answers together. Raises WireError if the body is not a JSON object or names no
    model. Anything else that is strange is left out: it is the provider's business.
    """
    members = members_of(body)
    model = model_in(members, "gpt-6.1-sol")
    messages = Conversation(members.get("messages", _NOTHING))
    turn = _turn_of(messages)
    subagent = bool(named(headers, opencode.PARENT_HEADER))
    request_class = _class_of(headers, members, messages, subagent=subagent)
    bound, answers = _bound_of(members), _answers_of(members)
    return ModelRequest(
        model=model,
        stream=_streams(members),
        max_tokens=None if bound is None else bound * answers,
        thinking_tokens=0,
        text_bytes=text_bytes_of(body),
        cache_writes=CACHE_WRITES,
        effort=_effort_of(members),
        session=_session_of(headers, members, messages),
        agent=named(headers, "x-session-id") if subagent else "",
        parent_agent="",
        subagent=subagent,
        request_class=request_class,
        turn=turn.key,
        turn_begins=bool(turn.prompts) and turn.prompts[-1] == messages.last(),
        project=project_of(path),
        key=fingerprint_of(headers),
        user_words="" if subagent or request_class == "auxiliary" else turn.said,
        skill=_skill_of(members, messages, turn),
        tool_result_pending=messages.last() >= 0 and messages.role(messages.last()) == "tool",
        unbounded_answers=answers if bound is None else 0,
        summarises=request_class == "auxiliary",
        client=client_of(headers),
    )


def with_max_tokens(body: bytes, max_tokens: int) -> bytes:
    """The body asking for no more than so many tokens in all its answers, every other byte as it was.

    Whichever bounds it names are lowered; where it names none, `max_completion_tokens` is put in front.
    """
    members = members_of(body)
    each = msgspec.json.encode(max(1, max_tokens // _answers_of(members)))
    stated = [key for key in BOUNDS if members.get(key, _NOTHING) != _NOTHING]
    spans = [span for key in stated or BOUNDS[:1] for span in value_spans(body, (key,))]
    return replaced(body, spans, each) if spans else with_first_member(body, BOUNDS[0], each)


def with_effort(body: bytes, effort: str) -> bytes:
    """The body asking for another effort, every other byte as it was; unchanged where it asks for none."""
    if _effort_of(members_of(body)) is None:
        return body
    return replaced(body, value_spans(body, ("reasoning_effort",)), msgspec.json.encode(effort))


def with_usage(body: bytes) -> bytes:
    """The body of a stream asking for its usage, every other byte as it was; any other body unchanged."""
    if not _streams(members_of(body)):
        return body
    spans = value_spans(body, ("stream_options",))
    if not spans:
        return with_first_member(body, "stream_options", _ASKS_USAGE)
    for start, end in reversed(spans):
        body = body[:start] + _asking(body[start:end]) + body[end:]
    return body


def _asking(options: bytes) -> bytes:
    """`stream_options` with `include_usage`; what is no object is the provider's business."""
    if not options.startswith(b"{"):
        return _ASKS_USAGE if options == b"null" else options
    spans = value_spans(options, ("include_usage",))
    return (
        replaced(options, spans, b"true") if spans else with_first_member(options, "include_usage", b"true")
    )


def _streams(members: Members) -> bool:
    return read_or_none(_flag, members.get("stream", _NOTHING)) or False


def _effort_of(members: Members) -> str | None:
    return read_or_none(_text, members.get("reasoning_effort", _NOTHING))


def _bound_of(members: Members) -> int | None:
    """How long each answer may be; None if that is not said. Of two bounds the larger is believed."""
    bound: int | None = None
    for key in BOUNDS:
        bound = larger(bound, read_or_none(_any, members.get(key, _NOTHING)))
    return bound


def _answers_of(members: Members) -> int:
    """How many answers are asked for: every one of them is paid for."""
    asked = read_or_none(_number, members.get("n", _NOTHING)) or 1
    return min(max(asked, 1), ANSWERS_MAX)


def _session_of(headers: Mapping[str, str], members: Members, messages: Conversation) -> str:
    """The session that the request belongs to; never ""."""
    metadata = read_or_none(_metadata, members.get("metadata", _NOTHING)) or _Metadata()
    candidates = (
        *(named(headers, name) for name in SESSION_HEADERS),
        metadata.session_id[:ID_CHARACTERS_MAX],
        (read_or_none(_text, members.get("prompt_cache_key", _NOTHING)) or "")[:ID_CHARACTERS_MAX],
    )
    return next((name for name in candidates if name), "") or f"begun-{_hash_of(*_beginning(messages))}"


def _beginning(messages: Conversation) -> Iterator[str]:
    """The texts up to the first prompt, and that prompt's own: they stay while the conversation grows."""
    for index in range(len(messages)):
        yield from (block.text for block in messages.blocks(index))
        if messages.role(index) == "user":
            return


@dataclass(frozen=True, slots=True)
class _Turn:
    """The prompts of the current turn: where they stand, and a person's words in each."""

    prompts: tuple[int, ...]
    words: tuple[str, ...]

    @property
    def said(self) -> str:
        """All words, a line each."""
        return "\n".join(text for text in self.words if text)

    @property
    def key(self) -> str:
        """The same for every request of a turn, and another one for the next."""
        return _hash_of(str(self.prompts[0] if self.prompts else 0), *self.words[:1])


def _turn_of(messages: Conversation) -> _Turn:
    """The current turn, read from the end: prompts that follow each other are one."""
    found: list[tuple[int, str]] = []
    for index in range(len(messages) - 1, -1, -1):
        role = messages.role(index)
        if role == "user" and (words := _words_of(messages, index)) is not None:
            found.append((index, words))
        elif found and role in _PROMPTS_APART:
            break
    found.reverse()
    return _Turn(tuple(index for index, _ in found), tuple(words for _, words in found))


def _words_of(messages: Conversation, index: int) -> str | None:
    """A person's words in a user message, "" in one of pictures alone; None if a harness wrote all of it."""
    texts = [block.text for block in messages.blocks(index) if block.type == "text"]
    said = [_own_words(text) for text in texts if kind_of(text) is Kind.WORDS]
    return "\n".join(said) if said or not texts else None


def _own_words(text: str) -> str:
    """A person's words, without the instructions of a skill that was typed."""
    typed = opencode.typed_skill(text)
    return own_words(text) if typed is None else typed.args


def _class_of(headers: Mapping[str, str], members: Members, messages: Conversation, *, subagent: bool) -> str:
    if client_of(headers) == "opencode" and not read_or_none(_list, members.get("tools", _NOTHING)):
        return opencode.side_class(block.text for at in range(len(messages)) for block in messages.blocks(at))
    return "subagent" if subagent else "main"


def _skill_of(members: Members, messages: Conversation, turn: _Turn) -> SkillMark | None:
    """The skill that was typed or called last in the turn; None if none was."""
    begins_at = turn.prompts[0] if turn.prompts else 0
    answered = next(messages.backwards("assistant"), -1)
    for at in range(len(messages) - 1, begins_at - 1, -1):
        role, texts = messages.role(at), (block.text for block in messages.blocks(at))
        if role == "user":
            found = next(filter(None, map(opencode.typed_skill, texts)), None)
        else:
            text = next(texts, "") if role == "tool" else ""
            called = text.startswith(opencode.LOADED) and _answers_skill_tool(members, at)
            found = opencode.loaded_skill(text) if called else None
        if found is not None:
            how: How = "typed" if role == "user" else "tool"
            return SkillMark(found.name, found.base_dir, how, found.args, boundary=at > answered)
    return None


def _answers_skill_tool(members: Members, at: int) -> bool:
    """Whether the message at this place holds the result of a call of the skill tool."""
    messages = read_or_none(_list, members.get("messages", _NOTHING)) or []
    result = read_or_none(_called, messages[at]) or _Called()
    for raw in reversed(messages[:at]):
        for call in (read_or_none(_called, raw) or _Called()).tool_calls or ():
            if call.id == result.tool_call_id:
                return call.function.name == opencode.SKILL_TOOL
    return False


def _hash_of(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()[:16]
