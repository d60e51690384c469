"""The application: which request goes which way.

    POST …/v1/messages                decided, relayed, metered
    POST …/v1/messages/count_tokens   relayed as it is: it costs nothing
    GET, HEAD, OPTIONS …              relayed as they are (models, the client's own probes)
    GET  /tierwise/health             how the gateway is
    anything else                     404: a call that could not be metered is not made

A base URL may carry a project's tag: `/p/NAME/v1/messages` goes to `/v1/messages`. Routing fails open: if it
fails in a way that nobody foresaw, the call goes out as the client asked, and an alarm is noted.

Source: rules.md sections 3 and 6; research/clients.md section 2; research/peers.md T7.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from tierwise.core.decide import decide
from tierwise.core.questions import Question
from tierwise.core.skills import Role
from tierwise.errors import StoreError, UpstreamError, WireError
from tierwise.gateway.headers import by_name, downward, upward
from tierwise.gateway.relay import Exchange, relay, reply
from tierwise.gateway.replies import error_reply, json_reply, refusal_reply
from tierwise.gateway.sessions import Sessions
from tierwise.gateway.upstream import Upstream
from tierwise.router.balances import Ledger
from tierwise.router.calls import Answered, Call, Routed
from tierwise.router.metering import execution_of
from tierwise.router.routing import Router
from tierwise.serving import Message, Receive, Scope, Send
from tierwise.wire.anthropic import MessagesRequest, read_request

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
BODY_WITHIN_S: Final = 120.0
MAX_ALARMS: Final = 100
PLATFORM: Final = "claude_code"

_TAG: Final = re.compile(r"^/p/[^/?]+(?=/v1/)")
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class BodyError(WireError):
    """A body that is too large, too slow, or cut off. `status` is what the client is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Gateway:
    """The ASGI application. Entered and left with the upstream that it is given.

    `now_us` is the clock, `day_of` makes an ISO date of it, `new_id` names calls; `alarm` is told, in one
    line without a prompt's text, what a person should know.
    """

    def __init__(
        self,
        router: Router,
        upstream: Upstream,
        ledger: Ledger,
        *,
        now_us: Callable[[], int],
        day_of: Callable[[int], str],
        new_id: Callable[[], str],
        alarm: Callable[[str], None],
        version: str,
    ) -> None:
        self._router = router
        self._upstream = upstream
        self._ledger = ledger
        self._now_us = now_us
        self._day_of = day_of
        self._new_id = new_id
        self._tell = alarm
        self._version = version
        self._sessions = Sessions()
        self._alarms: deque[str] = deque(maxlen=MAX_ALARMS)
        self._calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path, method = str(scope["path"]), str(scope["method"])
        target = _target(scope)
        try:
            if path == "/tierwise/health":
                await reply(send, json_reply(200, self._health()), head=method == "HEAD")
            elif method == "POST" and path.endswith("/v1/messages"):
                await self._messages(scope, target, receive, send)
            elif method in _READING or (method == "POST" and path.endswith("/v1/messages/count_tokens")):
                await self._as_it_is(method, scope, target, receive, send)
            else:
                await reply(send, error_reply(404, _not_served(method, path)))
        except BodyError as error:
            await reply(send, error_reply(error.status, f"tierwise: {error}"))

    async def _messages(self, scope: Scope, target: str, receive: Receive, send: Send) -> None:
        body = await _body_of(receive)
        headers = by_name(scope["headers"])
        try:
            request = read_request(headers, str(scope["path"]), body)
        except WireError as error:
            await reply(send, error_reply(400, f"tierwise: {error}"))
            return
        exchange = Exchange(
            id=self._new_id(),
            routed=self._route(request, headers),
            target=target,
            request_headers=scope["headers"],
            body=body,
            own_headers={},
            now_us=self._now_us,
            settle=self._settle,
            began_us=self._now_us(),
        )
        exchange.own_headers = _own_headers(exchange)
        refusal = exchange.routed.decision.refusal
        if refusal is not None and exchange.routed.mode == "enforce":
            answer = refusal_reply(refusal, exchange.own_headers)
            exchange.refuse(answer.status)
            await reply(send, answer)
            return
        await relay(exchange, self._upstream, receive, send)

    async def _as_it_is(self, method: str, scope: Scope, target: str, receive: Receive, send: Send) -> None:
        body = await _body_of(receive)
        try:
            response = await self._upstream.send(method, target, upward(scope["headers"]), body)
        except UpstreamError as error:
            await reply(send, error_reply(502, f"tierwise: {error}"), head=method == "HEAD")
            return
        async with response:
            headers = downward(response.raw_headers, {})
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            async for chunk in response.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _route(self, request: MessagesRequest, headers: dict[str, str]) -> Routed:
        """The call, routed; as the client asked, with an alarm, if routing itself fails."""
        standing = self._sessions.follow(request)
        skill = standing.skill
        of_main = self._sessions.words_of_main(request) if request.subagent else ""
        targeted = skill is not None and skill.how == "fork"
        call = Call(
            platform=PLATFORM,
            asked_model=request.model,
            session=request.session,
            agent=request.agent,
            turn=standing.turn,
            request_class=request.request_class,
            project=request.project,
            key=request.key,
            role=Role.AUXILIARY if request.request_class == "auxiliary" else None,
            skill=skill.name if skill else None,
            skill_folder=skill.base_dir if skill else None,
            user_words=of_main if targeted else standing.words,
            everywhere_words=of_main,
            effort=request.effort,
            pin=headers.get("x-tierwise-tier", ""),
        )
        now_us = self._now_us()
        try:
            routed = self._router.route(call, now_us, self._day_of(now_us))
        except Exception as error:  # noqa: BLE001  the outermost loop: a call must not fail because routing does
            routed = _unrouted(call, f"routing failed and the call went out as asked: {error!r}")
        for alarm in routed.alarms:
            self._alarm(alarm)
        return routed

    def _settle(self, routed: Routed, answered: Answered) -> None:
        """Hand the call to the ledger; if that is impossible, say so loudly. Never raises for the ledger."""
        self._calls += 1
        execution = execution_of(routed, answered, self._router.catalog, self._day_of(answered.began_us))
        if execution.mismatch:
            self._alarm(f"decided {execution.decided_model}, but {execution.served_model} answered")
        if execution.cost_nanousd is None:
            self._alarm(f"no price is known for {execution.served_model}: the call's cost is not counted")
        try:
            self._router.balances.record(execution, self._ledger)
        except StoreError as error:
            self._alarm(f"a call was not recorded: {error}")

    def _alarm(self, text: str) -> None:
        if text not in self._alarms:
            self._tell(text)
        self._alarms.append(text)

    def _health(self) -> dict[str, Any]:
        return {
            "status": "alarm" if self._alarms else "ok",
            "version": self._version,
            "upstream": self._upstream.url,
            "calls": self._calls,
            "alarms": list(dict.fromkeys(self._alarms)),
        }


