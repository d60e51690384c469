"""Fan-out: the agents that one answer starts, taken together before the first of them spends anything.

    the answer passes     expect   n calls of Agent in it: each gets what a useful beginning takes, at once
    PreToolUse            claim    the real agent on its real tier takes the place of what was guessed, or is
                                   denied: the purse has too little left for it
    SubagentStart         bind     call ──► agent id
    the agent's own call           its hold takes the place of the beginning's, in one step of the ledger
    the parent's next request      what nobody took is given back

So no sibling can spend what another was promised, nothing is held twice, and a hard budget cannot overshoot:
each hold is one that the ledger has checked. A hold ends with the agent's first call, with the agent, with
the batch, with the session, or when it expires: a process that dies leaves nothing held for ever.

A client may start the first agent while the answer still streams: the batch then grows behind it.

Source: research/peers.md O5; rules.md sections 4 and 11.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from tierwise.core.questions import Refusal
from tierwise.gateway.purser import Begun, Purser
from tierwise.router.holding import Wanted

MAX_BATCHES: Final = 1_024
MAX_SPAWNS: Final = 1_000
"""Of one batch: a client that names more is followed no further."""
MAX_AGENTS: Final = 4_096
JOINED_WITHIN_US: Final = 60 * 1_000_000
"""Without a request of the parent in between, what starts later than that belongs to another batch."""

Wanting = Callable[[str], Wanted]
"""What an agent wants for its beginning, under the hold's id."""


@dataclass(slots=True, eq=False)
class Spawn:
    """One agent that is to start. `begun` is what is held for it; None where no hard budget governs.

    It is `claimed` as its own call is asked about, and `ready` once it may start. `adaptations` is what it is
    told as it starts. `asked_model` is what the client would have run it on, `model` what it was told to; ""
    where nothing was changed.
    """

    call: str
    type: str = ""
    begun: Begun | None = None
    claimed: bool = False
    ready: bool = False
    denied: bool = False
    agent: str = ""
    adaptations: str = ""
    asked_model: str = ""
    model: str = ""


@dataclass(slots=True, eq=False)
class _Batch:
    spawns: dict[str, Spawn] = field(default_factory=dict)
    joined_us: int = 0


