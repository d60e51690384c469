"""An agent that was let in makes its first call, however many others take what is free meanwhile."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future

import pytest
from gateway_harness import HAIKU, request, user

from tierwise import wiring
from tierwise.core.budgets import Budget
from tierwise.core.decide import decide
from tierwise.core.entries import Admitted, Overdrawn, Reserve, Standing, Tags
from tierwise.core.questions import Question, Refusal
from tierwise.gateway.purser import Begun, Held, Purser
from tierwise.router.calls import Call, Routed
from tierwise.store.ledger import Ledger
from tierwise.store.sqlite import SqliteStore
from tierwise.wire.anthropic import read_request
from tierwise.wiring.catalogs import load_catalog

BUDGET = Budget("purse", "daily", "usd", 10**12, hard=True)


class Contested(Ledger):
    """A ledger in which whatever is left over is taken by somebody else before the answer is used."""

    kept_nanousd = 0

    def reserve(self, wish: Reserve) -> Future[Admitted | Overdrawn]:
        done: Future[Admitted | Overdrawn] = Future()
        if wish.charge.nanousd <= self.kept_nanousd:
            done.set_result(Admitted(()))
        else:
            left = max(self.kept_nanousd, wish.charge.nanousd * 9 // 10)
            done.set_result(Overdrawn(wish.purses[0], Standing(0, 0), left, ()))
        return done


@pytest.mark.parametrize("let_in", [True, False])
def test_the_first_call_of_an_agent_gets_at_least_its_beginning(let_in: bool) -> None:
    catalog = load_catalog()
    ledger = Contested(SqliteStore(None), wiring.now_us)
    purser = Purser(ledger, catalog, wiring.day_of, lambda text: pytest.fail(text))
    card, now_us = catalog.get(HAIKU, "claude_code"), wiring.now_us()
    begun = purser.begin(purser.starting("start", Tags(), card, (BUDGET,), now_us), None)
    assert isinstance(begun, Begun)
    ledger.kept_nanousd = begun.charge.nanousd

    asked = read_request(
        {}, "/v1/messages", json.dumps(request([user("Go.")], HAIKU, max_tokens=128_000)).encode()
    )
    question = Question(asked_model=HAIKU)
    routed = Routed(
        Call("claude_code", HAIKU), question, decide(question), "enforce", HAIKU, budgets=(BUDGET,)
    )
    held = asyncio.run(purser.hold("call", routed, asked, now_us, begun if let_in else None))
    ledger.close()

    assert isinstance(held, Held if let_in else Refusal)
    if isinstance(held, Held):
        assert (held.max_tokens or 0) >= 2_000
