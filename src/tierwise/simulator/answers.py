"""Answers: everything that goes back over the socket, decided before the first byte is sent.

A plain answer is one chunk with its length; a stream is one chunk an event. An answer that is not complete
ends with the connection dropped behind its last chunk.

Source: research/clients.md sections 2 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from tierwise.simulator.caches import CacheUse
from tierwise.simulator.script import UsageForm

JSON_TYPE: Final = "application/json"
STREAM_TYPE: Final = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `length` is the announced length of the body in bytes; None for a stream.

    `usage` is what the whole answer reports, in its protocol's words; `cache` what the prompt cache did;
    `rule` the index of the rule that answered. All three are None where there is nothing to say.
    """

    status: int
    media_type: str
    chunks: tuple[bytes, ...]
    length: int | None
    headers: tuple[tuple[str, str], ...] = ()
    complete: bool = True
    delay_ms: int = 0
    event_delay_ms: int = 0
    rule: int | None = None
    usage: Mapping[str, object] | None = None
    cache: CacheUse | None = None


def plain(body: bytes, media_type: str = JSON_TYPE, status: int = 200) -> Answer:
    """An answer with this body."""
    return Answer(status, media_type, (body,), len(body))


def json_answer(value: object, status: int = 200) -> Answer:
    """An answer with this value as JSON, keys in the order given."""
    return plain(msgspec.json.encode(value), status=status)


def stream_answer(events: Iterable[bytes]) -> Answer:
    """An answer that sends one event after the other."""
    return Answer(200, STREAM_TYPE, tuple(events), None)


def event(data: object, name: str = "") -> bytes:
    """One server-sent event; a text is sent as it is, anything else as JSON."""
    body = data.encode() if isinstance(data, str) else msgspec.json.encode(data)
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + body + b"\n\n"


def metered(answer: Answer, usage: Mapping[str, object], use: CacheUse) -> Answer:
    """The answer with what it reports, and what the prompt cache did."""
    return replace(answer, usage=usage, cache=use)


def cut(answer: Answer, after: int) -> Answer:
    """The answer with its connection dropped behind `after` events; a plain one loses its second half."""
    if answer.length is None:
        return replace(answer, chunks=answer.chunks[:after], complete=False)
    half = b"".join(answer.chunks)[: answer.length // 2]
    return replace(answer, chunks=(half,), complete=False)


def broken_off(events: list[bytes], error: bytes) -> list[bytes]:
    """The first half of a stream, then the error; at least its first event."""
    return [*events[: max(1, len(events) // 2)], error]


def formed(usage: Mapping[str, object], form: UsageForm) -> dict[str, object]:
    """The usage as the script wants it reported: as it is, all zero, or empty for not at all."""
    if form == "missing":
        return {}
    return {key: _zeroed(value) for key, value in usage.items()} if form == "zero" else dict(usage)


def _zeroed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _zeroed(inner) for key, inner in value.items()}
    return 0 if isinstance(value, int) else value
