"""The relay: one call from the client to the provider and back, decided and metered on the way.

    body ──► read ──► route ──► send (swapped, or byte for byte) ──► chunks pass ──► settle, exactly once
                                                                       └► meter

Nothing is held back: a chunk goes to the client as it came. Only a report of usage that the client did not
ask for, and we did, is kept from it. The call is settled when its usage is complete,
before the chunk that completes it is passed on, so that the client's next call finds it counted; a call that
ends in any other way is settled where it ends. A client that goes away ends the call to the provider too. A
request that the provider calls bad may be made once more in another way, as long as no byte of its answer
has been passed on: that is another exchange, and both are settled.

Source: rules.md sections 6, 9 and 11; research/platform.md section B; design.md, "The shape".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tierwise.core.ledger import Outcome
from tierwise.core.usage import Usage
from tierwise.errors import UpstreamError
from tierwise.gateway.headers import Raw, downward, naming_model, upward
from tierwise.gateway.planes import Plane
from tierwise.gateway.replies import Reply, error_reply
from tierwise.gateway.upstream import UnansweredError, Upstream
from tierwise.router.calls import Answered, Routed
from tierwise.serving import Receive, Send
from tierwise.wire.answers import Answer, Meter, tokens_of_text
from tierwise.wire.openai_stream import UsageSieve
from tierwise.wire.requests import with_model

MAX_REFUSAL_BYTES: Final = 64 * 1024
"""A longer answer of status 400 is passed on unread."""
MAX_JSON_BYTES: Final = 64 * 1024 * 1024
"""An answer in one piece that is larger passes unread, and its usage is estimated."""


@dataclass(slots=True)
class Exchange:
    """One call under way: what is sent for it, what came back so far, and how to settle it.

    `max_tokens` is the answer's bound that budgets leave, None where the request's own stands. `heard` is
    told the answer's headers. `sieve` is there where the usage was asked for on the client's behalf. `again`
    makes another exchange of a 400's body, None where the client shall have it.
    """

    id: str
    plane: Plane
    routed: Routed
    target: str
    request_headers: list[Raw]
    body: bytes
    max_tokens: int | None
    own_headers: dict[str, str]
    now_us: Callable[[], int]
    heard: Callable[[Mapping[str, str]], None]
    settle: Callable[[Answered], None]
    began_us: int
    again: Callable[[bytes], Awaitable[Exchange | None]]
    status: int = 0
    upstream_id: str = ""
    sent: bool = False
    settled: bool = False
    sieve: UsageSieve | None = None
    meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        self.meter = self.plane.meter()

    def end(self, outcome: Outcome, answer: Answer) -> None:
        """Settle the call, the first time that its end is known."""
        if self.settled:
            return
        self.settled = True
        usage, estimated = self._usage(answer)
        served = answer.model or (self.routed.send if usage != Usage() else "")
        self.settle(
            Answered(
                id=self.id,
                began_us=self.began_us,
                ended_us=self.now_us(),
                status=self.status,
                outcome=outcome,
                served_model=served,
                usage=usage,
                usage_estimated=estimated,
                tool_calls=answer.tool_calls,
                upstream_id=self.upstream_id or answer.message_id,
                spawns=answer.spawns,
                thoughts=answer.thoughts,
            ),
        )

    def _usage(self, answer: Answer) -> tuple[Usage, bool]:
        """What was used; a prompt that the provider took and did not count is estimated by its length."""
        if not self.sent or self.status >= 400 or not answer.usage_estimated:
            return answer.usage, False
        if answer.prompt_reported:
            return answer.usage, True
        return answer.usage.merge(Usage(input_tokens=tokens_of_text(len(self.body)))), True


async def relay(exchange: Exchange, upstream: Upstream, receive: Receive, send: Send) -> None:
    """Serve one call; it is settled when this returns, however it ends."""
    task = asyncio.current_task()
    assert task is not None, "an application runs in a task"
    gone = asyncio.ensure_future(_until_gone(receive))
    gone.add_done_callback(lambda ended: None if ended.cancelled() else task.cancel())
    try:
        await _relay(exchange, upstream, send)
    except asyncio.CancelledError:
        if not gone.done():
            raise
        task.uncancel()
    finally:
        exchange.end("client_gone", exchange.meter.answer())
        if not gone.done():
            gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _relay(exchange: Exchange, upstream: Upstream, send: Send) -> None:
    try:
        exchange.sent = True
        response = await upstream.send(
            "POST", exchange.target, upward(exchange.request_headers), _body_to_send(exchange)
        )
    except UpstreamError as error:
        exchange.sent = isinstance(error, UnansweredError)
        exchange.end("cut" if exchange.sent else "unreachable", exchange.meter.answer())
        await reply(send, error_reply(502, f"tierwise: {error}", exchange.own_headers, exchange.plane.error))
        return
    refused = await _refused(response)
    other = await exchange.again(refused) if refused else None
    if other is not None:
        await _once_more(exchange, other, response, upstream, send)
        return
    await _pass(exchange, response, send, refused)
    await send({"type": "http.response.body", "body": b""})


async def _refused(response: aiohttp.ClientResponse) -> bytes:
    """What a provider says of a request that it calls bad; b"" for any other answer."""
    if response.status != 400 or response.content_type == "text/event-stream":
        return b""
    said = b""
    with suppress(aiohttp.ClientError, TimeoutError):  # whoever passes the answer on meets it again
        while len(said) < MAX_REFUSAL_BYTES and (chunk := await response.content.readany()):
            said += chunk
    return said


async def _once_more(
    exchange: Exchange, other: Exchange, response: aiohttp.ClientResponse, upstream: Upstream, send: Send
) -> None:
    """End the exchange as refused, and serve the other one in its place."""
    try:
        exchange.status = response.status
        exchange.upstream_id = _id_of(response)
        response.close()
        exchange.end("error", Answer(usage_estimated=False))
        await _relay(other, upstream, send)
    finally:
        other.end("client_gone", other.meter.answer())


def _id_of(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("request-id", response.headers.get("x-request-id", ""))


async def _pass(exchange: Exchange, response: aiohttp.ClientResponse, send: Send, begun: bytes = b"") -> None:
    """Pass the answer on, `begun` being read of it; UpstreamError if it breaks off, so that the client's
    connection breaks too."""
    async with response:
        exchange.status = response.status
        exchange.heard(response.headers)
        exchange.upstream_id = _id_of(response)
        streamed = response.content_type == "text/event-stream"
        headers = downward(response.raw_headers, exchange.own_headers)
        if exchange.routed.send != exchange.routed.call.body_model:
            headers = naming_model(headers, exchange.routed.call.body_model)
        if streamed and exchange.sieve:  # it will be shorter than the provider says
            headers = [(name, value) for name, value in headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        try:
            await (
                _pass_stream(exchange, response, send)
                if streamed
                else _pass_whole(exchange, response, send, begun)
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            exchange.end("cut", exchange.meter.answer())
            raise UpstreamError(f"the provider broke off: {str(error) or type(error).__name__}") from error


def _body_to_send(exchange: Exchange) -> bytes:
    """The client's body; only the values that routing changed are other bytes."""
    routed, plane = exchange.routed, exchange.plane
    body = plane.with_usage(exchange.body)
    exchange.sieve = UsageSieve() if body != exchange.body else None
    if routed.send != routed.call.body_model:
        body = with_model(body, routed.send)
    if routed.effort is not None:
        body = plane.with_effort(body, routed.effort)
    if exchange.max_tokens is not None:
        body = plane.with_max_tokens(body, exchange.max_tokens)
    return body


