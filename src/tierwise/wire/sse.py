"""The meter on an answer: what was served and used, read from the bytes as they pass.

    upstream ──chunk──► relay ──the same chunk──► client
                          └──► meter.feed(chunk)

A stream is neither held back nor altered: the meter keeps at most one line of it. Only the few events that
can carry usage are parsed; of the deltas only the length of their text is taken. Nothing here raises.

Usage is cumulative: it is reported more than once, and the largest value of each field is the truth, not the
sum. What is not reported is estimated from what was seen, and marked as estimated: an answer that broke off
was paid for all the same.

Source: rules.md sections 10 and 11; research/clients.md sections 7 and 8.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tierwise.core.usage import Usage
from tierwise.wire.answers import (
    MAX_SPAWNS,
    SPAWNING_TOOLS,
    Answer,
    AnswerError,
    answer_error,
    larger,
    tokens_of_text,
)
from tierwise.wire.conversation import Block, blocks_of, read_or_none
from tierwise.wire.lines import Events
from tierwise.wire.thinking import KINDS, MAX_MARKS, mark_of, marks_in

_SIGNS: Final = b"signature_delta"
_SAYS_NOTHING: Final = frozenset({b"ping", b"content_block_stop"})


class _CacheCreation(msgspec.Struct, frozen=True):
    ephemeral_5m_input_tokens: object = None
    ephemeral_1h_input_tokens: object = None


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: object = None
    output_tokens: object = None
    cache_read_input_tokens: object = None
    cache_creation_input_tokens: object = None
    cache_creation: _CacheCreation | None = None


class _Error(msgspec.Struct, frozen=True):
    type: str = ""
    message: str = ""


class _Message(msgspec.Struct, frozen=True):
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    stop_reason: str | None = None


class _Body(_Message, frozen=True):
    type: str = ""
    content: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


class _Delta(msgspec.Struct, frozen=True):
    stop_reason: str | None = None
    signature: str = ""


class _BlockStart(msgspec.Struct, frozen=True):
    type: str = ""
    id: str = ""
    name: str = ""
    data: str = ""


class _Event(msgspec.Struct, frozen=True):
    type: str = ""
    message: _Message | None = None
    usage: _Usage | None = None
    delta: _Delta | None = None
    content_block: _BlockStart | None = None
    error: _Error | None = None


_event: Final = msgspec.json.Decoder(_Event)
_body: Final = msgspec.json.Decoder(_Body)


class _Counts:
    """The largest value that was reported of every count."""

    def __init__(self) -> None:
        self._input: int | None = None
        self._output: int | None = None
        self._read = 0
        self._written = self._written_5m = self._written_1h = 0

    def take(self, usage: _Usage) -> None:
        self._input = larger(self._input, usage.input_tokens)
        self._output = larger(self._output, usage.output_tokens)
        self._read = larger(self._read, usage.cache_read_input_tokens) or 0
        self._written = larger(self._written, usage.cache_creation_input_tokens) or 0
        split = usage.cache_creation or _CacheCreation()
        self._written_5m = larger(self._written_5m, split.ephemeral_5m_input_tokens) or 0
        self._written_1h = larger(self._written_1h, split.ephemeral_1h_input_tokens) or 0

    @property
    def prompt_reported(self) -> bool:
        """Whether any report named the tokens of the prompt."""
        return self._input is not None

    def usage(self, output_floor: int) -> Usage:
        """What was used. What was written to a cache without saying to which was written for 5 minutes."""
        unsplit = max(0, self._written - self._written_5m - self._written_1h)
        output = max(self._output or 0, output_floor)
        return Usage(self._input or 0, output, self._read, self._written_5m + unsplit, self._written_1h)


class UsageMeter:
    """Reads a Messages stream as it passes: `feed` every chunk, then ask for the `answer`."""

    def __init__(self) -> None:
        self._events = Events()
        self._message = _Message()
        self._counts = _Counts()
        self._output_reported = False
        self._text_bytes = 0
        self._stop_reason: str | None = None
        self._tool_calls = 0
        self._spawns: list[str] = []
        self._thoughts: list[str] = []
        self._error: AnswerError | None = None
        self._complete = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, cut anywhere."""
        for name, data in self._events.feed(chunk):
            self._read(name, data)

    @property
    def complete(self) -> bool:
        """Whether the stream has come to its proper end: what follows says nothing more about usage."""
        return self._complete

    def answer(self) -> Answer:
        """What is known by now; asked before the end, the answer is not complete."""
        reported = self._counts.prompt_reported and self._output_reported
        refused = self._error is not None and not self._counts.prompt_reported
        floor = 0 if self._output_reported else tokens_of_text(self._text_bytes)
        return Answer(
            model=self._message.model or "",
            message_id=self._message.id or "",
            usage=self._counts.usage(floor),
            usage_estimated=not reported and not refused,
            prompt_reported=self._counts.prompt_reported,
            stop_reason=self._stop_reason,
            tool_calls=self._tool_calls,
            error=self._error,
            complete=self._complete,
            spawns=tuple(self._spawns),
            thoughts=tuple(self._thoughts),
        )

    def _read(self, name: bytes, data: bytes) -> None:
        if name == b"content_block_delta" and _SIGNS not in data:
            self._text_bytes += _text_length(data)
        elif name not in _SAYS_NOTHING:
            event = read_or_none(_event, data)
            if event is not None:
                self._take(event, data)

    def _take(self, event: _Event, data: bytes) -> None:
        if event.type == "content_block_delta":
            self._text_bytes += _text_length(data)
            self._sign(event.delta.signature if event.delta else "")
        elif event.type == "message_start" and event.message is not None:
            self._message = event.message
            self._counts.take(event.message.usage or _Usage())
        elif event.type == "content_block_start" and event.content_block is not None:
            self._begin(event.content_block)
        elif event.type == "message_delta":
            self._end(event)
        elif event.type == "message_stop":
            self._complete = True
        elif event.type == "error":
            self._error = _error_of(event.error)

    def _begin(self, block: _BlockStart) -> None:
        self._tool_calls += block.type == "tool_use"
        if _spawns(block) and len(self._spawns) < MAX_SPAWNS:
            self._spawns.append(block.id)
        self._sign(block.data if block.type in KINDS else "")

    def _sign(self, signature: str) -> None:
        if signature and len(self._thoughts) < MAX_MARKS:
            self._thoughts.append(mark_of(signature))

    def _end(self, event: _Event) -> None:
        if event.delta is not None and event.delta.stop_reason is not None:
            self._stop_reason = event.delta.stop_reason
        if event.usage is not None:
            self._counts.take(event.usage)
            self._output_reported |= larger(None, event.usage.output_tokens) is not None


