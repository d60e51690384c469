"""Steering: where a swap would have to reshape a request, the client is led to a fallback of its own.

    decided: haiku      x-tierwise-fallbacks: sonnet,haiku     (its `fallbackModel`, as `connect` told it)
    asked: opus-4-7  ──►  529   sonnet-4-6  ──►  529   haiku-4-5  ──►  served

Claude Code answers a 529 that must not be retried by asking its next fallback, with the request made anew
for it, and stays there until the next prompt; old versions try `MAX_TRIES` times before they do. So within
one turn no model is led away from twice, none is unless the decided tier still comes behind it in the list,
and never more are than the list has entries. A client that did not fall back is not led again in its
session. What its own turn asked for is kept: a fallback is not a wish.

Source: rules.md section 12; research/clients.md sections 2 and 7; tried with Claude Code 2.1.330 and 2.1.197.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from tierwise.catalog.models import Catalog
from tierwise.gateway.replies import Reply, anthropic_error, error_reply
from tierwise.gateway.sessions import WORKING_CLASSES
from tierwise.router.calls import Call, Routed

FALLBACKS: Final = "x-tierwise-fallbacks"
"""The header by which a client tells its fallback models, in their order, with commas between them."""
MAX_FALLBACKS: Final = 8
MAX_AGENTS: Final = 4_096
MAX_SESSIONS: Final = 1_024
OVERLOADED: Final = 529
MAX_TRIES: Final = 3
"""How often Claude Code 2.1.197 asks for the same model before it falls back; 2.1.330 asks once."""

_NOT_FOLLOWED: Final = (
    "a client that was to fall back (529) asked for the same model again: it is not led any more in this "
    "session. Is `fallbackModel` in its settings?"
)
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(slots=True)
class _Led:
    """A turn of an agent that was led: from which models, the first of them the one that it asked for.

    `pending` is the model that the client shall not ask for next, "" once it has asked for another; `tries`
    is how often it has asked for it.
    """

    turn: str
    models: list[str]
    pending: str = ""
    tries: int = 0


class Steering:
    """The newest `MAX_AGENTS` agents that were led, and `MAX_SESSIONS` sessions that do not follow."""

    def __init__(self, catalog: Catalog, alarm: Callable[[str], None]) -> None:
        self._catalog = catalog
        self._alarm = alarm
        self._led: OrderedDict[tuple[str, str, str], _Led] = OrderedDict()
        self._deaf: OrderedDict[tuple[str, str], None] = OrderedDict()

    def recall(self, call: Call) -> Call:
        """The call as its turn began: with the model that the client asked for before it was led away.

        `call` asks for the model that its body names. Side requests are left alone.
        """
        led = self._led.get(_agent_of(call))
        if led is None or call.request_class not in WORKING_CLASSES:
            return call
        if led.pending:
            self._came_back(led, call)
        if led.turn != call.turn:
            del self._led[_agent_of(call)]
            return call
        return replace(call, asked_model=led.models[0])

    def _came_back(self, led: _Led, call: Call) -> None:
        """What the client did about the last 529. A request made anew may begin its turn in another place."""
        if call.asked_model != led.pending:
            led.turn = call.turn
        elif led.turn == call.turn and led.tries < MAX_TRIES:
            return
        else:
            _keep(self._deaf, (call.key, call.session), None, MAX_SESSIONS)
            self._alarm(_NOT_FOLLOWED)
        led.pending = ""

    def leads(self, routed: Routed, fallbacks: str) -> bool:
        """Whether the call is to be answered with a 529; if so, that is remembered."""
        call = routed.call
        if not self._may(routed) or (call.key, call.session) in self._deaf:
            return False
        led = self._led.get(_agent_of(call)) or _Led(call.turn, [])
        if led.pending:
            led.tries += 1
            return True
        entries = _entries(fallbacks)
        if call.body_model in led.models or len(led.models) >= len(entries):
            return False
        if not self._comes_behind(routed, entries, len(led.models)):
            return False
        led.models.append(call.body_model)
        led.pending, led.tries = call.body_model, 1
        _keep(self._led, _agent_of(call), led, MAX_AGENTS)
        return True

    def _may(self, routed: Routed) -> bool:
        """Only an agent's own work is led, if it may be made and changed, and nobody pinned the call."""
        call = routed.call
        wanted = bool(routed.misfit) and routed.steering and routed.decision.refusal is None
        return wanted and not call.pin and call.request_class in WORKING_CLASSES

    def _comes_behind(self, routed: Routed, entries: list[str], led: int) -> bool:
        """Whether the decided tier is in the list behind the entry that the client stands at."""
        tiers = [self._tier(entry, routed) for entry in entries]
        here = self._tier(routed.call.body_model, routed)
        at = max((at for at, tier in enumerate(tiers) if tier == here), default=-1)
        decided = routed.decision.tier
        return decided is not None and decided.name in tiers[max(at, led - 1) + 1 :]

    def _tier(self, word: str, routed: Routed) -> str | None:
        ladder = routed.question.settings.ladder
        rung = ladder.get(word)
        return rung.name if rung is not None else self._catalog.tier_of(word, ladder)


def steering_reply(routed: Routed, headers: dict[str, str]) -> Reply:
    """The answer that makes the client ask for its next model, at once."""
    tier = routed.decision.tier
    message = f"tierwise: this call is for {tier}, which another of your fallback models has"
    return error_reply(OVERLOADED, message, {**headers, "x-should-retry": "false"}, anthropic_error)


def _entries(fallbacks: str) -> list[str]:
    words = (word.strip() for word in fallbacks.split(",", MAX_FALLBACKS)[:MAX_FALLBACKS])
    return [word for word in words if word]


def _agent_of(call: Call) -> tuple[str, str, str]:
    return call.key, call.session, call.agent


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