async def _pass_stream(exchange: Exchange, response: aiohttp.ClientResponse, send: Send) -> None:
    meter, sieve = exchange.meter, exchange.sieve
    async for chunk in response.content.iter_any():
        meter.feed(chunk)
        if meter.complete:
            exchange.end("ok", meter.answer())
        await _pass_on(send, [sieve.feed(chunk) if sieve else chunk])
    await _pass_on(send, [sieve.rest()] if sieve else [])
    answer = meter.answer()
    exchange.end("error" if answer.error or exchange.status >= 400 else "cut", answer)


async def _pass_whole(exchange: Exchange, response: aiohttp.ClientResponse, send: Send, begun: bytes) -> None:
    """An answer in one piece is read before it is passed on, so that its usage is counted by then."""
    parts: list[bytes] = [begun]
    size = len(begun)
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_JSON_BYTES:
            await _pass_on(send, [*parts, chunk])
            parts = []
        else:
            parts.append(chunk)
    answer = exchange.plane.from_json(b"".join(parts)) if size <= MAX_JSON_BYTES else Answer()
    exchange.end("ok" if exchange.status < 400 and not answer.error else "error", answer)
    await _pass_on(send, parts)


async def _pass_on(send: Send, parts: list[bytes]) -> None:
    for part in filter(None, parts):
        await send({"type": "http.response.body", "body": part, "more_body": True})


async def reply(send: Send, answer: Reply, *, head: bool = False) -> None:
    """Give an answer of the gateway's own."""
    headers: list[Raw] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.body)).encode()),
        *downward((), answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
