"""Hooks: the address that Claude Code's own hooks are sent to, and what they join with the calls it relays.

    POST /tierwise/hooks/claude      one event as JSON ──► what to do about it, as JSON

| event | what comes of it |
|---|---|
| PreToolUse of Agent | the agent's tier, or why it must not start; a beginning held for it |
| PreToolUse of Skill | its fork twin, or what makes up for a lower tier |
| SubagentStart | the id has a name from now on; what makes up for a lower tier |
| SubagentStop | what was held for it and not used is given back |
| UserPromptSubmit | the words count for the turn; notices; what makes up for a typed skill's lower tier |
| SessionEnd | the summary to wherever notices go; nothing is held or remembered of the session |

A hook never stands in the way: whatever fails here is an alarm, and the answer `{}`, which changes nothing.

Source: research/clients.md section 5; research/peers.md O5; rules.md sections 4 and 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tierwise.errors import StoreError
from tierwise.gateway.bulletins import Bulletins
from tierwise.gateway.closing import Closing
from tierwise.gateway.control import not_from_here
from tierwise.gateway.headers import Raw
from tierwise.gateway.purser import Begun
from tierwise.gateway.replies import Reply, error_reply, json_reply
from tierwise.gateway.sessions import WORKING_CLASSES, Named
from tierwise.gateway.spawning import Spawning, speaks_of
from tierwise.router.calls import Answered, Call, Routed
from tierwise.wire.answers import SPAWNING_TOOLS
from tierwise.wire.hooks import NO_ANSWER, HookAnswer, HookEvent, read_event, typed_skill, words_of
from tierwise.wire.requests import ModelRequest

PATH: Final = "/tierwise/hooks/claude"
ANSWER_WITHIN_S: Final = 2.0
"""The client waits that long at most; then it goes on as if nobody had been asked."""
FOR_THE_MODEL: Final = (
    "tierwise, which chooses the models, has told the user (no answer of yours is needed): "
)

Handler = Callable[[HookEvent], Awaitable[HookAnswer]]


@dataclass(frozen=True, slots=True)
class Hooks:
    """Answers events, and tells the relay what they told. `alarm` is told what a person should mend."""

    spawning: Spawning
    bulletins: Bulletins
    closing: Closing
    alarm: Callable[[str], None]
    _handlers: Mapping[str, Handler] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        handlers: dict[str, Handler] = {
            "PreToolUse": self._tool,
            "SubagentStart": self._started,
            "SubagentStop": self._stopped,
            "UserPromptSubmit": self._prompt,
            "SessionEnd": self._ended,
        }
        object.__setattr__(self, "_handlers", handlers)

    async def reply_to(self, method: str, headers: list[Raw], body: bytes) -> Reply:
        """The answer to one event: 200, unless the request comes from a page or is no POST of JSON."""
        refused = not_from_here(method, headers)
        if refused is not None:
            return refused
        if method != "POST":
            return error_reply(405, "tierwise: only POST is understood here", {"allow": "POST"})
        event = read_event(body)
        if event is None:
            self.alarm("a hook's event could not be read: nothing was changed")
            return json_reply(200, {})
        return json_reply(200, (await self._answer(event)).as_json(event.hook_event_name))

    async def _answer(self, event: HookEvent) -> HookAnswer:
        handler = self._handlers.get(event.hook_event_name)
        if handler is None:
            return NO_ANSWER
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await handler(event)
        except Exception as error:  # noqa: BLE001  the outermost loop: a client must not fail because a hook does
            self.alarm(f"the hook {event.hook_event_name[:60]} failed and nothing was changed: {error!r}")
            return NO_ANSWER

    # -- events ----------------------------------------------------------------------------------------------

    async def _tool(self, event: HookEvent) -> HookAnswer:
        if event.tool_name in SPAWNING_TOOLS:
            answer = await self.spawning.agent(event)
        elif event.tool_name == "Skill":
            answer = await self.spawning.skill(event)
        else:
            return NO_ANSWER
        context = self.bulletins.news(event.session_id, answer.context, event.prompt_id)
        message = answer.message if answer.denied else self.bulletins.news(event.session_id, answer.message)
        return self._with_notices(event, replace(answer, context=context, message=message))

    async def _started(self, event: HookEvent) -> HookAnswer:
        session, agent, type = event.session_id, event.agent_id, event.agent_type
        if not agent:
            return NO_ANSWER
        file = self.spawning.natives.agent(type, event.cwd)
        self.spawning.sessions.name(session, agent, Named(type, file))
        spawn = self.spawning.fanout.bind(session, agent, type)
        return HookAnswer(context=spawn.adaptations) if spawn is not None else NO_ANSWER

    async def _stopped(self, event: HookEvent) -> HookAnswer:
        self.spawning.fanout.called(event.session_id, event.agent_id)
        return NO_ANSWER

    async def _prompt(self, event: HookEvent) -> HookAnswer:
        words = words_of(event.prompt)
        if words is None or event.agent_id:  # an agent that has finished, say: nobody spoke
            return NO_ANSWER
        self.spawning.sessions.hear(event.session_id, words)
        name, _ = typed_skill(event.prompt)
        context = await self.spawning.typed(event, name, words) if name else ""
        return self._with_notices(event, HookAnswer(context=context))

    async def _ended(self, event: HookEvent) -> HookAnswer:
        session = event.session_id
        self.spawning.fanout.forget(session)
        self.spawning.sessions.forget(session)
        self.bulletins.forget(session)
        self.closing.close(session)
        return NO_ANSWER

    def _with_notices(self, event: HookEvent, answer: HookAnswer) -> HookAnswer:
        """The answer with what the session was not told yet: to the user as it is, to the model as news."""
        waiting = self.bulletins.take(event.session_id)
        lines = [each.line for each in waiting if not (each.offer and each.offer in answer.denied)]
        if not lines:
            return answer
        message = "\n".join(filter(None, (answer.message, *(f"tierwise: {line}" for line in lines))))
        context = "\n\n".join(filter(None, (answer.context, FOR_THE_MODEL + " ".join(lines))))
        return replace(answer, message=message, context=context)

    # -- the relay -------------------------------------------------------------------------------------------

    def begins(self, request: ModelRequest) -> None:
        """A request has come: what its agent did not start by now, it is not going to."""
        if request.request_class in WORKING_CLASSES:
            self.spawning.fanout.over(request.session, request.agent)

    def called(self, request: ModelRequest, begun: Begun | None) -> None:
        """The agent's request holds for itself, or was refused: its beginning is over."""
        if begun is not None:
            self.spawning.fanout.called(request.session, request.agent)
            self.spawning.purser.started(request)

    def joined(self, call: Call) -> Call:
        """The call with what hooks told of its agent."""
        if not call.agent:
            return call
        named = self.spawning.sessions.named(call.session, call.agent)
        asked = self.spawning.fanout.asked_model(call.session, call.agent, call.asked_model)
        spoken_of = not call.user_words and speaks_of(call.everywhere_words, named.name)
        changed = asked != call.asked_model and not call.named_model
        return replace(
            call,
            agent_name=named.name,
            agent_file=named.file,
            siblings=self.spawning.fanout.siblings(call.session, call.agent),
            user_words=call.everywhere_words if spoken_of else call.user_words,
            asked_model=asked if changed else call.asked_model,
            named_model=call.asked_model if changed else call.named_model,
        )

    def answered(self, routed: Routed, answered: Answered) -> None:
        """An answer is complete: each agent that it starts gets a beginning before anybody else can ask."""
        call = routed.call
        caller = self.spawning.sessions.caller(call.session)
        if not answered.spawns or caller is None or answered.outcome != "ok":
            return
        now_us = answered.ended_us
        wanting = self.spawning.wanting(caller, call.session, routed, now_us)
        try:
            self.spawning.fanout.expect(call.session, call.agent, answered.spawns, wanting, now_us)
        except StoreError as error:
            self.alarm(f"nothing was held for the agents that start now: {error}")