def _target(scope: Scope) -> str:
    """Path and query as they were sent, without a project's tag."""
    raw = bytes(scope["raw_path"] or str(scope["path"]).encode()).decode("latin-1")
    query = bytes(scope["query_string"]).decode("latin-1")
    return _TAG.sub("", raw) + (f"?{query}" if query else "")


async def _body_of(receive: Receive) -> bytes:
    """The whole body. BodyError if it is too large, too slow, or the client goes away meanwhile."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while True:
                message: Message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyError(400, "the client went away before its request was complete")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAX_BODY_BYTES:
                    raise BodyError(413, f"a request may have {MAX_BODY_BYTES:,} bytes, this one has more")
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError as error:
        raise BodyError(408, f"the request was not complete after {BODY_WITHIN_S:g} s") from error


def _own_headers(exchange: Exchange) -> dict[str, str]:
    decision = exchange.routed.decision
    return {
        "x-tierwise-decision": exchange.id,
        "x-tierwise-tier": decision.tier.name if decision.tier else "unknown",
        "x-tierwise-rule": decision.rule,
        "x-tierwise-zone": str(decision.zone),
        "x-tierwise-notice": decision.notify or "",
    }


def _unrouted(call: Call, why: str) -> Routed:
    """The call as the client asked, where nothing could be decided."""
    question = Question(platform=call.platform, asked_model=call.asked_model)
    return Routed(call, question, decide(question), "off", call.asked_model, alarms=(why,))


def _not_served(method: str, path: str) -> str:
    return (
        f"tierwise does not serve {method} {path[:200]}: a call that cannot be metered is not made. "
        "It serves POST /v1/messages and /v1/messages/count_tokens, and GET of everything else"
    )
