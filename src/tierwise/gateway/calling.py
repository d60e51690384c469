"""Calling: the life of one metered call, from what a client asked to what the ledger keeps of it.

    request ──► what is known of it (Call) ──► routed ──► steered? refused? held ──► Exchange ──► settled
                  sessions, hooks, mods          router                purser         relay        records

Everything that a gateway remembers between calls is joined here; each part says what it remembers and how
much at most. Routing fails open: if it fails in a way that nobody foresaw, the call goes out as the client
asked, and an alarm is noted. Budgets fail closed.

Source: ARCHITECTURE.md, "The life of one call"; rules.md sections 3, 6 and 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tierwise.core.budgets import Budget
from tierwise.core.decide import decide
from tierwise.core.questions import Question, Refusal
from tierwise.core.skills import Role
from tierwise.errors import StoreError
from tierwise.gateway.bulletins import Bulletins
from tierwise.gateway.closing import Closing
from tierwise.gateway.consents import Consents, offer_headers
from tierwise.gateway.control import Control
from tierwise.gateway.fanout import Fanout
from tierwise.gateway.headers import Raw
from tierwise.gateway.hooks import Hooks
from tierwise.gateway.mods import DecideApi, Mods
from tierwise.gateway.native_spend import (
    caps_of,
    in_gateway_mode,
    refused_headers,
    spend_headers,
)
from tierwise.gateway.notices import Notices
from tierwise.gateway.planes import MESSAGES, Plane, platform_of
from tierwise.gateway.purser import Held, Ledger, Purser
from tierwise.gateway.relay import Exchange
from tierwise.gateway.replies import (
    Reply,
    refusal_reply,
)
from tierwise.gateway.sessions import Sessions
from tierwise.gateway.spawning import Spawning
from tierwise.gateway.steering import FALLBACKS, OVERLOADED, Steering, steering_reply
from tierwise.gateway.thoughts import Thoughts
from tierwise.gateway.warmth import Warmth
from tierwise.router.calls import Answered, Call, Routed
from tierwise.router.routing import Router
from tierwise.serving import Scope
from tierwise.wire.quotas import readings_in_headers
from tierwise.wire.requests import ModelRequest


class Calling:
    """The calls of one gateway. `ended` counts those that were settled."""

    def __init__(
        self,
        router: Router,
        ledger: Ledger,
        control: Control,
        notices: Notices,
        *,
        now_us: Callable[[], int],
        day_of: Callable[[int], str],
        new_id: Callable[[], str],
        alarm: Callable[[str], None],
    ) -> None:
        self._router = router
        self._control = control
        self._now_us = now_us
        self._day_of = day_of
        self._new_id = new_id
        self._alarm = alarm
        self.ended = 0
        self.purser = Purser(ledger, router.catalog, day_of, alarm)
        self._sessions = Sessions()
        self._warmth = Warmth()
        self._steering = Steering(router.catalog, alarm)
        self._thoughts = Thoughts(router.catalog)
        bulletins = Bulletins()
        self._consents = Consents(control.offers, notices, router.configs, alarm, bulletins.keep)
        self.hooks = self._hooked(bulletins)
        self._mods = Mods()
        self.decide = DecideApi(
            self._mods,
            self._sessions,
            self._warmth,
            self._consents,
            router.natives,
            lambda call: self._route(self.hooks.joined(call)),
            self._settle,
            now_us,
            new_id,
        )

    def _hooked(self, bulletins: Bulletins) -> Hooks:
        fanout, forecasts = Fanout(self.purser, self._new_id), self._control.forecasts
        spawning = Spawning(
            self._router.natives,
            self._sessions,
            self._warmth,
            fanout,
            self.purser,
            self._consents,
            self._route,
            self._now_us,
        )
        closing = Closing(forecasts.store, forecasts.ledger, self._consents.ended, self._now_us, self._alarm)
        return Hooks(spawning, bulletins, closing, self._alarm)

    async def begin(
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
        self.hooks.begins(request)
        id, routed = await self._routed(id, began_us, plane, request, headers)
        own = _own_headers(id, routed)
        if plane is MESSAGES and self._steering.leads(routed, headers.get(FALLBACKS, "")):
            self._settle(None, routed, Answered(id, began_us, self._now_us(), OVERLOADED, "steered"))
            return steering_reply(routed, own)
        routed, body = self._thoughts.settled(self._in_its_shape(routed), body, request)
        held: Held | Refusal | None = routed.decision.refusal if routed.mode == "enforce" else None
        if held is None:
            begun = self.hooks.spawning.fanout.begun(request.session, request.agent)
            held = await self.purser.hold(id, routed, request, began_us, begun)
            self.hooks.called(request, begun)
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
                holding = await self.purser.hold(new_id, anew, request, now_us)
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

    async def _route(self, call: Call) -> Routed:
        """The call, routed; as the client asked, with an alarm, if routing itself fails.

        Budgets do not fail open: where even they cannot be told, the error goes on.
        """
        now_us = self._now_us()
        try:
            prepared = self._router.prepare(call, now_us)
            await self._control.forecasts.foresee(prepared.governing, prepared.config)
            standings = await self.purser.standings(prepared.governing.purses)
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
            context_tokens=self.purser.expected_tokens(request),
            tool_result_pending=request.tool_result_pending,
            skill_boundary=request.skill is not None and request.skill.boundary,
        )
        call = self.hooks.joined(call)
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
        self.hooks.answered(routed, answered)

    def _settle(self, held: Held | None, routed: Routed, answered: Answered) -> None:
        """Record how a call ended, and say what a person should know about it."""
        self.ended += 1
        execution = self.purser.settle(held, routed, answered)
        self._control.status.note(execution)
        if execution.mismatch:
            self._alarm(f"decided {execution.decided_model}, but {execution.served_model} answered")
        if execution.cost_nanousd is None:
            self._alarm(f"no price is known for {execution.served_model}: the call's cost is not counted")


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
        call, question, decide(question), "enforce", call.body_model, alarms=(why,), budgets=budgets
    )
