"""Requests: one call to a model as far as routing needs to know it, whichever protocol it came in.

    Messages ──► anthropic.read_request   ┐
    Chat Completions ──► openai_chat.…    ├──►  ModelRequest
    Responses ──► openai_responses.…      ┘

Source: rules.md sections 6 and 10; research/clients.md sections 2, 11 and 12.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from tierwise.core.holds import CacheWrites
from tierwise.errors import WireError
from tierwise.wire.clients import Client
from tierwise.wire.conversation import read_or_none
from tierwise.wire.json_splice import replaced, value_spans
from tierwise.wire.skills_in_use import SkillMark


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request as far as routing needs it. Names and ids are "" where the client gives none.

    `agent` is "" in the main loop; a subagent without an id is called after how it begins. `turn` is the
    same for all requests of a turn, None where only a memory of the session knows which one it is (after a
    compaction). `user_words` are a person's own, in this turn; an auxiliary request has none. `skill` is what
    the messages show. `max_tokens` and `effort` are None where the request does not name them;
    `thinking_tokens` is the budget of a request that thinks by one, which `max_tokens` must exceed, else 0.
    `text_bytes` is the body's length with every image at what its tokens weigh, `cache_writes` the longest
    life that it asks the prompt cache for.
    `unbounded_answers` are the answers that a request without `max_tokens` lets grow as long as the model can
    write: 0 where the protocol demands a bound. `client` is who sends it, if it is one that needs care of its
    own, else "". `summarises`: it makes a title or a summary, in a prompt of its own.
    """

    model: str
    stream: bool
    max_tokens: int | None
    thinking_tokens: int
    text_bytes: int
    effort: str | None
    session: str
    agent: str
    parent_agent: str
    subagent: bool
    request_class: str
    turn: str | None
    turn_begins: bool
    project: str
    key: str
    user_words: str
    skill: SkillMark | None
    tool_result_pending: bool
    unbounded_answers: int = 0
    cache_writes: CacheWrites = "none"
    client: Client = ""
    summarises: bool = False


_NOTHING: Final = msgspec.Raw(b"null")
_text: Final = msgspec.json.Decoder(str)
_BASE64: Final = re.compile(rb'["/,][A-Za-z0-9+/]{2000,}={0,2}"')
IMAGE_BYTES: Final = 8_000
"""What an image or a file in base64 counts as text: about 2,000 tokens, more than a large image has."""


def text_bytes_of(body: bytes) -> int:
    """The body's length, with long base64 values counted as `IMAGE_BYTES` each, or as they are if smaller."""
    if b"base64" not in body:
        return len(body)
    encoded = [found.end() - found.start() for found in _BASE64.finditer(body)]
    return len(body) - sum(max(length - IMAGE_BYTES, 0) for length in encoded)


def model_in(members: Mapping[str, msgspec.Raw], example: str) -> str:
    """The model that a request's members ask for. Raises WireError, with an example, if they name none."""
    model = read_or_none(_text, members.get("model", _NOTHING))
    if not model:
        raise WireError(f"the body names no model: `model` must be a text such as {example}")
    return model


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for another model, every other byte as it was. Raises WireError if it names none."""
    spans = value_spans(body, ("model",))
    if not spans:
        raise WireError("the body names no model, so there is none to change")
    return replaced(body, spans, msgspec.json.encode(model))
