"""When the storage fails: nobody may spend, nothing that was spent is lost, nothing counts twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from ledger_samples import NOON_US, execution
from tierwise.core.entries import Admitted, Charge, Overdrawn, Purse, Reserve, Standing, Tags
from tierwise.errors import ConflictError, StoreError
from tierwise.store import ledger as ledgers
from tierwise.store.ledger import Ledger
from tierwise.store.log import Turn
from tierwise.store.sqlite import SqliteStore

TAGS = Tags(session="s", model="opus-5", tier="opus")
EVERYTHING = Purse("all", "all", "", "usd", 1_000, hard=True)
LATER_US = NOON_US + 10**9


def wish(id: str, nanousd: int = 10, purses: tuple[Purse, ...] = (EVERYTHING,)) -> Reserve:
    return Reserve(id, TAGS, Charge(nanousd, nanousd, 1), purses, LATER_US)


def first_failure(outcomes: Iterator[BaseException | None]) -> str:
    return str(next(failure for failure in outcomes if failure))


class Moody(SqliteStore):
    """A log that fails on demand: before it writes, or after it has written without saying so."""

    failing: str = ""

    @contextmanager
    def exclusive(self) -> Iterator[Turn]:
        if self.failing == "before":
            raise StoreError("the disk is gone")
        with super().exclusive() as turn:
            yield turn
        if self.failing == "after":
            raise StoreError("the connection was lost while committing")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(ledgers, "LONGEST_PAUSE_S", 0.01)


@pytest.fixture
def log() -> Iterator[Moody]:
    opened = Moody(None)
    yield opened
    opened.close()


@pytest.fixture
def ledger(log: Moody) -> Iterator[Ledger]:
    opened = Ledger(log, lambda: NOON_US)
    yield opened
    log.failing = ""
    opened.close()


@pytest.mark.parametrize("failing", ["before", "after"])
def test_a_reservation_fails_closed_and_leaves_nothing_held(ledger: Ledger, log: Moody, failing: str) -> None:
    log.failing = failing
    with pytest.raises(StoreError):
        ledger.reserve(wish("a")).result(10)
    assert ledger.trouble is not None
    assert ledger.peek([EVERYTHING])[0].spent == 0

    log.failing = ""
    assert ledger.standings([EVERYTHING]).result(10)[0].spent == 0
    assert ledger.trouble is None


@pytest.mark.parametrize("failing", ["before", "after"])
def test_a_settlement_is_kept_until_it_is_written_and_counts_once(
    ledger: Ledger, log: Moody, failing: str
) -> None:
    ledger.reserve(wish("a")).result(10)
    log.failing = failing
    with pytest.raises(StoreError):
        ledger.settle("a", Charge(7, 7, 1), TAGS, execution(id="a")).result(10)

    log.failing = ""
    ledger.flushed().result(10)
    assert [entry.kind for _, entry in log.entries()] == ["reserve", "post"]
    assert ledger.peek([EVERYTHING])[0].spent == 7
    assert [found.id for found in log.executions()] == ["a"]


def test_a_wish_that_is_asked_again_after_a_doubtful_failure_is_held_once(ledger: Ledger, log: Moody) -> None:
    log.failing = "after"
    with pytest.raises(StoreError):
        ledger.reserve(wish("a")).result(10)
    log.failing = ""

    assert isinstance(ledger.reserve(wish("a")).result(10), Admitted)
    assert ledger.standings([EVERYTHING]).result(10)[0].pending == 10


def test_a_full_disk_refuses_to_reserve_and_settles_when_there_is_space(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ledger.sqlite")
    ledger = Ledger(store, lambda: NOON_US)
    ledger.reserve(wish("a")).result(10)
    store._db.pragma("max_page_count", store._db.pragma("page_count"))
    refusal = first_failure(
        ledger.reserve(wish(f"b{number}", nanousd=0)).exception(10) for number in range(1_000)
    )
    assert "disk is full" in refusal
    record = execution(id="a", reason="x" * 9_000)
    with pytest.raises(StoreError, match="disk is full"):
        ledger.settle("a", Charge(9, 9, 1), TAGS, record).result(10)

    store._db.pragma("max_page_count", 10_000)
    ledger.flushed().result(10)
    assert ledger.standings([EVERYTHING]).result(10)[0].posted == 9
    ledger.close()
    assert store.verify().problem == ""
    store.close()


def test_what_is_queued_when_the_storage_stays_away_is_named_at_the_end(log: Moody) -> None:
    ledger = Ledger(log, lambda: NOON_US)
    ledger.reserve(wish("a")).result(10)
    log.failing = "before"
    with pytest.raises(StoreError):
        ledger.settle("a", Charge(7, 7, 1), TAGS).result(10)

    with pytest.raises(StoreError, match="1 entries were not written"):
        ledger.close(timeout_s=0.05)


def test_a_clock_that_goes_back_or_leaps_ahead_refunds_nothing_and_counts_nothing_twice(log: Moody) -> None:
    clock_us = NOON_US
    ledger = Ledger(log, lambda: clock_us)
    day = Purse("day", "all", "", "usd", 100, hard=True, since_us=NOON_US, until_us=NOON_US + 10**9)
    ledger.reserve(wish("a", 60, (day,))).result(10)

    clock_us = NOON_US - 3_600_000_000
    an_hour_ago = replace(day, since_us=clock_us, until_us=NOON_US)
    assert ledger.now_us() == NOON_US
    assert isinstance(ledger.reserve(wish("b", 60, (an_hour_ago,))).result(10), Overdrawn)

    clock_us = NOON_US + 365 * 86_400_000_000
    assert ledger.expire().result(10) == 1
    ledger.settle("a", Charge(50), TAGS).result(10)
    clock_us = NOON_US
    assert ledger.standings([day]).result(10) == (Standing(50, 0),)
    ledger.close()


def test_a_closed_ledger_takes_nothing(log: Moody) -> None:
    ledger = Ledger(log, lambda: NOON_US)
    ledger.close()
    with pytest.raises(StoreError, match="closed"):
        ledger.reserve(wish("a"))


def test_a_full_queue_refuses_instead_of_growing(log: Moody) -> None:
    ledger = Ledger(log, lambda: NOON_US, queue_limit=3)
    with log.exclusive():
        waiting = [ledger.flushed() for _ in range(3)]
        with pytest.raises(StoreError, match="3 entries wait"):
            ledger.flushed()
    for promise in waiting:
        promise.result(10)
    ledger.close()


def test_threads_that_race_one_hard_purse_use_all_of_it_and_no_more(ledger: Ledger) -> None:
    purse = Purse("hard", "all", "", "usd", 3_205, hard=True)

    def spend(thread: int) -> int:
        return sum(
            isinstance(ledger.reserve(wish(f"{thread}-{number}", 10, (purse,))).result(30), Admitted)
            for number in range(20)
        )

    with ThreadPoolExecutor(32) as pool:
        admitted = sum(pool.map(spend, range(32)))

    assert admitted == 320
    assert ledger.peek([purse])[0].pending == 3_200


def test_a_hold_ends_once_however_many_want_to_end_it(ledger: Ledger, log: Moody) -> None:
    for number in range(20):
        ledger.reserve(wish(str(number))).result(10)
    start = threading.Barrier(3)

    def end(how: int) -> None:
        start.wait(10)
        for number in range(20):
            if how == 0:
                ledger.settle(str(number), Charge(3), TAGS).result(10)
            elif how == 1:
                ledger.void(str(number)).result(10)
            else:
                ledger.settle(str(number), Charge(3), TAGS, unconfirmed=True).result(10)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(end, range(3)))

    given_back = [entry.hold for _, entry in log.entries() if entry.pending.nanousd < 0]
    assert sorted(given_back) == sorted(map(str, range(20)))
    assert ledger.peek([EVERYTHING])[0].posted == 60


def test_holds_end_by_themselves_without_any_traffic(log: Moody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "EXPIRY_CHECK_S", 0.001)
    clock_us, ended = NOON_US, threading.Event()
    monkeypatch.setattr(log, "_append_executions", lambda _: clock_us > NOON_US and ended.set())
    ledger = Ledger(log, lambda: clock_us)
    ledger.reserve(wish("a")).result(10)

    clock_us = LATER_US

    assert ended.wait(10)
    ledger.close()
    assert ledger.peek([EVERYTHING])[0] == Standing(posted=10, pending=0)


def test_settling_what_was_never_reserved_says_so(ledger: Ledger) -> None:
    with pytest.raises(ConflictError, match="no reservation `nobody`"):
        ledger.settle("nobody", Charge(1), TAGS).result(10)


def test_an_import_of_many_is_all_or_nothing(ledger: Ledger, log: Moody) -> None:
    ledger.reserve(wish("a")).result(10)
    bad = [ledgers.Import(id, NOON_US, TAGS, Charge(5)) for id in ("x", "a", "y")]

    new, problems = ledger.import_all(bad).result(10)

    assert (new, [bool(problem) for problem in problems]) == (0, [False, True, False])
    assert [entry.kind for _, entry in log.entries()] == ["reserve"]
    assert ledger.import_all([bad[0], bad[2], bad[0]]).result(10) == (2, ("", "", ""))
    assert ledger.peek([EVERYTHING])[0].posted == 10


def test_half_a_surrogate_pair_in_a_tag_does_not_stop_the_ledger(ledger: Ledger) -> None:
    odd = Reserve("a", Tags(session="\ud800"), Charge(1), (EVERYTHING,), LATER_US)
    assert isinstance(ledger.reserve(odd).result(10), Admitted)


def test_a_changed_entry_is_found_and_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    store = SqliteStore(path)
    ledger = Ledger(store, lambda: NOON_US)
    for number in range(5):
        ledger.reserve(wish(f"call-{number}")).result(10)
    ledger.close()
    store.close()
    database = apsw.Connection(str(path))
    database.pragma("wal_checkpoint(truncate)")
    database.close()
    sound = path.read_bytes()

    for wanted, seq in ((b'"nanousd":10', None), (b'"id":"call-2"', 3), (b'"recorded_us"', None)):
        place = sound.find(wanted) + len(wanted) - 2
        broken = bytearray(sound)
        broken[place] ^= 1
        path.write_bytes(broken)
        opened = SqliteStore(path)
        verdict = opened.verify()
        opened.close()
        assert "was changed" in verdict.problem
        assert seq is None or verdict.broken_seq == seq
