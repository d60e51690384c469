"""The meter on a Responses answer: what was served and used, read from the bytes as they pass.

    event: response.created             id and model
    event: response.output_text.delta   … what is said, for an answer that breaks off
    event: response.output_item.done    calls of tools
    event: response.completed           the usage, of everything: also `incomplete`, and seldom `failed`

What the cache served and stored is part of `input_tokens`, what a model thought part of `output_tokens`; here
the classes are disjoint, as our ledger has them. Usage is told at the end alone, so an answer that breaks off
is estimated by what was seen of it. The last event repeats the whole answer and may be long: it is read all
the same.

Source: rules.md sections 10 and 11; research/clients.md section 11; the event types of `openai` 3.54.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tierwise.core.usage import Usage
from tierwise.wire.answers import Answer, AnswerError, answer_error, larger, tokens_of_text
from tierwise.wire.conversation import read_or_none
from tierwise.wire.lines import Lines

EVENT_BYTES_MAX: Final = 32 << 20
"""The end of an answer repeats all of it, images too; a longer line is passed over and not kept."""

_DELTA: Final = b".delta"
_ENDS: Final = frozenset({"response.completed", "response.incomplete"})
_CALL: Final = "_call"


class _InputDetails(msgspec.Struct, frozen=True):
    cached_tokens: object = None
    cache_write_tokens: object = None


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: object = None
    output_tokens: object = None
    input_tokens_details: _InputDetails | None = None


class _Error(msgspec.Struct, frozen=True):
    code: str | None = None
    type: str | None = None
    message: str | None = None


class _Incomplete(msgspec.Struct, frozen=True):
    reason: str | None = None


class _Item(msgspec.Struct, frozen=True):
    type: str = ""


class _Response(msgspec.Struct, frozen=True):
    """A response as far as it is known, or the error of a request that was refused."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    usage: _Usage | None = None
    error: _Error | None = None
    incomplete_details: _Incomplete | None = None
    output: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct, frozen=True):
    type: str = ""
    response: _Response | None = None
    item: _Item | None = None
    code: str | None = None
    message: str | None = None


_event: Final = msgspec.json.Decoder(_Event)
_response: Final = msgspec.json.Decoder(_Response)
_item: Final = msgspec.json.Decoder(_Item)


class _Reading:
    """What was read of an answer by now; every count the largest that was reported."""

    def __init__(self) -> None:
        self.error: AnswerError | None = None
        self.text_bytes = 0
        self.tool_calls = 0
        self._id = self._model = ""
        self._prompt: int | None = None
        self._output: int | None = None
        self._read = self._written = 0
        self._stop_reason: str | None = None

    def take(self, response: _Response) -> None:
        self._id = response.id or self._id
        self._model = response.model or self._model
        if response.error is not None:
            said = response.error
            kind = said.code or said.type or "unknown"
            self.error = answer_error(kind, said.message or "the provider did not say what")
        if response.usage is not None:
            self._count(response.usage)
        details = response.incomplete_details
        reason = details.reason if details else None
        ended = response.status if response.status in ("completed", "incomplete") else None
        self._stop_reason = reason or ended or self._stop_reason

    def answer(self, *, complete: bool) -> Answer:
        reported = self._prompt is not None and self._output is not None
        refused = self.error is not None and self._prompt is None and not self.text_bytes
        return Answer(
            model=self._model,
            message_id=self._id,
            usage=self._usage(),
            usage_estimated=not reported and not refused,
            prompt_reported=self._prompt is not None,
            stop_reason=self._stop_reason,
            tool_calls=self.tool_calls,
            error=self.error,
            complete=complete,
        )

    def _count(self, usage: _Usage) -> None:
        details = usage.input_tokens_details or _InputDetails()
        self._prompt = larger(self._prompt, usage.input_tokens)
        self._output = larger(self._output, usage.output_tokens)
        self._read = larger(self._read, details.cached_tokens) or 0
        self._written = larger(self._written, details.cache_write_tokens) or 0

    def _usage(self) -> Usage:
        """Disjoint classes that together are the prompt, whatever the details claim."""
        prompt = self._prompt or 0
        read = min(self._read, prompt)
        written = min(self._written, prompt - read)
        output = tokens_of_text(self.text_bytes) if self._output is None else self._output
        return Usage(prompt - read - written, output, read, written)


class ResponsesMeter:
    """Reads a Responses stream as it passes: `feed` every chunk, then ask for the `answer`."""

    def __init__(self) -> None:
        self._lines = Lines(EVENT_BYTES_MAX)
        self._reading = _Reading()
        self._name = b""
        self._complete = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, cut anywhere."""
        for line in self._lines.feed(chunk):
            if not line:
                self._name = b""
            elif line.startswith(b"data:"):
                self._read(line[5:])
            elif line.startswith(b"event:"):
                self._name = line[6:].strip()

    @property
    def complete(self) -> bool:
        """Whether the stream has come to its proper end: what follows says nothing more about usage."""
        return self._complete

    def answer(self) -> Answer:
        """What is known by now; asked before the end, the answer is not complete."""
        return self._reading.answer(complete=self._complete)

    def _read(self, data: bytes) -> None:
        if self._name.endswith(_DELTA):
            self._reading.text_bytes += _delta_length(data)
        elif (event := read_or_none(_event, data)) is not None:
            self._take(event, data)

    def _take(self, event: _Event, data: bytes) -> None:
        if event.type.endswith(".delta"):
            self._reading.text_bytes += _delta_length(data)
        elif event.type == "response.output_item.done" and event.item is not None:
            self._reading.tool_calls += event.item.type.endswith(_CALL)
        elif event.type == "error":
            message = event.message or "the provider did not say what"
            self._reading.error = answer_error(event.code or "unknown", message)
        elif event.response is not None:
            self._reading.take(event.response)
            self._complete |= event.type in _ENDS and self._reading.error is None


_TEXT: Final = re.compile(rb'"delta"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)', re.DOTALL)


def _delta_length(data: bytes) -> int:
    """The bytes of text in a delta, escapes included."""
    found = _TEXT.search(data)
    return len(found[1]) if found else 0


def from_json(body: bytes) -> Answer:
    """What an answer that came in one piece says; one that cannot be read says nothing."""
    said = read_or_none(_response, body)
    if said is None:
        return Answer()
    reading = _Reading()
    reading.take(said)
    items = [read_or_none(_item, raw) or _Item() for raw in said.output or ()]
    reading.tool_calls = sum(item.type.endswith(_CALL) for item in items)
    reading.text_bytes = sum(len(bytes(raw)) for raw in said.output or ())
    return reading.answer(complete=said.status in ("completed", "incomplete") and said.error is None)