class Fanout:
    """The newest `MAX_BATCHES` batches, by session and parent ("" is the main loop)."""

    def __init__(self, purser: Purser, new_id: Callable[[], str]) -> None:
        self._purser = purser
        self._new_id = new_id
        self._batches: OrderedDict[tuple[str, str], _Batch] = OrderedDict()
        self._agents: OrderedDict[tuple[str, str], tuple[_Batch, Spawn]] = OrderedDict()

    def expect(self, session: str, parent: str, calls: Iterable[str], wanting: Wanting, now_us: int) -> None:
        """Hold a beginning for each of the calls that an answer makes; as many as fit, in their order."""
        batch = self._batch(session, parent, now_us)
        for call in calls:
            spawn = self._spawn(batch, call)
            if spawn is not None and not (spawn.claimed or spawn.denied or spawn.begun):
                self._begin(spawn, wanting)

    async def claim(
        self, session: str, parent: str, call: str, type: str, wanting: Wanting | None, now_us: int
    ) -> Spawn | Refusal | None:
        """The agent that is about to start, with its beginning held; a refusal where that does not fit.

        What is held for siblings on a guess, at their parent's price, is not a reason to refuse. `wanting`
        None holds nothing. None if the batch is too large to be followed. StoreError if the ledger fails and
        a hard budget governs.
        """
        spawn = self.joined(session, parent, call, now_us)
        if spawn is None:
            return None
        spawn.claimed, spawn.type = True, type
        if wanting is None:
            self._release(spawn)
            spawn.ready = True
            return spawn
        refusal = await self._begun(spawn, wanting)
        guessed = [one for one in self._siblings(session, parent) if one.begun and not one.claimed]
        if refusal is not None and guessed:
            for one in guessed:
                self._release(one)
            refusal = await self._begun(spawn, wanting)
        spawn.ready = refusal is None
        return refusal or spawn

    def deny(self, spawn: Spawn) -> None:
        """The agent is not going to start."""
        spawn.denied, spawn.ready = True, False
        self._release(spawn)

    def joined(self, session: str, parent: str, call: str, now_us: int) -> Spawn | None:
        """The call as one of its batch; None if that is too large to be followed."""
        return self._spawn(self._batch(session, parent, now_us), call)

    def size(self, session: str, parent: str) -> int:
        """How many agents the parent's newest batch starts."""
        batch = self._batches.get((session, parent))
        return len(batch.spawns) if batch is not None else 0

    def bind(self, session: str, agent: str, type: str) -> Spawn | None:
        """The call that started this agent: the first of its type without one; None if there is none."""
        for (named, _), batch in self._batches.items():
            for spawn in batch.spawns.values() if named == session else ():
                if spawn.ready and not spawn.agent and spawn.type == type:
                    spawn.agent = agent
                    self._agents[session, agent] = batch, spawn
                    while len(self._agents) > MAX_AGENTS:
                        self._release(self._agents.popitem(last=False)[1][1])
                    return spawn
        return None

    def siblings(self, session: str, agent: str) -> int:
        """How many agents were started together with this one, itself among them; 0 if that is not known."""
        known = self._agents.get((session, agent))
        return len(known[0].spawns) if known is not None else 0

    def asked_model(self, session: str, agent: str, model: str) -> str:
        """What the client would have asked for, where it was told to ask for this model; else the model."""
        known = self._agents.get((session, agent))
        if known is None or known[1].model != model:
            return model
        return known[1].asked_model or model

    def begun(self, session: str, agent: str) -> Begun | None:
        """What the agent's first call takes the place of; None if nothing is held."""
        known = self._agents.get((session, agent))
        return known[1].begun if known is not None else None

    def called(self, session: str, agent: str) -> None:
        """The agent's own call holds for itself now, or was refused: its beginning is over."""
        known = self._agents.get((session, agent))
        if known is not None:
            self._release(known[1])

    def over(self, session: str, parent: str) -> None:
        """The parent goes on: what was not started by now is not going to be."""
        batch = self._batches.pop((session, parent), None)
        for spawn in batch.spawns.values() if batch is not None else ():
            if not spawn.agent:
                self._release(spawn)

    def forget(self, session: str) -> None:
        """The session has ended: nothing of it is held any more."""
        for one in [key for key in self._agents if key[0] == session]:
            self._release(self._agents.pop(one)[1])
        for key in [key for key in self._batches if key[0] == session]:
            self.over(*key)

    def _batch(self, session: str, parent: str, now_us: int) -> _Batch:
        """The batch that starts now: the open one, or a new one after a long silence."""
        batch = self._batches.get((session, parent))
        if batch is not None and now_us - batch.joined_us > JOINED_WITHIN_US:
            self.over(session, parent)
            batch = None
        if batch is None:
            batch = self._batches[session, parent] = _Batch()
        batch.joined_us = now_us
        while len(self._batches) > MAX_BATCHES:
            self.over(*next(iter(self._batches)))
        return batch

    def _spawn(self, batch: _Batch, call: str) -> Spawn | None:
        if call not in batch.spawns and len(batch.spawns) < MAX_SPAWNS:
            batch.spawns[call] = Spawn(call)
        return batch.spawns.get(call)

    def _siblings(self, session: str, parent: str) -> list[Spawn]:
        batch = self._batches.get((session, parent))
        return list(batch.spawns.values()) if batch is not None else []

    async def _begun(self, spawn: Spawn, wanting: Wanting) -> Refusal | None:
        """Why the spawn's beginning cannot be held; None if it is, or need not be."""
        begun = self._begin(spawn, wanting)
        return await self._purser.may_begin(begun) if isinstance(begun, Begun) else begun

    def _begin(self, spawn: Spawn, wanting: Wanting) -> Begun | Refusal | None:
        """Ask for the spawn's hold, in the place of the one that it had, which ends either way."""
        begun = self._purser.begin(wanting(f"start-{self._new_id()}"), spawn.begun)
        self._release(spawn)
        spawn.begun = begun if isinstance(begun, Begun) else None
        return begun

    def _release(self, spawn: Spawn) -> None:
        """Give back what is held; harmless where nothing is."""
        if spawn.begun is not None:
            self._purser.give_back(spawn.begun.id)
        spawn.begun = None
