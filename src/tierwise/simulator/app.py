"""The application: the provider behind ASGI, with paths to control it.

    GET /__log       what was asked and answered so far        POST /__script   play another script (JSON)
    POST /__reset    forget log, numbers, caches, counters     everything else  is a request to the provider

An answer that the script cuts is left unfinished: the server then drops the connection.

Source: research/clients.md sections 2 and 7.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any, Final

from tierwise.errors import ConfigError
from tierwise.simulator.answers import Answer, json_answer
from tierwise.simulator.caches import standing_still
from tierwise.simulator.log import LogEntry, RequestLog, entry_of
from tierwise.simulator.provider import Provider
from tierwise.simulator.refusals import refusal
from tierwise.simulator.request import Request, read_request
from tierwise.simulator.script import DEFAULT, Fault, Script
from tierwise.simulator.script_reading import script_in

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
_CONTROLS: Final = frozenset({"/__log", "/__reset", "/__script"})


class ClientGoneError(Exception):
    """The client left before its request was complete."""


class SimulatorApp:
    """The ASGI application. One event loop may call it; its log may be read from any thread."""

    def __init__(
        self,
        provider: Provider,
        log: Callable[[LogEntry], None] | None,
        *,
        keep_bodies: bool,
    ) -> None:
        self._provider = provider
        self._sink = log
        self._keep_bodies = keep_bodies
        self._requests = 0
        self.log = RequestLog()

    def play(self, script: Script) -> None:
        """Go on with another script; log, numbers and caches stay."""
        self._provider.play(script)

    def reset(self) -> None:
        """Be as at the start, with the script that plays now."""
        self._provider.reset()
        self.log.clear()
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        assert scope["type"] == "http", "the simulator speaks HTTP only"
        try:
            raw = await _body(receive)
        except ClientGoneError:
            return
        await _send(self._answer(scope, raw), send)

    def _answer(self, scope: Scope, raw: bytes | None) -> Answer:
        """The answer to a body, None standing for one that is too large."""
        path, method = str(scope["path"]), str(scope["method"])
        if path in _CONTROLS:
            return self._control(method, path, raw or b"")
        self._requests += 1
        query = bytes(scope["query_string"]).decode("latin-1")
        request = read_request(self._requests, method, path, query, scope["headers"], raw or b"")
        answer = self._provider.answer(request) if raw is not None else _too_large(request)
        entry = entry_of(request, answer, keep_body=self._keep_bodies)
        self.log.append(entry)
        if self._sink is not None:
            self._sink(entry)
        return answer

    def _control(self, method: str, path: str, raw: bytes) -> Answer:
        wanted = "GET" if path == "/__log" else "POST"
        if method != wanted:
            return json_answer({"error": f"{path} takes {wanted}"}, 405)
        if path == "/__log":
            return json_answer(self.log.entries())
        if path == "/__reset":
            self.reset()
            return json_answer({"ok": True})
        try:
            script = script_in(raw, "the script sent")
        except ConfigError as error:
            return json_answer({"error": str(error)}, 400)
        self.play(script)
        return json_answer({"ok": True, "rules": len(script.rules)})


def create_app(
    script: Script = DEFAULT,
    *,
    log: Callable[[LogEntry], None] | None = None,
    now_s: Callable[[], float] = standing_still,
    keep_bodies: bool = False,
) -> SimulatorApp:
    """The application for a script.

    `log` is called with each entry before its answer starts. `now_s` is the clock of the prompt caches, in
    seconds; the default stands still, so that nothing expires. `keep_bodies` keeps request bodies in the log.
    """
    return SimulatorApp(Provider(script, now_s), log, keep_bodies=keep_bodies)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None as soon as it is larger than the bound. ClientGoneError if it never comes."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(answer: Answer, send: Send) -> None:
    """Send the answer at the script's pace; an incomplete one stops behind its last chunk."""
    await asyncio.sleep(answer.delay_ms / 1_000)
    headers = {"content-type": answer.media_type} | dict(answer.headers)
    if answer.length is not None:
        headers["content-length"] = str(answer.length)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    for at, chunk in enumerate(answer.chunks):
        if at and answer.event_delay_ms:
            await asyncio.sleep(answer.event_delay_ms / 1_000)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if answer.complete:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _too_large(request: Request) -> Answer:
    message = f"The request is larger than {MAX_BODY_BYTES} bytes"
    answer = refusal(request, 413, Fault(message=message))
    return replace(answer, headers=(("connection", "close"),))
