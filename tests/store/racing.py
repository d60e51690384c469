"""A race: many processes of many threads spend from one hard purse until each thread is refused.

Each process is a gateway of its own, with its own ledger on the same storage. What happened is judged by the
entries in the storage, read in the order in which they were written, and not by what the ledgers said; only
how full the purse was at a refusal is taken from the refusal.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Final

from tierwise.core.entries import Admitted, Charge, Purse, Reserve, Tags
from tierwise.store.ledger import Ledger
from tierwise.wiring import now_us, open_store

SMALLEST_NANOUSD: Final = 5_000_000
LARGEST_NANOUSD: Final = 50_000_000
TAGS: Final = Tags(session="race", model="claude-opus-5-5", tier="opus")
HOLD_US: Final = 600_000_000
PATIENCE_S: Final = 120


@dataclass(frozen=True, slots=True)
class Race:
    """Who races for what: `cost_share` is what a call costs of its estimate, at least and at most."""

    url: str
    processes: int
    threads: int
    limit_nanousd: int
    cost_share: tuple[float, float] = (1.0, 1.0)

    @property
    def purse(self) -> Purse:
        return Purse("hard", "all", "", "usd", self.limit_nanousd, hard=True)


@dataclass(frozen=True, slots=True)
class Refused:
    """One thread's end: how many calls it had made, and how full the purse was when it was refused."""

    calls: int
    spent_nanousd: int
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the storage holds after the race, and what the threads saw."""

    calls: int
    seconds: float
    longest_wait_s: float
    overshoot_nanousd: int
    share_at_first_refusal: float
    share_posted: float
    left_pending_nanousd: int


def run(race: Race) -> Outcome:
    """Start the processes together, wait for all of them, and read the storage."""
    open_store(race.url).close()
    spawning = multiprocessing.get_context("spawn")
    barrier = spawning.Barrier(race.processes + 1)
    pool = ProcessPoolExecutor(race.processes, spawning, initializer=_meet_at, initargs=(barrier,))
    with pool:
        racers = [pool.submit(_gateway, race, number) for number in range(race.processes)]
        barrier.wait(PATIENCE_S)
        started = time.monotonic()
        refusals = [refused for racer in racers for refused in racer.result(PATIENCE_S)]
        seconds = time.monotonic() - started
    return _judged(race, refusals, seconds)


def _judged(race: Race, refusals: list[Refused], seconds: float) -> Outcome:
    posted = pending = highest = 0
    with closing(open_store(race.url)) as store:
        assert store.verify().problem == ""
        for _, entry in store.entries():
            posted += entry.posted.nanousd
            pending += entry.pending.nanousd
            highest = max(highest, posted + pending)
    return Outcome(
        calls=sum(refused.calls for refused in refusals),
        seconds=seconds,
        longest_wait_s=max(refused.longest_wait_s for refused in refusals),
        overshoot_nanousd=max(0, highest - race.limit_nanousd),
        share_at_first_refusal=min(refused.spent_nanousd for refused in refusals) / race.limit_nanousd,
        share_posted=posted / race.limit_nanousd,
        left_pending_nanousd=pending,
    )


_barriers: list[Barrier] = []
"""Where this process meets the others: a barrier can only be handed over as a process starts."""


def _meet_at(barrier: Barrier) -> None:
    _barriers.append(barrier)


def _gateway(race: Race, number: int) -> list[Refused]:
    """One process: open the ledger, wait for the others, race."""
    with closing(open_store(race.url)) as store, closing(Ledger(store, now_us)) as ledger:
        _barriers[0].wait(PATIENCE_S)
        with ThreadPoolExecutor(race.threads) as pool:
            names = [f"p{number}t{thread}" for thread in range(race.threads)]
            return list(pool.map(lambda name: _spend(race, ledger, name), names))


def _spend(race: Race, ledger: Ledger, name: str) -> Refused:
    """Reserve and settle call after call until the purse refuses one."""
    chance = random.Random(name)
    calls, longest_wait_s = 0, 0.0
    while True:
        estimate = chance.randint(SMALLEST_NANOUSD, LARGEST_NANOUSD)
        cost = round(estimate * chance.uniform(*race.cost_share))
        wish = Reserve(f"{name}-{calls}", TAGS, Charge(estimate, 1, 1), (race.purse,), now_us() + HOLD_US)
        asked = time.monotonic()
        answer = ledger.reserve(wish).result(PATIENCE_S)
        longest_wait_s = max(longest_wait_s, time.monotonic() - asked)
        if not isinstance(answer, Admitted):
            return Refused(calls, answer.standing.spent, longest_wait_s)
        ledger.settle(wish.id, Charge(cost, 1, 1), TAGS).result(PATIENCE_S)
        calls += 1
