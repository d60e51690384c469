"""The meter on a Responses answer: what was served and used, read from the bytes as they pass.

    event: response.created             id and model
    event: response.output_text.delta   … what is said, for an answer that breaks off
    event: response.output_item.done    calls of tools
    event: response.completed           the usage, of everything: also `incomplete`, and seldom `failed`

Usage is told at the end alone, so an answer that breaks off is estimated by what was seen of it. The last
event repeats the whole answer and may be long: it is read all the same.

Source: rules.md sections 10 and 11; research/clients.md section 11; the event types of `openai` 3.54.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tierwise.wire.answers import Answer
from tierwise.wire.conversation import read_or_none
from tierwise.wire.lines import Events
from tierwise.wire.openai_usage import PromptDetails, Reading

EVENT_BYTES_MAX: Final = 32 << 20
"""The end of an answer repeats all of it, images too; a longer line is passed over and not kept."""

_DELTA: Final = b".delta"
_ENDS: Final = frozenset({"response.completed", "response.incomplete"})
_CALL: Final = "_call"


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: object = None
    output_tokens: object = None
    input_tokens_details: PromptDetails | None = None


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


class _Reading(Reading):
    """What was read of an answer by now."""

    def take(self, response: _Response) -> None:
        self.id = response.id or self.id
        self.model = response.model or self.model
        if response.error is not None:
            self.fail(response.error.code or response.error.type, response.error.message)
        if response.usage is not None:
            usage = response.usage
            self.count(usage.input_tokens, usage.output_tokens, usage.input_tokens_details)
        details = response.incomplete_details
        reason = details.reason if details else None
        ended = response.status if response.status in ("completed", "incomplete") else None
        self.stop_reason = reason or ended or self.stop_reason


class ResponsesMeter:
    """Reads a Responses stream as it passes: `feed` every chunk, then ask for the `answer`."""

    def __init__(self) -> None:
        self._events = Events(EVENT_BYTES_MAX)
        self._reading = _Reading()
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
        return self._reading.answer(complete=self._complete)

    def _read(self, name: bytes, data: bytes) -> None:
        if name.endswith(_DELTA):
            self._reading.text_bytes += _delta_length(data)
        elif (event := read_or_none(_event, data)) is not None:
            self._take(event, data)

    def _take(self, event: _Event, data: bytes) -> None:
        if event.type.endswith(".delta"):
            self._reading.text_bytes += _delta_length(data)
        elif event.type == "response.output_item.done" and event.item is not None:
            self._reading.tool_calls += event.item.type.endswith(_CALL)
        elif event.type == "error":
            self._reading.fail(event.code, event.message)
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
