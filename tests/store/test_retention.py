"""What pruning promises on every log: what still counts stays, the chain goes on, nobody else may delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import apsw
import psycopg
import pytest
from logs import LOGS, Doors, Opener, both_open

from ledger_samples import NOON_US, execution
from tierwise.core.entries import Charge, Entry, Purse, Reserve, Tags
from tierwise.core.recounting import recount
from tierwise.core.retention import Cut, latest_us
from tierwise.core.windows import DAY_US
from tierwise.errors import PrunedError, StoreError
from tierwise.store.chain import Checkpoint, Link, Verdict, verdict_on
from tierwise.store.ledger import Ledger
from tierwise.store.log import Log, Pruned, Storage
from tierwise.store.postgres import PostgresStore
from tierwise.store.retention import planned
from tierwise.store.sqlite import SqliteStore

NOW_US = NOON_US + 100 * DAY_US
LATEST_US = latest_us(NOW_US)
COST = Charge(5_000, 50, 1)
PURSES = tuple(
    Purse(f"{kind}-{days}", kind, value, "usd", None, since_us=NOW_US - days * DAY_US)
    for days in (1, 7, 35)
    for kind, value in (("all", ""), ("tier", "opus"), ("session", "talking"))
)
ALL_OF_THE_SESSION = Purse("session", "all", "", "usd", None, session="talking")


@pytest.fixture(params=LOGS)
def doors(request: pytest.FixtureRequest) -> Iterator[Doors]:
    opener: Opener = LOGS[request.param](request)
    with both_open(opener) as opened:
        yield opened


class Clock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now_us = NOON_US

    def __call__(self) -> int:
        return self.now_us


def spend(
    ledger: Ledger, clock: Clock, day: int, *, session: str = "", id: str = "", ends: bool = True
) -> str:
    """A call on that day, with its record; its id."""
    clock.now_us = NOON_US + day * DAY_US
    id = id or f"day-{day}"
    tags = Tags(session=session or id, model="opus-5", tier="opus")
    ledger.reserve(Reserve(id, tags, COST, (), NOW_US * 2)).result(10)
    if ends:
        record = execution(id=id, session=session or id, at_us=clock.now_us)
        ledger.settle(id, COST, tags, record).result(10)
    return id


def lived(log: Log, *days: int) -> None:
    """A call on each of the days."""
    clock = Clock()
    with closing(Ledger(log, clock)) as ledger:
        for day in days:
            spend(ledger, clock, day)


def pruned(store: Storage, before_us: int = LATEST_US) -> Pruned:
    return store.prune(planned(store, before_us, NOW_US))


def numbers(log: Log) -> list[int]:
    return [seq for seq, _ in log.entries()]


def kept_calls(store: Storage) -> list[str]:
    return [record.id for record in store.executions()]


def standings(log: Log, *purses: Purse) -> object:
    with closing(Ledger(log, lambda: NOW_US)) as fresh:
        return fresh.peek(purses)


def test_what_is_old_goes_and_the_rest_is_numbered_on_without_gaps(doors: Doors) -> None:
    store, other = doors
    lived(store, 0, 10, 70, 99)
    assert store.prunable(planned(store, LATEST_US, NOW_US)) == (4, 2)

    assert pruned(store) == (4, 2)

    assert numbers(other) == [5, 6, 7, 8]
    assert kept_calls(other) == ["day-70", "day-99"]
    assert pruned(other) == (0, 0), "nothing is removed twice"


def test_the_chain_is_verified_from_the_checkpoint_on_which_moves_with_each_pruning(doors: Doors) -> None:
    store, other = doors
    lived(store, 0, 10, 20, 99)
    head = store.verify().head

    for day, gone in ((5, 2), (15, 4), (60, 6)):
        assert pruned(store, NOON_US + day * DAY_US).entries == 2
        verdict = other.verify()
        assert (verdict.problem, verdict.entries, verdict.pruned, verdict.head) == ("", 8 - gone, gone, head)

    lived(other, 100)
    assert numbers(store) == [7, 8, 9, 10]
    assert store.verify().entries == 4


def test_no_window_of_a_budget_changes(doors: Doors) -> None:
    store, _ = doors
    lived(store, *range(0, 100, 3))
    before = standings(store, *PURSES)

    assert pruned(store).entries > 0

    assert standings(store, *PURSES) == before
    assert recount(entry for _, entry in store.entries()).differences == ()


def test_a_usage_that_was_imported_for_a_later_moment_stays(doors: Doors) -> None:
    store, _ = doors
    with closing(Ledger(store, lambda: NOON_US)) as ledger:
        ledger.import_("late", NOW_US - DAY_US, Tags(tier="opus"), COST).result(10)
    lived(store, 1, 99)
    before = standings(store, *PURSES)

    assert pruned(store).entries == 0
    assert standings(store, *PURSES) == before


def test_an_open_hold_and_all_after_it_stay(doors: Doors) -> None:
    store, _ = doors
    clock = Clock()
    with closing(Ledger(store, clock)) as ledger:
        spend(ledger, clock, 0)
        held = spend(ledger, clock, 10, ends=False)
        spend(ledger, clock, 11)
        spend(ledger, clock, 99)

    cut = planned(store, LATEST_US, NOW_US)

    assert (cut.seq, held in cut.stopped) == (2, True)
    assert store.prune(cut).entries == 2
    with closing(Ledger(store, lambda: NOW_US)) as fresh:
        fresh.settle(held, COST, Tags()).result(10)
    assert store.verify().problem == ""


def test_a_session_that_is_still_in_use_keeps_all_that_it_spent(doors: Doors) -> None:
    store, _ = doors
    clock = Clock()
    with closing(Ledger(store, clock)) as ledger:
        spend(ledger, clock, 0)
        spend(ledger, clock, 10, session="talking")
        spend(ledger, clock, 99, session="talking")
    before = standings(store, ALL_OF_THE_SESSION)

    cut = planned(store, LATEST_US, NOW_US)

    assert "`talking`" in cut.stopped
    assert store.prune(cut) == (2, 1)
    assert standings(store, ALL_OF_THE_SESSION) == before
    assert kept_calls(store) == ["day-10", "day-99"]


def test_the_newest_entry_stays_so_that_the_next_one_is_linked_to_it(doors: Doors) -> None:
    store, other = doors
    lived(store, 0, 1)
    store.append([execution(id="alone", at_us=NOON_US)])

    assert pruned(store) == (2, 3)
    lived(other, 99)

    assert numbers(store) == [3, 4, 5, 6]
    assert store.verify().problem == ""


def test_records_of_calls_go_also_where_no_entry_does(doors: Doors) -> None:
    store, _ = doors
    store.append([execution(id="old", session="a"), execution(id="new", session="b", at_us=NOW_US)])

    assert pruned(store) == (0, 1)

    assert kept_calls(store) == ["new"]
    assert (store.verify().problem, store.verify().pruned) == ("", 0)


def test_what_a_budget_may_count_cannot_be_cut(doors: Doors) -> None:
    with pytest.raises(AssertionError, match="window"):
        planned(doors[0], LATEST_US + 1, NOW_US)


def test_two_who_prune_at_once_remove_everything_once(doors: Doors) -> None:
    store, other = doors
    lived(store, 0, 10, 20, 99)
    far, near = planned(store, LATEST_US, NOW_US), planned(other, NOON_US + 15 * DAY_US, NOW_US)

    assert store.prune(far) == (6, 3)
    assert other.prune(near) == (0, 0)

    assert store.verify().pruned == 6
    assert numbers(store) == [7, 8]


def test_a_running_ledger_goes_on_after_its_entries_were_pruned(doors: Doors) -> None:
    store, other = doors
    clock = Clock()
    with closing(Ledger(store, clock)) as running:
        for day in (0, 10, 99):
            spend(running, clock, day)
        assert pruned(other).entries == 4
        spend(running, clock, 100)
        running.adjust("credit", "day-0", Charge(-1), Tags(tier="opus")).result(10)
        seen = running.peek(PURSES)

    assert standings(other, *PURSES) == seen, "a correction of what was pruned is no trouble to a fresh one"
    assert other.verify().problem == ""


def test_a_ledger_that_slept_through_a_pruning_begins_again(doors: Doors) -> None:
    store, other = doors
    clock = Clock()
    with closing(Ledger(store, clock)) as sleeper:
        held = spend(sleeper, clock, 0, ends=False)
        with closing(Ledger(other, clock)) as awake:
            awake.settle(held, COST, Tags(tier="opus")).result(10)
            for day in (1, 98, 99):
                spend(awake, clock, day)
            assert pruned(other).entries == 4
            seen = awake.peek(PURSES)
        clock.now_us = NOW_US * 3

        assert sleeper.expire().result(10) == 0, "what it had held was ended and removed meanwhile"
        assert sleeper.peek(PURSES) == seen

    assert numbers(other) == [5, 6, 7, 8]


def test_reading_on_from_what_was_pruned_fails_clearly(doors: Doors) -> None:
    store, other = doors
    lived(store, 0, 10, 99)
    reading = other.entries(after=1)
    pruned(store)

    with pytest.raises(PrunedError, match="goes on at entry 5 and not at 2"):
        next(reading)
    with pytest.raises(PrunedError), other.exclusive() as turn:
        turn.since(1)
    with other.exclusive() as turn:
        assert [seq for seq, _ in turn.since(4)] == [seq for seq, _ in turn.since(0)] == [5, 6]


def test_a_ledger_that_is_pruned_while_it_is_verified_is_not_called_damaged(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = doors
    lived(store, 0, 10, 99)
    cut = planned(other, LATEST_US, NOW_US)

    def pruned_first(links: Iterable[Link], start: Checkpoint) -> Verdict:
        other.prune(cut)
        return verdict_on(links, start)

    for module in ("sqlite_log", "postgres_entries"):
        monkeypatch.setattr(f"tierwise.store.{module}.verdict_on", pruned_first)
    verdict = store.verify()

    assert (verdict.problem, verdict.entries, verdict.pruned) == ("", 2, 4)


def test_pruning_while_another_ledger_writes_loses_nothing(doors: Doors) -> None:
    store, other = doors
    lived(store, *range(60))
    started, stop, written = Event(), Event(), list[str]()

    def write() -> None:
        with closing(Ledger(other, lambda: NOW_US)) as ledger:
            while not stop.is_set():
                tags = Tags(session="busy", tier="opus")
                id = f"busy-{len(written)}"
                ledger.reserve(Reserve(id, tags, COST, (), NOW_US * 2)).result(10)
                ledger.settle(id, COST, tags).result(10)
                written.append(id)
                started.set()

    writer = Thread(target=write)
    writer.start()
    try:
        assert started.wait(10)
        removed = [pruned(store, NOON_US + day * DAY_US).entries for day in range(6, 66, 6)]
        found = store.verify()
    finally:
        stop.set()
        writer.join(10)

    assert sum(removed) == 120
    assert (found.problem, found.pruned, store.verify().problem) == ("", 120, "")
    entries = [entry for _, entry in store.entries()]
    assert [entry.id for entry in entries if entry.kind == "reserve"] == written
    assert recount(entries).differences == ()


def change(store: Storage, *statements: str) -> None:
    """Somebody else writes SQL into the database."""
    if isinstance(store, PostgresStore):
        with psycopg.connect(store._connections._dsn, autocommit=True) as database:
            for statement in statements:
                database.execute(statement.format(schema="tierwise."))
        return
    assert isinstance(store, SqliteStore)
    for statement in statements:
        store._db.execute(statement.format(schema=""))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM {schema}entry WHERE seq = 7",
        "DELETE FROM {schema}entry",
        "DELETE FROM {schema}execution",
        "DELETE FROM {schema}checkpoint",
        "UPDATE {schema}checkpoint SET seq = 8",
        "UPDATE {schema}entry SET id = 'x'",
        "INSERT INTO {schema}checkpoint (seq, hash, before_us) VALUES (1, 'x', 0)",
    ],
)
def test_after_pruning_as_before_the_database_refuses_to_lose_a_record(doors: Doors, statement: str) -> None:
    store, _ = doors
    lived(store, 0, 10, 70, 99)
    pruned(store)

    with pytest.raises((apsw.ConstraintError, psycopg.errors.RaiseException), match="append-only"):
        change(store, statement)

    assert numbers(store) == [5, 6, 7, 8]
    assert len(kept_calls(store)) == 2


TAMPERED = {
    "a flipped bit": (
        "entry_is_never_changed",
        "UPDATE {schema}entry SET record = replace(record, '5000', '5001') WHERE seq = 7",
        7,
    ),
    "the first entry there is": (
        "entry_is_never_deleted",
        "DELETE FROM {schema}entry WHERE seq = 5",
        5,
    ),
    "the checkpoint": (
        "checkpoint_is_never_changed",
        "UPDATE {schema}checkpoint SET hash = 'x'",
        5,
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_change_after_pruning_is_found_and_then_nothing_is_pruned(doors: Doors, what: str) -> None:
    store, _ = doors
    lived(store, 0, 10, 70, 99)
    pruned(store)
    trigger, statement, seq = TAMPERED[what]
    table = trigger.split("_")[0]
    on = f" ON tierwise.{table}" if isinstance(store, PostgresStore) else ""

    change(store, f"DROP TRIGGER {trigger}{on}", statement)

    assert store.verify().broken_seq == seq
    with pytest.raises(StoreError, match="nothing is removed"):
        planned(store, LATEST_US, NOW_US)


def test_a_pruning_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SqliteStore(tmp_path / "ledger.sqlite")) as store:
        lived(store, 0, 10, 99)
        monkeypatch.setattr("tierwise.store.sqlite_log.OLD_EXECUTIONS", "FROM nowhere WHERE ? < ?")

        with pytest.raises(StoreError, match="cannot prune"):
            store.prune(Cut(2, LATEST_US, LATEST_US))

        assert numbers(store) == [1, 2, 3, 4, 5, 6]
        assert store.verify().pruned == 0


def test_an_older_file_is_brought_up_to_date_and_can_be_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite"
    with monkeypatch.context() as older:
        older.setattr("tierwise.store.sqlite_file.MIGRATIONS", ("0001_executions.sql", "0002_entries.sql"))
        with closing(SqliteStore(path)) as store, store.exclusive() as turn:
            old = [Entry(f"e{n}", f"e{n}", "import", n, n, posted=COST) for n in range(3)]
            turn.append(old, [])

    with closing(SqliteStore(path)) as store:
        assert pruned(store).entries == 2
        assert numbers(store) == [3]


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "UPDATE {schema}execution SET cost_nanousd = cost_nanousd + 1 WHERE id = 'day-70'",
            "the record of the call day-70 and its columns differ in cost_nanousd",
        ),
        (
            "UPDATE {schema}execution SET record = replace(record, 'day-70', 'day-71') WHERE id = 'day-70'",
            "the record of the call day-70 and its columns differ in id, session",
        ),
        (
            "UPDATE {schema}execution SET record = substr(record, 2) WHERE id = 'day-70'",
            "the record of the call day-70: a record of the ledger cannot be read",
        ),
    ],
)
def test_a_call_that_was_changed_is_found_and_then_nothing_is_pruned(
    doors: Doors, statement: str, complaint: str
) -> None:
    store, _ = doors
    lived(store, 0, 10, 70, 99)
    on = " ON tierwise.execution" if isinstance(store, PostgresStore) else ""
    assert store.verify().problem == ""

    change(store, f"DROP TRIGGER execution_is_never_changed{on}", statement)

    assert complaint in store.verify().problem
    with pytest.raises(StoreError, match="nothing is removed"):
        planned(store, LATEST_US, NOW_US)
