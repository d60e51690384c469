"""What every store promises. A new store joins by a line in `STORES`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_samples import EXECUTIONS, NOON_US, execution, numbered
from tierwise.core.ledger import weighted_tokens
from tierwise.core.usage import Usage
from tierwise.core.zones import EVERYTHING, Scope
from tierwise.store.contract import SessionHead, Store
from tierwise.store.postgres import PostgresStore
from tierwise.store.sqlite import SqliteStore

STORES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {
    "sqlite file": lambda asked: SqliteStore(asked.getfixturevalue("tmp_path") / "ledger.sqlite"),
    "sqlite memory": lambda _: SqliteStore(None),
    "postgres": lambda asked: PostgresStore(asked.getfixturevalue("postgres_url")),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    opened = STORES[request.param](request)
    yield opened
    opened.close()


def ids(store: Store, **chosen: Any) -> list[str]:
    return [found.id for found in store.executions(**chosen)]


def test_an_empty_store_answers_everything(store: Store) -> None:
    assert list(store.executions()) == []
    assert list(store.executions(last=3)) == []
    assert store.sessions() == []
    assert store.spent("usd", EVERYTHING, since_us=0) == 0
    assert store.append([]) == 0


@settings(max_examples=25)
@given(written=st.lists(EXECUTIONS, max_size=4, unique_by=lambda entry: entry.id))
def test_what_was_written_is_read_back_unchanged_and_oldest_first(written) -> None:
    store = SqliteStore(None)

    assert store.append(written) == len(written)
    assert list(store.executions()) == sorted(written, key=lambda entry: entry.at_us)
    assert store.verify().problem == ""
    store.close()


def test_a_replayed_id_changes_nothing_and_is_not_new(store: Store) -> None:
    first = execution(id="a", reason="first")
    assert store.append([first]) == 1

    assert store.append([execution(id="a", reason="second"), execution(id="b")]) == 1
    assert [found.reason for found in store.executions(id="a")] == ["first"]
    assert store.append([first, first]) == 0


def test_one_batch_that_names_an_id_twice_keeps_the_first(store: Store) -> None:
    assert store.append([execution(reason="first"), execution(reason="second")]) == 1
    assert [found.reason for found in store.executions()] == ["first"]


def test_records_are_chosen_by_session_skill_and_time(store: Store) -> None:
    store.append(numbered(4))
    store.append([execution(id="other", session="session-2", skill="css-layout-debugger", at_us=NOON_US)])

    assert ids(store, session="session-2") == ["other"]
    assert ids(store, skill="css-layout-debugger") == ["other"]
    assert ids(store, session="session-1", skill="css-layout-debugger") == []
    assert ids(store, session="session-1", since_us=NOON_US + 1_000_000) == ["call-1", "call-2", "call-3"]
    assert ids(store, session="session-1", until_us=NOON_US + 1_000_000) == ["call-0"]


def test_records_of_one_moment_stay_in_the_order_of_writing(store: Store) -> None:
    store.append([execution(id=name) for name in "cab"])
    store.append([execution(id="earlier", at_us=NOON_US - 1)])

    assert ids(store) == ["earlier", "c", "a", "b"]


def test_last_keeps_the_newest_that_match_oldest_first(store: Store) -> None:
    store.append(numbered(6))
    store.append([execution(id="tie", at_us=NOON_US + 5_000_000, session="session-2")])

    assert ids(store, last=2) == ["call-5", "tie"]
    assert ids(store, last=2, session="session-1") == ["call-4", "call-5"]
    assert ids(store, last=1, until_us=NOON_US + 2_000_000) == ["call-1"]
    assert len(ids(store, last=50)) == 7


def test_reading_covers_many_pages_and_only_what_was_there_when_it_began(store: Store) -> None:
    store.append(numbered(1_234))
    reading = store.executions()
    store.append([execution(id="late", at_us=NOON_US + 10**12)])

    assert [found.id for found in reading] == [f"call-{n}" for n in range(1_234)]


def test_spending_is_the_sum_over_the_scope_and_the_window(store: Store) -> None:
    mine = execution(id="mine")
    other = execution(
        id="other", at_us=NOON_US + 10, session="s2", run="r2", skill="css", project="p2", key="k2",
        served_model="claude-opus-4-6", served_tier="opus", cost_nanousd=7, usage=Usage(10, 20, 30, 40, 50),
    )  # fmt: skip
    store.append([mine, other])

    assert store.spent("usd", EVERYTHING, since_us=0) == mine.cost_nanousd + 7
    for kind, value in (
        ("tier", "opus"), ("model", "claude-opus-4-6"), ("skill", "css"), ("project", "p2"),
        ("key", "k2"), ("session", "s2"), ("run", "r2"),
    ):  # fmt: skip
        assert store.spent("usd", Scope(kind, value), since_us=0) == 7, kind
        assert store.spent("tokens", Scope(kind, value), since_us=0) == weighted_tokens(other.usage), kind
        assert store.spent("messages", Scope(kind, value), since_us=0) == 1, kind
        assert store.spent("usd", Scope(kind, "nobody"), since_us=0) == 0, kind


def test_a_window_holds_its_first_moment_and_not_its_end(store: Store) -> None:
    store.append(numbered(3, cost_nanousd=1))
    second = NOON_US + 1_000_000

    assert store.spent("usd", EVERYTHING, since_us=second) == 2
    assert store.spent("usd", EVERYTHING, since_us=0, until_us=second) == 1
    assert store.spent("usd", EVERYTHING, since_us=second, until_us=second) == 0


def test_a_call_without_a_price_adds_tokens_but_no_dollars(store: Store) -> None:
    unpriced = execution(cost_nanousd=None)
    store.append([unpriced])

    assert store.spent("usd", EVERYTHING, since_us=0) == 0
    assert store.spent("tokens", EVERYTHING, since_us=0) == weighted_tokens(unpriced.usage)


@pytest.mark.parametrize(
    ("outcome", "status", "messages"),
    [
        ("ok", 200, 1),
        ("cut", 200, 1),
        ("client_gone", 200, 1),
        ("client_gone", 0, 0),
        ("error", 429, 0),
        ("error", 200, 0),
        ("unreachable", 0, 0),
    ],
)
def test_a_message_is_a_call_that_the_provider_began_to_answer(
    store: Store, outcome: str, status: int, messages: int
) -> None:
    store.append([execution(outcome=outcome, status=status)])

    assert store.spent("messages", EVERYTHING, since_us=0) == messages


def test_a_call_whose_answer_named_no_model_counts_for_the_decided_one(store: Store) -> None:
    store.append([execution(served_model="", served_tier=None, outcome="client_gone", cost_nanousd=5)])

    assert store.spent("usd", Scope("tier", "haiku"), since_us=0) == 5
    assert store.spent("usd", Scope("model", "claude-haiku-4-5"), since_us=0) == 5


def test_an_unknown_kind_of_scope_is_our_own_mistake(store: Store) -> None:
    with pytest.raises(AssertionError, match="planet"):
        store.spent("usd", Scope("planet", "mars"), since_us=0)


def test_sessions_come_newest_first(store: Store) -> None:
    store.append(numbered(3))
    store.append([execution(id="x", session="newer", at_us=NOON_US + 10**9)])

    assert store.sessions() == [
        SessionHead("newer", NOON_US + 10**9, NOON_US + 10**9, 1),
        SessionHead("session-1", NOON_US, NOON_US + 2_000_000, 3),
    ]
    assert [head.session for head in store.sessions(last=1)] == ["newer"]


def test_threads_may_write_and_read_at_once(store: Store) -> None:
    def write(name: int) -> None:
        for n in range(25):
            store.append([execution(id=f"{name}-{n}")])
            assert sum(1 for _ in store.executions(last=5)) <= 5

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids(store)) == 100


def test_a_text_that_utf8_cannot_hold_and_a_share_without_a_number_do_not_stop_the_ledger(
    store: Store,
) -> None:
    broken = execution(id="\ud800", reason="half a \ud83d pair", weekly_consumed=float("inf"))

    assert store.append([broken, execution(id="next")]) == 2
    assert [(found.id, found.reason, found.weekly_consumed) for found in store.executions(id="?")] == [
        ("?", "half a ? pair", None)
    ]
