"""Content: what an answer says, before either protocol gives it a shape.

    thinking, then text, then tool calls; cut off where `max_tokens` is reached

Source: research/clients.md sections 2 and 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from tierwise.simulator.script import Question, Respond
from tierwise.simulator.tokens import BYTES_PER_TOKEN, canonical, tokens_in

MAX_DELTAS: Final = 16
MIN_DELTA_CHARS: Final = 16
QUOTED_CHARS: Final = 60

Stop = Literal["end", "tool", "length"]


@dataclass(frozen=True, slots=True)
class Text:
    """Words for the user, or (`hidden`) thinking."""

    text: str
    hidden: bool = False

    @property
    def tokens(self) -> int:
        """Its size."""
        return tokens_in(self.text)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; `id` is "" until a protocol names it. A text as `input` is a custom tool's."""

    name: str
    input: Mapping[str, object] | str
    id: str
    namespace: str = ""

    @property
    def tokens(self) -> int:
        """The size of its name and its input."""
        return tokens_in(canonical([self.name, self.input]))

    @property
    def arguments(self) -> Mapping[str, object]:
        """The input as an object, for protocols that know no other."""
        return {"input": self.input} if isinstance(self.input, str) else self.input


Block = Text | Call


@dataclass(frozen=True, slots=True)
class Content:
    """The blocks of an answer, and why it stopped."""

    blocks: tuple[Block, ...]
    stop: Stop

    @property
    def tokens(self) -> int:
        """The whole answer; never 0, as an answer's end is a token too."""
        return max(1, sum(block.tokens for block in self.blocks))

    @property
    def thinking_tokens(self) -> int:
        """The part that was thinking."""
        return sum(block.tokens for block in self.blocks if isinstance(block, Text) and block.hidden)


def content_of(question: Question, respond: Respond) -> Content:
    """What the scripted answer says to this request, within its `max_tokens`."""
    blocks = tuple(_blocks(question, respond))
    limit = question.request.max_tokens
    kept = blocks if limit is None else _within(blocks, limit)
    if kept != blocks:
        return Content(kept, "length")
    return Content(kept, "tool" if any(isinstance(block, Call) for block in kept) else "end")


def deltas(text: str) -> Iterator[str]:
    """The text in pieces as a stream sends it: none for an empty text, at most sixteen for any."""
    size = max(MIN_DELTA_CHARS, -(-len(text) // MAX_DELTAS))
    return (text[start : start + size] for start in range(0, len(text), size))


def sealed(model: str, thinking: str) -> str:
    """What thinking is signed with: it names the model, so that another model's thinking can be told."""
    digest = hashlib.sha256(f"{model}\n{thinking}".encode()).hexdigest()[:32]
    return f"{seal_of(model)}{digest}"


def seal_of(model: str) -> str:
    """What every signature of the model begins with."""
    return f"simulated.{model}."


def _blocks(question: Question, respond: Respond) -> Iterator[Block]:
    if respond.thinking:
        yield Text(respond.thinking, hidden=True)
    text = respond.text
    if text is None and not respond.tool_calls:
        text = _derived(question)
    if text:
        request = question.request
        yield Text(text.replace("{model}", request.model).replace("{n}", str(request.n)))
    for call in respond.tool_calls:
        yield Call(call.name, call.input, call.id, call.namespace)


def _derived(question: Question) -> str:
    """A sentence that says what was asked, and of whom."""
    said = question.conversation
    asked = " ".join((said.prompt or said.last_user).split())
    quoted = asked if len(asked) <= QUOTED_CHARS else f"{asked[:QUOTED_CHARS].rstrip()}…"
    return f"Simulated answer of {{model}} to “{quoted}”, message {said.messages} of the conversation."


def _within(blocks: Sequence[Block], limit_tokens: int) -> tuple[Block, ...]:
    """The blocks up to the limit: a text is cut there, a tool call that does not fit is not made."""
    kept: list[Block] = []
    left = limit_tokens
    for block in blocks:
        if block.tokens > left:
            if isinstance(block, Text) and left:
                kept.append(replace(block, text=_first_tokens(block.text, left)))
            break
        kept.append(block)
        left -= block.tokens
    return tuple(kept)


def _first_tokens(text: str, tokens: int) -> str:
    return text.encode()[: tokens * BYTES_PER_TOKEN].decode(errors="ignore")
