"""Thinking: whose blocks a conversation holds, and the conversation without those of other models.

    {"type": "thinking", "thinking": "…", "signature": "Eq…"}      known by a hash of its signature
    {"type": "redacted_thinking", "data": "Em…"}                   … of its data

A block is only ever taken out of a turn that is over, and never as the last of its message; every other byte
of the body stays.

Source: research/peers.md T11; rules.md section 6.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

import msgspec

from tierwise.wire.conversation import Conversation, read_or_none
from tierwise.wire.json_splice import Span, element_spans, members_of, replaced, value_spans
from tierwise.wire.turns import turn_of

MAX_MARKS: Final = 64
"""So many blocks of one answer are remembered."""
KINDS: Final = frozenset({"thinking", "redacted_thinking"})

_NOTHING: Final = msgspec.Raw(b"null")
_ABOUT_THINKING: Final = re.compile(r"\bsignature\b|thinking`? block", re.IGNORECASE)


class Thought(msgspec.Struct, frozen=True):
    """A block, as far as it may be thinking."""

    type: str = ""
    signature: str = ""
    data: str = ""

    @property
    def mark(self) -> str:
        """What the block is known by; "" if it is no thinking, or not signed."""
        return mark_of(self.signature or self.data) if self.type in KINDS else ""


class _Error(msgspec.Struct, frozen=True):
    message: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error = _Error()


_thoughts: Final = msgspec.json.Decoder(list[Thought])
_refusal: Final = msgspec.json.Decoder(_Refusal)


def mark_of(signature: str) -> str:
    """16 hex digits of the signature's SHA-256; "" for none."""
    return hashlib.sha256(signature.encode(errors="replace")).hexdigest()[:16] if signature else ""


def marks_in(content: bytes | msgspec.Raw) -> tuple[str, ...]:
    """What the thinking blocks of a message's content are known by."""
    thoughts = read_or_none(_thoughts, content) or []
    return tuple(thought.mark for thought in thoughts if thought.mark)[:MAX_MARKS]


def refuses_thinking(answer: bytes) -> bool:
    """Whether an error of the provider is about thinking blocks or their signatures."""
    said = read_or_none(_refusal, answer)
    return said is not None and _ABOUT_THINKING.search(said.error.message) is not None


def without_thinking(body: bytes, foreign: Callable[[str], bool], *, subagent: bool) -> bytes:
    """The body without the thinking of turns that are over whose mark is `foreign`; itself if there is none.

    Raises WireError if the body is not a JSON object.
    """
    conversation = Conversation(members_of(body).get("messages", _NOTHING))
    begins_at = turn_of(conversation, subagent=subagent).begins_at
    cuts: list[Span] = []
    for array in value_spans(body, ("messages",)):
        for low, high in element_spans(body, array)[:begins_at]:
            cuts += _cuts(body, low, high, foreign)
    return replaced(body, cuts, b"")


def _cuts(body: bytes, low: int, high: int, foreign: Callable[[str], bool]) -> list[Span]:
    """Where foreign thinking stands in the message at this span, each with the comma behind or before it."""
    cuts: list[Span] = []
    message = body[low:high]
    if not message.startswith(b"{"):
        return cuts
    for content in value_spans(message, ("content",)):
        thoughts = read_or_none(_thoughts, message[slice(*content)]) or []
        gone = [bool(thought.mark) and foreign(thought.mark) for thought in thoughts]
        if not all(gone):
            cuts += _elements(element_spans(message, content), gone)
    return [(low + start, low + end) for start, end in cuts]


def _elements(spans: list[Span], gone: list[bool]) -> list[Span]:
    """The spans of the elements that go: up to the next element's beginning, or from the last one's end."""
    last = max(at for at, goes in enumerate(gone) if not goes)
    cuts = [(spans[at][0], spans[at + 1][0]) for at, goes in enumerate(gone[:last]) if goes]
    return cuts + ([(spans[last][1], spans[-1][1])] if last < len(spans) - 1 else [])
