"""Planes: the protocols that calls are made in, and what differs between them.

| POST | platform | usage in streams |
|---|---|---|
| `…/v1/messages` | `claude_code` | always there |
| `…/v1/chat/completions` | `openai` | asked for, and hidden from a client that did not ask |
| `…/v1/responses` | `codex` for Codex, else `openai` | always there, at the end |

A plane is data: the relay, the budgets and the ledger are the same for all of them.

Source: rules.md sections 6 and 12; research/clients.md sections 2, 11 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tierwise.gateway.replies import ErrorShape, anthropic_error, openai_error
from tierwise.wire import (
    anthropic,
    openai_chat,
    openai_responses,
    openai_responses_stream,
    openai_stream,
    sse,
)
from tierwise.wire.answers import Answer, Meter
from tierwise.wire.requests import ModelRequest


@dataclass(frozen=True, slots=True)
class Plane:
    """One protocol. What ends in `path` speaks it; `platform` is where its models and prices are listed,
    unless the request names a client's own.

    `read` takes headers, path and body, and raises WireError. The `with_…` change one value of a body and
    leave every other byte; `with_usage` makes sure that the answer will report its usage.
    """

    name: str
    path: str
    platform: str
    read: Callable[[Mapping[str, str], str, bytes], ModelRequest]
    with_max_tokens: Callable[[bytes, int], bytes]
    with_effort: Callable[[bytes, str], bytes]
    with_usage: Callable[[bytes], bytes]
    meter: Callable[[], Meter]
    from_json: Callable[[bytes], Answer]
    error: ErrorShape


def _as_it_is(body: bytes) -> bytes:
    return body


MESSAGES: Final = Plane(
    name="messages",
    path="/v1/messages",
    platform="claude_code",
    read=anthropic.read_request,
    with_max_tokens=anthropic.with_max_tokens,
    with_effort=anthropic.with_effort,
    with_usage=_as_it_is,
    meter=sse.UsageMeter,
    from_json=sse.from_json,
    error=anthropic_error,
)
CHAT: Final = Plane(
    name="chat",
    path="/v1/chat/completions",
    platform="openai",
    read=openai_chat.read_request,
    with_max_tokens=openai_chat.with_max_tokens,
    with_effort=openai_chat.with_effort,
    with_usage=openai_chat.with_usage,
    meter=openai_stream.ChatMeter,
    from_json=openai_stream.from_json,
    error=openai_error,
)
RESPONSES: Final = Plane(
    name="responses",
    path="/v1/responses",
    platform="openai",
    read=openai_responses.read_request,
    with_max_tokens=openai_responses.with_max_tokens,
    with_effort=openai_responses.with_effort,
    with_usage=_as_it_is,
    meter=openai_responses_stream.ResponsesMeter,
    from_json=openai_responses_stream.from_json,
    error=openai_error,
)
PLANES: Final = (MESSAGES, CHAT, RESPONSES)


def platform_of(plane: Plane, request: ModelRequest) -> str:
    """Where the request's models and prices are listed: at its client's own platform, if it has one."""
    return request.client if request.client == "codex" else plane.platform


def plane_of(path: str) -> Plane | None:
    """The protocol that is spoken at this path; None for a path that no call to a model is made at."""
    return next((plane for plane in PLANES if path.endswith(plane.path)), None)
