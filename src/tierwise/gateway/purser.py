"""The purser: what the gateway asks of the ledger around one call.

    standings ──► (routing) ──► hold ──► clamp, or refuse ──► (the call) ──► settle, exactly once

Where a hard budget governs, a ledger that fails refuses the call: uncertain money fails closed. Where none
does, the call goes on and an alarm is raised; its cost is recorded as soon as the ledger is well again.

Source: rules.md sections 11 and 12; design.md, "The shape".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Final, Protocol

from tierwise.catalog.models import Catalog
from tierwise.core.budgets import Budget
from tierwise.core.entries import Admitted, Charge, Overdrawn, Purse, Reserve, Standing, Tags
from tierwise.core.ledger import Execution
from tierwise.core.models import ModelCard
from tierwise.core.questions import Refusal
from tierwise.errors import StoreError
from tierwise.router.calls import Answered, Routed, tags_of
from tierwise.router.holding import Holding, Wanted, with_max_tokens
from tierwise.router.metering import execution_of
from tierwise.router.standings import charge_of, tags_of_execution
from tierwise.wire.requests import ModelRequest

LONGEST_ANSWER_TOKENS: Final = 128_000
"""What a model may write that the catalog knows no bound of."""
START_WITHIN_US: Final = 300 * 1_000_000
"""An agent that has not made its first call by then begins without a hold of its own."""
RACES: Final = 2
"""So often an agent's first call tries for more than its beginning, while others take what is free."""
MOST_ATTEMPTS: Final = 8
"""Each attempt to clamp meets another purse, or less in the same one, for others spend meanwhile."""


class Ledger(Protocol):
    """What is needed of the ledger's engine; `store.ledger.Ledger` says what each promises."""

    def reserve(self, wish: Reserve) -> Future[Admitted | Overdrawn]:
        """Hold money, or say what is left."""
        ...

    def settle(
        self,
        hold_id: str,
        charge: Charge,
        tags: Tags,
        execution: Execution | None = None,
        unconfirmed: bool = False,
    ) -> Future[None]:
        """Put the real charge in place of the hold."""
        ...

    def void(self, hold_id: str) -> Future[None]:
        """Give the hold back."""
        ...

    def import_(
        self, id: str, at_us: int, tags: Tags, charge: Charge, note: str, execution: Execution | None = None
    ) -> Future[None]:
        """Post a charge that had no hold."""
        ...

    def standings(self, purses: Sequence[Purse]) -> Future[tuple[Standing, ...]]:
        """How the purses stand, with everything that was settled before."""
        ...

    def flushed(self) -> Future[None]:
        """Resolves when everything that was asked before is durable."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A call that may be made. `taken` is False where the ledger could not be asked and need not be.

    `max_tokens` is the answer's new bound, None where it stays.
    """

    wanted: Wanted
    taken: bool
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """What is held for an agent's beginning, once the ledger has answered."""

    wanted: Wanted
    charge: Charge
    answer: Future[Admitted | Overdrawn]

    @property
    def id(self) -> str:
        """The hold's id."""
        return self.wanted.id


