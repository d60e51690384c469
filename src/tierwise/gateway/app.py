"""The application: which request goes which way.

    POST …/v1/messages                decided, held, relayed, metered (`gateway.planes`)
    POST …/v1/chat/completions        the same, in OpenAI's words
    POST …/v1/responses               the same, in OpenAI's newer words
    POST …/v1/messages/count_tokens   relayed as it is: it costs nothing; so is …/v1/responses/input_tokens
    GET, HEAD, OPTIONS …              relayed as they are (models, the client's own probes); no WebSockets
    GET  …/api/oauth/usage            spend as Claude Code shows it, in its gateway mode; else relayed
    GET  /tierwise/health             how the gateway is
    …    /tierwise/offers, budgets …  what a person may ask and answer (`gateway.control`)
    POST /tierwise/hooks/claude       what Claude Code's own hooks tell (`gateway.hooks`)
    POST …/v1/decide                  what a mod asks before a request is made (`gateway.mods`)
    anything else                     404: a call that could not be metered is not made

A base URL may carry a project's tag: `/p/NAME/v1/messages` goes to `/v1/messages`. What becomes of a metered
call is told in `gateway.calling`.

Source: rules.md sections 3 and 6; research/clients.md section 2; research/peers.md T7.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from tierwise.errors import StoreError, UpstreamError, WireError
from tierwise.gateway.bodies import BodyError, body_of
from tierwise.gateway.calling import Calling
from tierwise.gateway.control import PREFIX, Control
from tierwise.gateway.headers import by_name, downward, upward
from tierwise.gateway.hooks import PATH as HOOKS
from tierwise.gateway.mods import PATH as DECIDE
from tierwise.gateway.native_spend import (
    SpendApi,
    in_gateway_mode,
    is_usage,
)
from tierwise.gateway.notices import Notices
from tierwise.gateway.planes import Plane, plane_of
from tierwise.gateway.purser import Ledger
from tierwise.gateway.relay import relay, reply
from tierwise.gateway.replies import (
    Reply,
    anthropic_error,
    error_reply,
    json_reply,
    openai_error,
)
from tierwise.gateway.upstream import Upstream
from tierwise.router.routing import Router
from tierwise.serving import Receive, Scope, Send
from tierwise.wire.hooks import MAX_EVENT_BYTES
from tierwise.wire.mod_questions import MAX_QUESTION_BYTES

MAX_ALARMS: Final = 100

_TAG: Final = re.compile(r"^/p/[^/?]+(?=/(?:v1|api)/|/?$)")
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COUNTING: Final = ("/v1/messages/count_tokens", "/v1/responses/input_tokens")
"""What costs nothing ends so."""


_COMPRESSED: Final = (
    "tierwise: the request's body is compressed, and what cannot be read cannot be metered. Send it as it is "
    "(Codex: `enable_request_compression = false` under `[features]`)"
)


_NO_SOCKETS: Final = "tierwise speaks HTTP: what passes over a WebSocket could not be metered"


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
        control: Control,
        notices: Notices,
    ) -> None:
        self._upstream = upstream
        self._tell = alarm
        self._version = version
        self._alarms: deque[str] = deque(maxlen=MAX_ALARMS)
        self._control = control
        self._calling = Calling(
            router,
            ledger,
            control,
            notices,
            now_us=now_us,
            day_of=day_of,
            new_id=new_id,
            alarm=self._alarm,
        )
        self._spend = SpendApi(router, self._calling.purser, now_us)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path, method = str(scope["path"]), str(scope["method"])
        target, plane = _target(scope), plane_of(path) if method == "POST" else None
        try:
            own = await self._own_reply(method, path, scope, receive)
            if own is not None:
                await reply(send, own, head=method == "HEAD")
            elif plane is not None:
                await self._metered(plane, scope, target, receive, send)
            elif _wants_socket(method, scope):
                await reply(send, error_reply(426, _NO_SOCKETS, shape=openai_error))
            elif method in _READING or (method == "POST" and path.endswith(_COUNTING)):
                await self._as_it_is(method, scope, target, receive, send)
            else:
                await reply(send, error_reply(404, _not_served(method, path)))
        except BodyError as error:
            shape = plane.error if plane else anthropic_error
            await reply(send, error_reply(error.status, f"tierwise: {error}", shape=shape))

    async def _own_reply(self, method: str, path: str, scope: Scope, receive: Receive) -> Reply | None:
        """What the gateway answers by itself, for its doors that lead to no provider; None at any other."""
        if path == "/tierwise/health":
            return json_reply(200, self._health())
        if path == HOOKS:
            body = await body_of(receive, MAX_EVENT_BYTES)
            return await self._calling.hooks.reply_to(method, scope["headers"], body)
        if path.startswith(PREFIX):
            query = bytes(scope["query_string"])
            return await self._control.reply_to(method, path, scope["headers"], await body_of(receive), query)
        if path.endswith(DECIDE):
            body = await body_of(receive, MAX_QUESTION_BYTES)
            return await self._calling.decide.reply_to(method, path, scope["headers"], body)
        if method == "GET" and is_usage(path) and in_gateway_mode(headers := by_name(scope["headers"])):
            return await self._spend.reply_to(path, headers)
        return None

    async def _metered(self, plane: Plane, scope: Scope, target: str, receive: Receive, send: Send) -> None:
        body = await body_of(receive)
        headers = by_name(scope["headers"])
        if headers.get("content-encoding", "identity") != "identity":
            await reply(send, error_reply(415, _COMPRESSED, shape=plane.error))
            return
        try:
            request = plane.read(headers, str(scope["path"]), body)
        except WireError as error:
            await reply(send, error_reply(400, f"tierwise: {error}", shape=plane.error))
            return
        try:
            exchange = await self._calling.begin(plane, request, headers, scope, target, body)
        except StoreError as error:
            why = f"tierwise: a hard budget cannot be checked: {error}"
            await reply(send, error_reply(503, why, shape=plane.error))
            return
        if isinstance(exchange, Reply):
            await reply(send, exchange)
            return
        await relay(exchange, self._upstream, receive, send)

    async def _as_it_is(self, method: str, scope: Scope, target: str, receive: Receive, send: Send) -> None:
        body = await body_of(receive)
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

    def _alarm(self, text: str) -> None:
        if text not in self._alarms:
            self._tell(text)
        self._control.status.alarmed(text)
        self._alarms.append(text)

    def _health(self) -> dict[str, Any]:
        return {
            "status": "alarm" if self._alarms else "ok",
            "version": self._version,
            "upstream": self._upstream.url,
            "calls": self._calling.ended,
            "alarms": list(dict.fromkeys(self._alarms)),
        }


def _target(scope: Scope) -> str:
    """Path and query as they were sent, without a project's tag."""
    raw = bytes(scope["raw_path"] or str(scope["path"]).encode()).decode("latin-1")
    query = bytes(scope["query_string"]).decode("latin-1")
    return (_TAG.sub("", raw) or "/") + (f"?{query}" if query else "")


def _wants_socket(method: str, scope: Scope) -> bool:
    """Whether the client asks to go on over a WebSocket, as Codex does before it falls back to HTTP."""
    return method == "GET" and by_name(scope["headers"]).get("upgrade", "").lower() == "websocket"


def _not_served(method: str, path: str) -> str:
    return (
        f"tierwise does not serve {method} {path[:200]}: a call that cannot be metered is not made. "
        "It serves POST /v1/messages, /v1/messages/count_tokens, /v1/chat/completions, /v1/responses and "
        "/v1/decide, and GET of everything else"
    )
