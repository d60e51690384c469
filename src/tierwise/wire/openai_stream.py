"""The meter on a Chat Completions answer, and the sieve that hides what the client did not ask for.

    data: {"choices":[{"delta":{"content":"Hi"}}], …}
    data: {"choices":[],"usage":{…}}                     ← comes only when asked for: metered, then sieved out
    data: [DONE]                                         ← the proper end

A client that did not ask for usage may well read `choices[0]` of every chunk, so the one without choices is
kept from it. An answer that breaks off comes without its usage, which is then estimated: what was written by
then was paid for.

Source: rules.md sections 10 and 11; research/clients.md section 12; the OpenAPI types of `openai` 3.54.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tierwise.wire.answers import Answer
from tierwise.wire.conversation import read_or_none
from tierwise.wire.lines import LINE_BYTES_MAX, Lines
from tierwise.wire.openai_usage import PromptDetails, Reading


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: object = None
    completion_tokens: object = None
    prompt_tokens_details: PromptDetails | None = None


class _Function(msgspec.Struct, frozen=True):
    arguments: object = None


class _ToolCall(msgspec.Struct, frozen=True):
    index: int | None = None
    function: _Function | None = None


class _Said(msgspec.Struct, frozen=True):
    content: object = None
    refusal: object = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct, frozen=True):
    index: int = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Error(msgspec.Struct, frozen=True):
    type: str | None = None
    message: str | None = None


class _Body(msgspec.Struct, frozen=True):
    """A whole answer, or one chunk of it: both have these members."""

    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: _Error | None = None


_body: Final = msgspec.json.Decoder(_Body)


class _Reading(Reading):
    """What was read of an answer by now."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: set[tuple[int, int]] = set()

    def take(self, body: _Body) -> None:
        self.id = self.id or body.id or ""
        self.model = self.model or body.model or ""
        if body.error is not None:
            self.fail(body.error.type, body.error.message)
        if body.usage is not None:
            usage = body.usage
            self.count(usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details)
        for choice in body.choices or ():
            self.stop_reason = choice.finish_reason or self.stop_reason
            self._hear(choice.index, choice.delta or choice.message or _Said())

    def _hear(self, choice: int, said: _Said) -> None:
        for text in (said.content, said.refusal):
            self.text_bytes += _bytes_of(text)
        for place, call in enumerate(said.tool_calls or ()):
            self._calls.add((choice, place if call.index is None else call.index))
            self.text_bytes += _bytes_of(call.function.arguments if call.function else None)
        self.tool_calls = len(self._calls)


def _bytes_of(text: object) -> int:
    return len(text.encode(errors="replace")) if isinstance(text, str) else 0


class ChatMeter:
    """Reads a Chat Completions stream as it passes: `feed` every chunk, then ask for the `answer`."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._reading = _Reading()
        self._complete = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, cut anywhere."""
        for line in self._lines.feed(chunk):
            if line.startswith(b"data:"):
                self._read(line[5:].strip())

    @property
    def complete(self) -> bool:
        """Whether the stream has come to its proper end: what follows says nothing more about usage."""
        return self._complete

    def answer(self) -> Answer:
        """What is known by now; asked before the end, the answer is not complete."""
        return self._reading.answer(complete=self._complete)

    def _read(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._complete = self._reading.error is None
        elif (body := read_or_none(_body, data)) is not None:
            self._reading.take(body)


def from_json(body: bytes) -> Answer:
    """What an answer that came in one piece says; one that cannot be read says nothing."""
    said = read_or_none(_body, body)
    if said is None:
        return Answer()
    reading = _Reading()
    reading.take(said)
    return reading.answer(complete=bool(said.choices) and said.error is None)


class UsageSieve:
    """Passes a stream on without its chunk of usage: every other byte, and in its order.

    Only a line that is not complete yet is held back, up to `LINE_BYTES_MAX`: no client reads half an event.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0
        self._too_long = False
        self._hiding = False

    def feed(self, chunk: bytes) -> bytes:
        """What may pass by now."""
        if b"\n" not in chunk and b"\r" not in chunk:
            return self._hold(chunk)
        lines = b"".join([*self._held, chunk]).splitlines(keepends=True)
        self._held, self._size = [], 0
        rest = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        passed = b"".join(line for line in lines if self._passes(line))
        return passed + (self._hold(rest) if rest else b"")

    def rest(self) -> bytes:
        """What is still held back where the stream ends."""
        return b"".join(self._held)

    def _hold(self, part: bytes) -> bytes:
        self._held.append(part)
        self._size += len(part)
        if self._size <= LINE_BYTES_MAX and not self._too_long:
            return b""
        passed = self.rest()
        self._held, self._size, self._too_long, self._hiding = [], 0, True, False
        return passed

    def _passes(self, line: bytes) -> bool:
        """Whether the line is shown: neither the chunk of usage nor the empty line that ends it."""
        if self._too_long:
            self._too_long = False
            return True
        text = line.strip()
        self._hiding = _only_usage(text) if text else self._hiding
        return not self._hiding


def _only_usage(line: bytes) -> bool:
    if not line.startswith(b"data:") or b'"usage"' not in line:
        return False
    body = read_or_none(_body, line[5:])
    return body is not None and body.usage is not None and not body.choices and body.error is None
