"""Whatever order agents start, call, stop and are refused in, the ledger holds what is promised."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from itertools import count
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tierwise import wiring
from tierwise.core.budgets import Budget
from tierwise.core.entries import Admitted, Charge, Purse, Reserve, Standing, Tags
from tierwise.core.models import ModelCard
from tierwise.core.questions import Refusal
from tierwise.gateway.fanout import Fanout
from tierwise.gateway.purser import Purser
from tierwise.router.holding import Wanted
from tierwise.store.ledger import Ledger
from tierwise.store.sqlite import SqliteStore
from tierwise.wiring.catalogs import load_catalog

LIMIT = 330_000_000
"""Two beginnings on the dear model, or forty on the cheap one."""
BUDGET = Budget("purse", "session", "usd", LIMIT, hard=True)
EVERYTHING = Purse("purse", "all", "", "usd", LIMIT, hard=True)
DEAR, CHEAP = "claude-sonnet-5-5", "claude-haiku-5-5"

calls = st.sampled_from([f"t{n}" for n in range(4)])
agents = st.sampled_from([f"a{n}" for n in range(4)])
parents = st.sampled_from(["", "a0"])
steps = st.one_of(
    st.tuples(st.just("expect"), parents, st.lists(calls, max_size=6), st.booleans()),
    st.tuples(st.just("claim"), parents, calls, st.booleans()),
    st.tuples(st.just("bind"), agents),
    st.tuples(st.just("call"), agents, st.integers(1, 60)),
    st.tuples(st.just("stop"), agents),
    st.tuples(st.just("over"), parents),
    st.tuples(st.just("forget")),
)


class Table:
    """A fan-out over a real ledger in memory, played step by step."""

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.ids, self.clock = count(), count(1_700_000_000_000_000, 1_000)
        self.ledger = Ledger(SqliteStore(None), lambda: next(self.clock))
        catalog = load_catalog()
        self.purser = Purser(self.ledger, catalog, wiring.day_of, self.alarms.append)
        self.fanout = Fanout(self.purser, lambda: str(next(self.ids)))
        self.cards = {name: catalog.get(name, "claude_code") for name in (DEAR, CHEAP)}

    def wanting(self, model: str) -> Any:
        card: ModelCard | None = self.cards[model]
        tags = Tags("s", "s", model=model)

        def wanted(id: str) -> Wanted:
            return self.purser.starting(id, tags, card, (BUDGET,), self.ledger.now_us())

        return wanted

    async def play(self, what: str, *given: Any) -> None:
        now_us = self.ledger.now_us()
        if what == "expect":
            guessed = self.wanting(CHEAP if given[2] else DEAR)
            self.fanout.expect("s", given[0], given[1], guessed, now_us)
        elif what == "claim":
            model = CHEAP if given[2] else DEAR
            claimed = await self.fanout.claim("s", given[0], given[1], "r", self.wanting(model), now_us)
            spawn = self.fanout.joined("s", given[0], given[1], now_us)
            assert claimed is not None
            assert spawn is not None
            if isinstance(claimed, Refusal):
                self.fanout.deny(spawn)
        elif what == "bind":
            self.fanout.bind("s", given[0], "r")
        elif what == "call":
            await self.call(*given)
        elif what == "stop":
            self.fanout.called("s", given[0])
        elif what == "over":
            self.fanout.over("s", given[0])
        else:
            self.fanout.forget("s")

    async def call(self, agent: str, percent: int) -> None:
        """The agent's own call: held in the place of its beginning, and paid at most as it was held."""
        begun, id = self.fanout.begun("s", agent), f"call-{next(self.ids)}"
        charge = Charge(LIMIT * percent // 100, 1, 1)
        until_us, before = self.ledger.now_us() + 10**9, begun.id if begun else ""
        wish = Reserve(id, Tags("s", "s"), charge, (EVERYTHING,), until_us, True, before)
        answer = await asyncio.wrap_future(self.ledger.reserve(wish))
        self.fanout.called("s", agent)
        if isinstance(answer, Admitted):
            await asyncio.wrap_future(self.ledger.settle(id, Charge(charge.nanousd // 7, 1, 1), wish.tags))

    async def standing(self) -> Standing:
        (found,) = await asyncio.wrap_future(self.ledger.standings([EVERYTHING]))
        return found

    def promised(self) -> set[str]:
        """The holds that the fan-out knows of."""
        spawns = [spawn for batch in self.fanout._batches.values() for spawn in batch.spawns.values()]
        spawns += [spawn for _, spawn in self.fanout._agents.values()]
        return {spawn.begun.id for spawn in spawns if spawn.begun}


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=25))
@example(
    [
        ("expect", "", ["t0"], True),
        ("claim", "", "t1", False),
        ("claim", "", "t2", False),
        ("claim", "", "t0", False),  # what it had does not outlive the refusal
    ]
)
def test_the_ledger_holds_what_is_promised_and_no_more(played: list[tuple[Any, ...]]) -> None:
    async def run() -> None:
        table = Table()
        try:
            for step in played:
                await table.play(*step)
                standing = await table.standing()
                assert standing.spent <= LIMIT
                open_holds = {id for id, _ in table.ledger._accounts.open_holds()}
                assert open_holds <= table.promised(), "nothing is held that nobody knows of"
            await table.play("forget")
            assert (await table.standing()).pending == 0
            assert table.alarms == []
        finally:
            table.ledger.close()

    asyncio.run(run())


def test_an_agent_that_starts_is_never_taken_for_one_whose_answer_is_still_out() -> None:
    async def run() -> None:
        table = Table()
        try:
            out: Future[Any] = Future()
            real, table.ledger.reserve = table.ledger.reserve, lambda _: out  # type: ignore[method-assign]
            now_us = table.ledger.now_us()
            waiting = asyncio.create_task(
                table.fanout.claim("s", "", "t0", "r", table.wanting(CHEAP), now_us)
            )
            await asyncio.sleep(0)
            table.ledger.reserve = real  # type: ignore[method-assign]
            started = await table.fanout.claim("s", "", "t1", "r", table.wanting(CHEAP), now_us)
            assert table.fanout.bind("s", "a1", "r") is started
            assert table.fanout.bind("s", "a0", "r") is None
            assert table.fanout.begun("s", "a1") is not None
            out.set_result(Admitted(()))
            first = await waiting
            assert table.fanout.bind("s", "a0", "r") is first
        finally:
            table.ledger.close()

    asyncio.run(run())
