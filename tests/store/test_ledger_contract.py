"""What the ledger promises on every log, found out by doing anything in any order beside a plain model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from ledger_model import Model
from logs import LOGS, Opener

from ledger_samples import NOON_US, execution
from tierwise.core.accounts import Accounts
from tierwise.core.entries import Admitted, Charge, Overdrawn, Purse, Reserve, Tags
from tierwise.errors import ConflictError
from tierwise.store.ledger import Ledger

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
YEAR_US = 365 * 24 * HOUR_US

TAGS = st.sampled_from(
    [
        Tags(session="s1", run="r1", skill="mapper", model="opus-5", tier="opus", project="shop", key="k"),
        Tags(session="s1", run="r1", skill="mapper", model="haiku-5", tier="haiku", project="shop", key="k"),
        Tags(session="s2", run="r2", model="opus-5", tier="opus"),
    ]
)
AMOUNTS = st.integers(0, 40)
CHARGES = st.builds(Charge, AMOUNTS, AMOUNTS, st.integers(0, 1))
PURSES = (
    Purse("all", "all", "", "usd", 100, hard=True),
    Purse("opus", "tier", "opus", "tokens", 60, hard=True),
    Purse("soft", "all", "", "messages", 2),
    Purse("tracked", "model", "opus-5", "usd", None),
)


class TwoGateways(RuleBasedStateMachine):
    """Two ledgers on one log, one clock that may jump, one model."""

    def __init__(self, opener: Opener) -> None:
        super().__init__()
        self.doors = opener()
        self.clock_us = NOON_US
        self.ledgers = [Ledger(door, lambda: self.clock_us) for door in self.doors]
        self.model = Model()
        self.count = 0
        self.wishes: dict[str, Reserve] = {}

    holds = Bundle("holds")
    which = st.integers(0, 1)

    def now_us(self) -> int:
        """What the next batch will take for now; what is due by then has expired in the model."""
        now_us = max(self.clock_us, self.model.newest_us)
        self.model.expire(now_us)
        return now_us

    def fresh(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    @initialize(target=holds, tags=TAGS, charge=CHARGES, life_us=st.sampled_from([MINUTE_US, HOUR_US]))
    def some_are_held_already(self, tags: Tags, charge: Charge, life_us: int):
        calls = [self.reserve(0, tags, charge, sent, life_us, 0, ()) for sent in (True, True, False)]
        return multiple(*calls)

    @rule(
        target=holds,
        which=which,
        tags=TAGS,
        charge=CHARGES,
        sent=st.booleans(),
        life_us=st.sampled_from([0, MINUTE_US, HOUR_US]),
        window_us=st.sampled_from([0, HOUR_US, 3 * HOUR_US]),
        purses=st.sampled_from([(), PURSES[:1], PURSES[1:2], PURSES]),
    )
    def reserve(
        self, which: int, tags: Tags, charge: Charge, sent: bool, life_us: int, window_us: int, purses
    ):
        now_us = self.now_us()
        purses = tuple(replace(purse, since_us=now_us - window_us) for purse in purses)
        wish = Reserve(self.fresh("call"), tags, charge, purses, now_us + life_us, sent)
        before = tuple(self.model.standing(purse) for purse in purses)

        answer = self.ledgers[which].reserve(wish).result(10)

        assert answer.standings == before
        if self.model.reserve(wish, now_us):
            assert answer == Admitted(before)
            self.wishes[wish.id] = wish
            return wish.id
        assert isinstance(answer, Overdrawn)
        assert answer.available == max(0, answer.purse.limit - answer.standing.spent)
        assert answer.available < charge.of(answer.purse.unit) or answer.standing.spent > answer.purse.limit
        return multiple()

    @rule(
        target=holds, which=which, id=holds, tags=TAGS, charge=CHARGES, purses=st.sampled_from([(), PURSES])
    )
    def reserve_instead(self, which: int, id: str, tags: Tags, charge: Charge, purses):
        """What the first one holds is free for the second, and for nobody else in between."""
        now_us = self.now_us()
        purses = tuple(replace(purse, since_us=now_us - HOUR_US) for purse in purses)
        wish = Reserve(self.fresh("call"), tags, charge, purses, now_us + HOUR_US, True, id)
        without = self.model.without(id)
        before = tuple(without.standing(purse) for purse in purses)

        answer = self.ledgers[which].reserve(wish).result(10)

        assert answer.standings == before
        if not without.reserve(wish, now_us):
            assert isinstance(answer, Overdrawn)
            return multiple()
        assert answer == Admitted(before)
        self.model.void(id, now_us)
        self.model.reserve(replace(wish, purses=()), now_us)
        self.wishes[wish.id] = wish
        return wish.id

    @rule(which=which, id=holds)
    def replay(self, which: int, id: str) -> None:
        self.now_us()
        assert isinstance(self.ledgers[which].reserve(self.wishes[id]).result(10), Admitted)

    @rule(which=which, id=holds)
    def replay_with_another_body(self, which: int, id: str) -> None:
        self.now_us()
        other = replace(self.wishes[id], charge=self.wishes[id].charge + Charge(1))
        with pytest.raises(ConflictError, match="another call"):
            self.ledgers[which].reserve(other).result(10)

    @rule(which=which, id=holds, tags=TAGS, charge=CHARGES)
    def settle(self, which: int, id: str, tags: Tags, charge: Charge) -> None:
        self.model.settle(id, charge, tags, self.now_us())
        record = execution(id=id, cost_nanousd=charge.nanousd)
        self.ledgers[which].settle(id, charge, tags, record).result(10)

    @rule(which=which, id=holds)
    def void(self, which: int, id: str) -> None:
        self.model.void(id, self.now_us())
        self.ledgers[which].void(id).result(10)

    @rule(which=which)
    def expire(self, which: int) -> None:
        expected = self.model.expire(max(self.clock_us, self.model.newest_us))
        assert self.ledgers[which].expire().result(10) == expected

    @rule(which=which, tags=TAGS, charge=CHARGES, ago_us=st.integers(0, 3 * HOUR_US), twice=st.booleans())
    def import_(self, which: int, tags: Tags, charge: Charge, ago_us: int, twice: bool) -> None:
        id, at_us = self.fresh("import"), self.clock_us - ago_us
        self.model.newest_us = self.now_us()
        self.model.posted.append((at_us, tags, charge))
        for _ in range(1 + twice):
            self.ledgers[which].import_(id, at_us, tags, charge).result(10)

    @rule(which=which, id=holds, tags=TAGS, nanousd=st.integers(-20, 20), twice=st.booleans())
    def adjust(self, which: int, id: str, tags: Tags, nanousd: int, twice: bool) -> None:
        name = self.fresh("adjust")
        self.model.newest_us = self.now_us()
        self.model.posted.append((self.model.holds[id].at_us, tags, Charge(nanousd)))
        for _ in range(1 + twice):
            self.ledgers[which].adjust(name, id, Charge(nanousd), tags).result(10)

    @rule(jump_us=st.sampled_from([1, MINUTE_US, MINUTE_US, HOUR_US, -HOUR_US, YEAR_US]))
    def clock_jumps(self, jump_us: int) -> None:
        self.clock_us += jump_us

    @rule(which=which)
    def gateway_restarts(self, which: int) -> None:
        self.ledgers[which].close()
        self.ledgers[which] = Ledger(self.doors[which], lambda: self.clock_us)

    @invariant()
    def the_balances_are_the_sums_of_what_was_done(self) -> None:
        now_us = self.now_us()
        windows = (now_us - HOUR_US, now_us - YEAR_US)
        purses = [replace(purse, since_us=since_us) for purse in PURSES for since_us in windows]
        purses.append(Purse("s1", "skill", "mapper", "usd", None, until_us=now_us, session="s1"))
        expected = tuple(self.model.standing(purse) for purse in purses)
        for ledger in self.ledgers:
            assert ledger.standings(purses).result(10) == expected
            assert ledger.peek(purses) == expected

    @invariant()
    def ledger_time_never_goes_back(self) -> None:
        assert all(ledger.now_us() >= self.model.newest_us for ledger in self.ledgers)

    def teardown(self) -> None:
        for ledger in self.ledgers:
            ledger.close()
        self.judge_what_was_written()
        for door in dict.fromkeys(self.doors):
            door.close()

    def judge_what_was_written(self) -> None:
        door = self.doors[0]
        entries = [entry for _, entry in door.entries()]
        recorded = [entry.recorded_us for entry in entries]
        assert recorded == sorted(recorded)
        ends = [
            entry.hold
            for entry in entries
            if entry.kind in ("post", "void", "expire") and entry.pending != Charge()
        ]
        assert len(ends) == len(set(ends)), "a hold was given back twice"
        assert door.verify().problem == ""
        assert door.verify().entries == len(entries)
        settled = {id for id, held in self.model.holds.items() if held.state == "settled"}
        assert {found.id for found in door.executions()} == settled
        fresh = Accounts()
        for entry in entries:
            fresh.apply(entry)
        for purse in PURSES:
            assert fresh.standing(purse) == self.model.standing(purse)


@pytest.mark.parametrize("log", LOGS)
def test_two_gateways_on_one_log_agree_with_a_plain_list_whatever_happens(
    log: str, request: pytest.FixtureRequest
) -> None:
    opener = LOGS[log](request)
    limits: dict[str, Any] = {"max_examples": 60 if log == "memory" else 12, "stateful_step_count": 30}
    run_state_machine_as_test(
        lambda: TwoGateways(opener),
        settings=settings(**limits, deadline=None, suppress_health_check=list(HealthCheck)),
    )