class Purser:
    """Holds and settles; `alarm` is told what a person should know."""

    def __init__(
        self, ledger: Ledger, catalog: Catalog, day_of: Callable[[int], str], alarm: Callable[[str], None]
    ) -> None:
        self._ledger = ledger
        self._catalog = catalog
        self._day_of = day_of
        self._alarm = alarm
        self._holding = Holding()

    def expected_tokens(self, request: ModelRequest) -> int:
        """How many tokens the request most likely has."""
        return self._holding.expected_tokens(self._catalog.get(request.model), request.text_bytes)

    async def standings(self, purses: tuple[Purse, ...]) -> tuple[Standing, ...]:
        """How the purses stand. StoreError if the ledger fails and one of them is hard."""
        if not purses:
            return ()
        try:
            return await asyncio.wrap_future(self._ledger.standings(purses))
        except StoreError as error:
            self._fail_closed(purses, error)
            return tuple(Standing(0, 0) for _ in purses)

    async def hold(
        self, id: str, routed: Routed, request: ModelRequest, now_us: int, begun: Begun | None = None
    ) -> Held | Refusal:
        """Hold the call's money: as it is asked for, with a shorter answer, or a refusal.

        `begun` is the hold that the agent begins with: this one takes its place, and may always be as large.
        StoreError if the ledger fails and a hard budget governs.
        """
        wanted = self._wanted(id, routed, request, now_us)
        clamped: int | None = None
        for attempt in range(MOST_ATTEMPTS):
            wish = self._holding.wish(wanted)
            if isinstance(wish, Refusal):
                return wish
            try:
                answer = await self._reserved(replace(wish, instead_of=begun.id if begun else ""))
            except StoreError as error:
                self._fail_closed(wish.purses, error)
                return Held(wanted, taken=False, max_tokens=clamped)
            if isinstance(answer, Admitted):
                return Held(wanted, taken=True, max_tokens=clamped)
            overdrawn = answer
            if begun is not None and attempt >= RACES:
                overdrawn = replace(answer, available=begun.charge.of(answer.purse.unit))
            clamped = self._holding.shorter(wanted, overdrawn)
            if clamped is None:
                break
            wanted = with_max_tokens(wanted, clamped)
        return self._holding.refusal(wanted, overdrawn)

    def begin(self, wanted: Wanted, instead_of: Begun | None) -> Begun | Refusal | None:
        """Hold what an agent needs for a useful beginning; None where no hard budget governs it.

        Asked at once, in the order of the calls. Its hold is given back unless the agent's own first call
        takes its place, at the latest when it expires. StoreError if the ledger takes nothing any more.
        """
        wish = self._holding.wish(wanted)
        if isinstance(wish, Refusal):
            return wish
        if not any(purse.hard and purse.limit is not None for purse in wish.purses):
            return None
        expires_us, before = wanted.at_us + START_WITHIN_US, instead_of.id if instead_of else ""
        wish = replace(wish, expires_us=expires_us, sent=False, instead_of=before)
        return Begun(wanted, wish.charge, self._ledger.reserve(wish))

    async def may_begin(self, begun: Begun) -> Refusal | None:
        """Why the agent must not begin; None if it may. StoreError if the ledger fails."""
        answer = await asyncio.wrap_future(begun.answer)
        return self._holding.refusal(begun.wanted, answer) if isinstance(answer, Overdrawn) else None

    def give_back(self, hold_id: str) -> None:
        """End a hold that nobody needs any more; nothing happens if it has ended. Never raises."""
        try:
            self._ledger.void(hold_id).add_done_callback(self._settled)
        except StoreError as error:
            self._alarm(f"a hold was not given back and will expire: {error}")

    def starting(
        self, id: str, tags: Tags, card: ModelCard | None, budgets: tuple[Budget, ...], now_us: int
    ) -> Wanted:
        """What an agent of which nothing was seen yet wants for its first call."""
        return self._holding.starting(id, tags, card, budgets, now_us)

    def started(self, request: ModelRequest) -> None:
        """Learn from an agent's first request how long such are."""
        self._holding.observe_start(request.text_bytes)

    async def _reserved(self, wish: Reserve) -> Admitted | Overdrawn:
        """The ledger's answer; whoever stops waiting for it gives the hold back."""
        try:
            return await asyncio.wrap_future(self._ledger.reserve(wish))
        except asyncio.CancelledError:
            self._ledger.void(wish.id)
            raise

    def settle(self, held: Held | None, routed: Routed, answered: Answered) -> Execution:
        """Put the call into the ledger, in place of its hold if it had one. Never raises for the ledger."""
        execution = execution_of(routed, answered, self._catalog, self._day_of(answered.began_us))
        try:
            self._settle(held, execution).add_done_callback(self._settled)
        except StoreError as error:
            self._alarm(f"a call was not recorded: {error}")
        if held is not None and not answered.usage_estimated:
            self._holding.observe(held.wanted, answered.usage)
        return execution

    def _settle(self, held: Held | None, execution: Execution) -> Future[None]:
        charge, tags = charge_of(execution), tags_of_execution(execution)
        if held is None or not held.taken:
            note = execution.outcome
            return self._ledger.import_(execution.id, execution.at_us, tags, charge, note, execution)
        return self._ledger.settle(execution.id, charge, tags, execution, execution.usage_estimated)

    def _settled(self, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._alarm(f"a call is not recorded yet: {error}")

    def _wanted(self, id: str, routed: Routed, request: ModelRequest, now_us: int) -> Wanted:
        call, question = routed.call, routed.question
        day = self._day_of(now_us)
        card = self._catalog.get(routed.send, call.platform, day) or self._catalog.get(routed.send, None, day)
        asked = question.asked.name if question.asked else ""
        decided = routed.decision.tier.name if routed.decision.tier else ""
        return Wanted(
            id=id,
            tags=tags_of(call, routed.send, asked if routed.send == call.asked_model else decided),
            card=card,
            budgets=routed.budgets if routed.mode == "enforce" else (),
            text_bytes=request.text_bytes,
            max_tokens=_answers_bound(request, card),
            thinking_tokens=request.thinking_tokens,
            cache_writes=request.cache_writes,
            at_us=now_us,
        )

    def _fail_closed(self, purses: Sequence[Purse], error: StoreError) -> None:
        if any(purse.hard and purse.limit is not None for purse in purses):
            raise error
        self._alarm(f"the ledger fails, and no hard budget governs the call: {error}")


def _answers_bound(request: ModelRequest, card: ModelCard | None) -> int | None:
    """How long all answers together may be; unless the request says so, as long as the model can write."""
    if request.max_tokens is not None or not request.unbounded_answers:
        return request.max_tokens
    longest = card.max_output_tokens if card else None
    return request.unbounded_answers * (longest or LONGEST_ANSWER_TOKENS)
