"""Thoughts: which model made the thinking of a conversation, and what follows if another one's is refused.

    a call ends                 ──►  its blocks' marks are kept with the model that made them
    400 "… thinking block …"    ──►  the same request once more, before a byte has gone to the client:
        after a swap                   on the model that the conversation was on; the turn stays there
        else, as a turn begins         without the foreign blocks of turns that are over; so all the turn
        else                           the provider's own answer goes to the client

Nothing is taken out ahead of a refusal, and nothing is tried twice in a turn.

Source: research/peers.md T11; research/clients.md section 7; rules.md section 6.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from tierwise.catalog.models import Catalog
from tierwise.gateway.sessions import WORKING_CLASSES
from tierwise.router.calls import Answered, Call, Routed
from tierwise.wire.requests import ModelRequest
from tierwise.wire.thinking import refuses_thinking, without_thinking

MAX_AGENTS: Final = 1_024
MAX_MARKS: Final = 512
"""Blocks remembered of one agent's conversation; older ones are nobody's."""


@dataclass(slots=True)
class _Agent:
    """What is known of one conversation: who made which block, which model served last, and what its turn
    has come to after a refusal: `kept` is the model that it stays on, `bare` says that foreign thinking is
    left out, `tried` are the models that were refused."""

    makers: OrderedDict[str, str] = field(default_factory=OrderedDict)
    last: str = ""
    turn: str = ""
    kept: str = ""
    bare: bool = False
    tried: set[str] = field(default_factory=set)


class Thoughts:
    """The newest `MAX_AGENTS` conversations, the longest silent given up first."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._agents: OrderedDict[tuple[str, str, str], _Agent] = OrderedDict()

    def note(self, routed: Routed, answered: Answered) -> None:
        """Remember who made the thinking of an answer."""
        call = routed.call
        if call.request_class not in WORKING_CLASSES or answered.outcome != "ok" or answered.status != 200:
            return
        agent = self._agents.setdefault(_agent_of(call), _Agent())
        self._agents.move_to_end(_agent_of(call))
        agent.last = routed.send
        for mark in answered.thoughts:
            agent.makers[mark] = routed.send
        while len(agent.makers) > MAX_MARKS:
            agent.makers.popitem(last=False)
        while len(self._agents) > MAX_AGENTS:
            self._agents.popitem(last=False)

    def settled(self, routed: Routed, body: bytes, request: ModelRequest) -> tuple[Routed, bytes]:
        """The call as its turn goes on after a refusal; as it is where there was none."""
        agent = self._agents.get(_agent_of(routed.call))
        if agent is None or agent.turn != routed.call.turn or not self._may(routed):
            return routed, body
        if agent.kept and agent.kept != routed.send:
            routed = _told(replace(routed, send=agent.kept), _STAYS.format(agent.kept))
        return routed, self._bare(agent, routed.send, body, request) if agent.bare else body

    def otherwise(
        self, routed: Routed, body: bytes, request: ModelRequest, answer: bytes
    ) -> tuple[Routed, bytes] | None:
        """The call as the provider may take it after this answer, a 400; None if nothing is left to try."""
        if not self._may(routed) or not refuses_thinking(answer):
            return None
        agent = self._agents.setdefault(_agent_of(routed.call), _Agent())
        if agent.turn != routed.call.turn:
            agent.turn, agent.kept, agent.bare, agent.tried = routed.call.turn, "", False, set()
        agent.tried.add(routed.send)
        back = self._back(agent, routed)
        if back:
            agent.kept = back
            why = f"{routed.send} was refused for another model's thinking: {_STAYS.format(back)}"
            return _told(replace(routed, send=back), why), body
        bare = (
            body
            if request.tool_result_pending or agent.bare
            else self._bare(agent, routed.send, body, request)
        )
        if bare == body:
            return None
        agent.bare = True
        return _told(routed, f"{routed.send} is sent no thinking of other models: it was refused"), bare

    def _may(self, routed: Routed) -> bool:
        return routed.mode == "enforce" and routed.call.request_class in WORKING_CLASSES

    def _back(self, agent: _Agent, routed: Routed) -> str:
        """The model to return to after a swap: the conversation's last, else the body's; "" for none."""
        body = routed.call.body_model
        if routed.send == body:
            return ""
        untried = [model for model in (agent.last, body) if model and model not in agent.tried]
        return next((model for model in untried if model == body or self._is_kin(model, body)), "")

    def _is_kin(self, one: str, other: str) -> bool:
        cards = self._catalog.get(one), self._catalog.get(other)
        return cards[0] is not None and cards[1] is not None and cards[0].family == cards[1].family != ""

    def _bare(self, agent: _Agent, model: str, body: bytes, request: ModelRequest) -> bytes:
        return without_thinking(
            body, lambda mark: agent.makers.get(mark, model) != model, subagent=request.subagent
        )


_STAYS: Final = "the turn stays on {}"


def _told(routed: Routed, alarm: str) -> Routed:
    return replace(routed, alarms=(*routed.alarms, alarm))


def _agent_of(call: Call) -> tuple[str, str, str]:
    return call.key, call.session, call.agent
