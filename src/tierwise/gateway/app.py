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

A base URL may carry a project's tag: `/p/NAME/v1/messages` goes to `/v1/messages`. Routing fails open: if it
fails in a way that nobody foresaw, the call goes out as the client asked, and an alarm is noted.

Source: rules.md sections 3 and 6; research/clients.md section 2; research/peers.md T7.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from tierwise.core.budgets import Budget
from tierwise.core.decide import decide
from tierwise.core.questions import Question, Refusal
from tierwise.core.skills import Role
from tierwise.errors import StoreError, UpstreamError, WireError
from tierwise.gateway.bodies import BodyError, body_of
from tierwise.gateway.bulletins import Bulletins
from tierwise.gateway.closing import Closing
from tierwise.gateway.consents import Consents, offer_headers
from tierwise.gateway.control import PREFIX, Control
from tierwise.gateway.fanout import Fanout
from tierwise.gateway.headers import Raw, by_name, downward, upward
from tierwise.gateway.hooks import PATH as HOOKS
from tierwise.gateway.hooks import Hooks
from tierwise.gateway.mods import PATH as DECIDE
from tierwise.gateway.mods import DecideApi, Mods
from tierwise.gateway.native_spend import (
    SpendApi,
    caps_of,
    in_gateway_mode,
    is_usage,
    refused_headers,
    spend_headers,
)
from tierwise.gateway.notices import Notices
from tierwise.gateway.planes import MESSAGES, Plane, plane_of, platform_of
from tierwise.gateway.purser import Held, Ledger, Purser
from tierwise.gateway.relay import Exchange, relay, reply
from tierwise.gateway.replies import (
    Reply,
    anthropic_error,
    error_reply,
    json_reply,
    openai_error,
    refusal_reply,
)
from tierwise.gateway.sessions import Sessions
from tierwise.gateway.spawning import Spawning
from tierwise.gateway.steering import FALLBACKS, OVERLOADED, Steering, steering_reply
from tierwise.gateway.thoughts import Thoughts
from tierwise.gateway.upstream import Upstream
from tierwise.gateway.warmth import Warmth
from tierwise.router.calls import Answered, Call, Routed
from tierwise.router.routing import Router
from tierwise.serving import Receive, Scope, Send
from tierwise.wire.hooks import MAX_EVENT_BYTES
from tierwise.wire.mod_questions import MAX_QUESTION_BYTES
from tierwise.wire.quotas import readings_in_headers
from tierwise.wire.requests import ModelRequest

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
        self._router = router
        self._upstream = upstream
        self._now_us = now_us
        self._day_of = day_of
        self._new_id = new_id
        self._tell = alarm
        self._version = version
        self._purser = Purser(ledger, router.catalog, day_of, self._alarm)
        self._sessions = Sessions()
        self._warmth = Warmth()
        self._steering = Steering(router.catalog, self._alarm)
        self._thoughts = Thoughts(router.catalog)
        self._spend = SpendApi(router, self._purser, now_us)
        self._control = control
        bulletins = Bulletins()
        self._consents = Consents(control.offers, notices, router.configs, self._alarm, bulletins.keep)
        self._alarms: deque[str] = deque(maxlen=MAX_ALARMS)
        self._calls = 0
        self._hooks = self._hooked(bulletins)
        self._mods = Mods()
        self._decide = DecideApi(
            self._mods,
            self._sessions,
            self._warmth,
            self._consents,
            router.natives,
            lambda call: self._route(self._hooks.joined(call)),
            self._settle,
            now_us,
            new_id,
        )

    def _hooked(self, bulletins: Bulletins) -> Hooks:
        fanout, forecasts = Fanout(self._purser, self._new_id), self._control.forecasts
        spawning = Spawning(
            self._router.natives,
            self._sessions,
            self._warmth,
            fanout,
            self._purser,
            self._consents,
            self._route,
            self._now_us,
        )
        closing = Closing(forecasts.store, forecasts.ledger, self._consents.ended, self._now_us, self._alarm)
        return Hooks(spawning, bulletins, closing, self._alarm)

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
            return await self._hooks.reply_to(method, scope["headers"], body)
        if path.startswith(PREFIX):
            query = bytes(scope["query_string"])
            return await self._control.reply_to(method, path, scope["headers"], await body_of(receive), query)
        if path.endswith(DECIDE):
            body = await body_of(receive, MAX_QUESTION_BYTES)
            return await self._decide.reply_to(method, path, scope["headers"], body)
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
            exchange = await self._exchange(plane, request, headers, scope, target, body)
        except StoreError as error:
            why = f"tierwise: a hard budget cannot be checked: {error}"
            await reply(send, error_reply(503, why, shape=plane.error))
            return
        if isinstance(exchange, Reply):
            await reply(send, exchange)
            return
        await relay(exchange, self._upstream, receive, send)

    async def _exchange(
        self,
        plane: Plane,
        request: ModelRequest,
        headers: dict[str, str],
        scope: Scope,
        target: str,
        body: bytes,
    ) -> Exchange | Reply:
        """The call, decided and held; or the refusal, recorded. StoreError: a hard budget fails closed."""
        began_us, id = self._now_us(), self._new_id()
        if request.request_class == "main":
            self._control.contexts.keep(request.session, body)
        self._hooks.begins(request)
        id, routed = await self._routed(id, began_us, plane, request, headers)
        own = _own_headers(id, routed)
        if plane is MESSAGES and self._steering.leads(routed, headers.get(FALLBACKS, "")):
            self._settle(None, routed, Answered(id, began_us, self._now_us(), OVERLOADED, "steered"))
            return steering_reply(routed, own)
        routed, body = self._thoughts.settled(self._in_its_shape(routed), body, request)
        held: Held | Refusal | None = routed.decision.refusal if routed.mode == "enforce" else None
        if held is None:
            begun = self._hooks.spawning.fanout.begun(request.session, request.agent)
            held = await self._purser.hold(id, routed, request, began_us, begun)
            self._hooks.called(request, begun)
        caps = caps_of(routed.question.gauges, routed.budgets, began_us) if in_gateway_mode(headers) else None
        if isinstance(held, Refusal):
            answer = refusal_reply(
                held,
                own if caps is None else own | refused_headers(held, caps, began_us),
                self._consents.refused(held, routed, began_us),
                plane.error,
                client=request.client,
            )
            self._settle(None, routed, Answered(id, began_us, self._now_us(), answer.status, "refused"))
            return answer
        spend = spend_headers(caps or ()) if routed.mode != "off" else {}
        return self._under_way(
            id, plane, routed, request, target, scope["headers"], body, held, began_us, spend
        )

    def _under_way(
        self,
        id: str,
        plane: Plane,
        routed: Routed,
        request: ModelRequest,
        target: str,
        request_headers: list[Raw],
        body: bytes,
        held: Held,
        began_us: int,
        spend: dict[str, str],
    ) -> Exchange:
        """The exchange that sends the call, and the other one that may take its place."""

        async def again(answer: bytes) -> Exchange | None:
            other = self._thoughts.otherwise(routed, body, request, answer) if plane is MESSAGES else None
            if other is None:
                return None
            anew, now_us, new_id = other[0], self._now_us(), self._new_id()
            try:
                holding = await self._purser.hold(new_id, anew, request, now_us)
            except StoreError:
                return None
            if isinstance(holding, Refusal):
                return None
            self._alarm(anew.alarms[-1])
            return self._under_way(
                new_id, plane, anew, request, target, request_headers, other[1], holding, now_us, spend
            )

        return Exchange(
            id=id,
            plane=plane,
            routed=routed,
            target=target,
            request_headers=request_headers,
            body=body,
            max_tokens=held.max_tokens,
            own_headers=_own_headers(id, routed) | spend,
            now_us=self._now_us,
            heard=lambda told: self._hear(request.key, told),
            settle=lambda answered: self._served(held, routed, answered, request),
            began_us=began_us,
            again=again,
        )

    async def _routed(
        self, id: str, now_us: int, plane: Plane, request: ModelRequest, headers: dict[str, str]
    ) -> tuple[str, Routed]:
        """The call as a mod was told, under the id that the mod knows; else as is decided now, under `id`."""
        decided = self._mods.named(headers, request)
        if decided is not None:
            call = self._call(plane, decided.asked(request), headers)
            routed = decided.adopted(call, request)
            if routed is not None:
                return decided.use() or id, routed
        else:
            call = self._steering.recall(self._call(plane, request, headers))
        routed = await self._route(self._mods.informed(replace(call, named_model=request.model)))
        self._consents.follow(routed, now_us)
        return id, routed

    def _in_its_shape(self, routed: Routed) -> Routed:
        """The call as its request's shape lets it be sent, with an alarm if it was decided otherwise."""
        if not routed.misfit:
            return routed
        shaped = routed.served_as_asked()
        self._alarm(shaped.alarms[-1])
        return shaped

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

    async def _route(self, call: Call) -> Routed:
        """The call, routed; as the client asked, with an alarm, if routing itself fails.

        Budgets do not fail open: where even they cannot be told, the error goes on.
        """
        now_us = self._now_us()
        try:
            prepared = self._router.prepare(call, now_us)
            await self._control.forecasts.foresee(prepared.governing, prepared.config)
            standings = await self._purser.standings(prepared.governing.purses)
            routed = self._router.route(prepared, standings, self._day_of(now_us))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  the outermost loop: a call must not fail because routing does
            budgets = self._router.balances.budgets_of(self._router.configs.of(None))
            why = f"routing failed and the call went out as asked: {error!r}"
            routed = _unrouted(call, why, budgets)
        for alarm in routed.alarms:
            self._alarm(alarm)
        return routed

    def _call(self, plane: Plane, request: ModelRequest, headers: dict[str, str]) -> Call:
        """What is known of the request before anything is decided."""
        standing = self._sessions.follow(request)
        skill = standing.skill
        of_main = self._sessions.words_of_main(request) if request.subagent else ""
        targeted = skill is not None and skill.how == "fork"
        said, asked_in = standing.words, standing.turn
        if request.subagent:
            said, asked_in = of_main, self._sessions.turn_of_main(request) or standing.turn
        call = Call(
            platform=platform_of(plane, request),
            asked_model=request.model,
            session=request.session,
            agent=request.agent,
            turn=standing.turn,
            request_class=request.request_class,
            project=request.project,
            key=request.key,
            role=Role.AUXILIARY if request.summarises else None,
            skill=skill.name if skill else None,
            skill_folder=skill.base_dir if skill else None,
            user_turn=asked_in,
            answers=self._consents.answers(request.session, asked_in, said),
            user_words=of_main if targeted else standing.words,
            everywhere_words=of_main,
            effort=request.effort,
            step=headers.get("x-tierwise-step", ""),
            pin=headers.get("x-tierwise-tier", ""),
            context_tokens=self._purser.expected_tokens(request),
            tool_result_pending=request.tool_result_pending,
            skill_boundary=request.skill is not None and request.skill.boundary,
        )
        call = self._hooks.joined(call)
        return replace(call, warm=self._warmth.warm(call, request, self._now_us()))

    def _hear(self, key: str, headers: Mapping[str, str]) -> None:
        """Take what the platform says of its own limits."""
        now_us = self._now_us()
        self._router.balances.hear(key, readings_in_headers(headers, now_us), now_us)

    def _served(self, held: Held, routed: Routed, answered: Answered, request: ModelRequest) -> None:
        """Record a call that was sent, and what it left in its model's cache."""
        self._warmth.note(routed.call, answered, request)
        self._thoughts.note(routed, answered)
        self._settle(held, routed, answered)
        self._hooks.answered(routed, answered)

    def _settle(self, held: Held | None, routed: Routed, answered: Answered) -> None:
        """Record how a call ended, and say what a person should know about it."""
        self._calls += 1
        execution = self._purser.settle(held, routed, answered)
        self._control.status.note(execution)
        if execution.mismatch:
            self._alarm(f"decided {execution.decided_model}, but {execution.served_model} answered")
        if execution.cost_nanousd is None:
            self._alarm(f"no price is known for {execution.served_model}: the call's cost is not counted")

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
            "calls": self._calls,
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


def _own_headers(id: str, routed: Routed) -> dict[str, str]:
    decision = routed.decision
    return {
        "x-tierwise-decision": id,
        "x-tierwise-tier": decision.tier.name if decision.tier else "unknown",
        "x-tierwise-rule": decision.rule,
        "x-tierwise-zone": str(decision.zone),
        "x-tierwise-notice": decision.notify or "",
        **(offer_headers(decision) if routed.mode == "enforce" else {}),
    }


def _unrouted(call: Call, why: str, budgets: tuple[Budget, ...]) -> Routed:
    """The call as the client asked, where nothing could be decided; its budgets still govern it."""
    question = Question(platform=call.platform, asked_model=call.asked_model)
    return Routed(
        call, question, decide(question), "enforce", call.asked_model, alarms=(why,), budgets=budgets
    )


def _not_served(method: str, path: str) -> str:
    return (
        f"tierwise does not serve {method} {path[:200]}: a call that cannot be metered is not made. "
        "It serves POST /v1/messages, /v1/messages/count_tokens, /v1/chat/completions, /v1/responses and "
        "/v1/decide, and GET of everything else"
    )