def _spawns(block: _BlockStart | Block) -> bool:
    """Whether the block is a call that starts an agent."""
    return block.type == "tool_use" and block.name in SPAWNING_TOOLS and bool(block.id)


_TEXT: Final = re.compile(rb'"(?:text|thinking|partial_json)"\s*:\s*"')


def _text_length(data: bytes) -> int:
    """The bytes of text in a delta, escapes included; what closes the objects behind it is not text."""
    found = _TEXT.search(data)
    return max(0, len(data[found.end() :].rstrip(b"} ")) - 1) if found else 0


def _error_of(error: _Error | None) -> AnswerError:
    """The provider's error; one that says nothing still is one."""
    error = error or _Error("unknown", "the provider did not say what went wrong")
    return answer_error(error.type, error.message)


def from_json(body: bytes) -> Answer:
    """What an answer that came in one piece says; one that cannot be read says nothing."""
    message = read_or_none(_body, body)
    if message is None:
        return Answer()
    if message.type == "error":
        return Answer(usage_estimated=False, error=_error_of(message.error))
    blocks = blocks_of(message.content)
    counts = _Counts()
    counts.take(message.usage or _Usage())
    output_reported = message.usage is not None and larger(None, message.usage.output_tokens) is not None
    text_bytes = sum(len(block.text.encode(errors="replace")) + len(block.input) for block in blocks)
    return Answer(
        model=message.model or "",
        message_id=message.id or "",
        usage=counts.usage(0 if output_reported else tokens_of_text(text_bytes)),
        usage_estimated=not (counts.prompt_reported and output_reported),
        prompt_reported=counts.prompt_reported,
        stop_reason=message.stop_reason,
        tool_calls=sum(block.type == "tool_use" for block in blocks),
        complete=message.type == "message",
        spawns=tuple(block.id for block in blocks if _spawns(block))[:MAX_SPAWNS],
        thoughts=marks_in(message.content),
    )
