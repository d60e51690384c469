"""What the writer promises: acknowledged means durable, failures lose nothing, every wait is bounded."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import Any

import pytest

from ledger_samples import execution, numbered
from tierwise.core.ledger import Execution
from tierwise.errors import StoreError
from tierwise.store import writer as writing
from tierwise.store.sqlite import SqliteStore
from tierwise.store.writer import BATCH_LIMIT, LedgerWriter

PATIENCE_S = 10


class ScriptedStore:
    """A ledger in memory that fails as often as the script says, and can be held up by `gate`."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.batches: list[list[str]] = []
        self.kept: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def append(self, executions: Sequence[Execution]) -> int:
        self.entered.release()
        assert self.gate.wait(PATIENCE_S)
        self.batches.append([entry.id for entry in executions])
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk is full")
        before = len(self.kept)
        self.kept = list(dict.fromkeys([*self.kept, *(entry.id for entry in executions)]))
        return len(self.kept) - before


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(writing, "LONGEST_PAUSE_S", 0.01)


def started(store: Any, **limits: int) -> LedgerWriter:
    return LedgerWriter(store, **limits)


def done(promises: Sequence[Future[None]]) -> None:
    for promise in promises:
        promise.result(PATIENCE_S)


def test_a_resolved_promise_means_a_written_record() -> None:
    store = SqliteStore(None)
    writer = LedgerWriter(store)

    done([writer.submit(entry) for entry in numbered(20)])

    assert [entry.id for entry in store.executions()] == [f"call-{n}" for n in range(20)]
    writer.close()
    store.close()


def test_calls_that_wait_share_one_transaction_in_their_order() -> None:
    store = ScriptedStore()
    writer = started(store)
    store.gate.clear()
    first = writer.submit(execution(id="first"))
    assert store.entered.acquire(timeout=PATIENCE_S)
    rest = [writer.submit(entry) for entry in numbered(BATCH_LIMIT + 44)]
    store.gate.set()

    done([first, *rest])

    assert [len(batch) for batch in store.batches] == [1, BATCH_LIMIT, 44]
    assert store.kept == ["first", *(f"call-{n}" for n in range(BATCH_LIMIT + 44))]
    writer.close()


def test_a_failing_store_tells_everyone_who_waits_and_loses_nothing() -> None:
    store = ScriptedStore(failures=3)
    writer = started(store)
    store.gate.clear()
    promises = [writer.submit(entry) for entry in numbered(BATCH_LIMIT + 5)]
    store.gate.set()

    assert not wait(promises, PATIENCE_S).not_done
    assert all(isinstance(promise.exception(), StoreError) for promise in promises)

    done([retried(writer, "after")])
    assert store.kept == [*(f"call-{n}" for n in range(BATCH_LIMIT + 5)), "after"]
    assert writer.trouble is None
    writer.close()


def retried(writer: LedgerWriter, name: str) -> Future[None]:
    """The promise for a record that is submitted again, as its caller may do, until it is kept."""
    while True:
        promise = writer.submit(execution(id=name))
        if promise.exception(PATIENCE_S) is None:
            return promise


def test_trouble_names_what_keeps_the_ledger_from_writing() -> None:
    store = ScriptedStore(failures=10**9)
    writer = started(store)

    assert isinstance(writer.submit(execution()).exception(PATIENCE_S), StoreError)
    assert "disk is full" in str(writer.trouble)

    store.failures = 0
    writer.close()
    assert store.kept == ["call-1"]


def test_a_full_queue_refuses_and_keeps_what_it_has() -> None:
    store = ScriptedStore(failures=1)
    store.gate.clear()
    writer = started(store, queue_limit=3)
    for entry in numbered(3):
        writer.submit(entry)

    with pytest.raises(StoreError, match="3 calls wait"):
        writer.submit(execution(id="one too many"))

    store.gate.set()
    writer.close()
    assert store.kept == ["call-0", "call-1", "call-2"]


def test_a_promise_cannot_be_cancelled() -> None:
    store = ScriptedStore()
    store.gate.clear()
    writer = started(store)
    promise = writer.submit(execution())

    assert not promise.cancel()

    store.gate.set()
    done([promise])
    writer.close()


def test_closing_writes_what_is_queued_and_then_refuses() -> None:
    store = ScriptedStore()
    store.gate.clear()
    writer = started(store)
    promises = [writer.submit(entry) for entry in numbered(300)]
    store.gate.set()

    writer.close()

    assert all(promise.done() for promise in promises)
    assert len(store.kept) == 300
    with pytest.raises(StoreError, match="closed"):
        writer.submit(execution())
    writer.close()


def test_closing_before_a_broken_store_recovers_says_how_much_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "FIRST_PAUSE_S", 1_000.0)
    monkeypatch.setattr(writing, "LONGEST_PAUSE_S", 1_000.0)
    writer = started(ScriptedStore(failures=10**9))
    promises = [writer.submit(entry) for entry in numbered(2)]

    with pytest.raises(StoreError, match=r"2 calls were not recorded in 0\.05 s: the disk is full"):
        writer.close(timeout_s=0.05)

    writer._thread.join(PATIENCE_S)
    assert not writer._thread.is_alive(), "an abandoned writer stops trying"
    assert all(isinstance(promise.exception(PATIENCE_S), StoreError) for promise in promises)


def test_closing_cuts_a_pause_short_and_tries_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FIRST_PAUSE_S", 1_000.0)
    monkeypatch.setattr(writing, "LONGEST_PAUSE_S", 1_000.0)
    store = ScriptedStore(failures=1)
    writer = started(store)
    assert writer.submit(execution()).exception(PATIENCE_S) is not None

    writer.close()

    assert store.kept == ["call-1"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_our_own_stops_the_writer_and_leaves_nobody_waiting() -> None:
    class Wrong:
        def append(self, executions: Sequence[Execution]) -> int:
            raise TypeError("our own mistake")

    writer = started(Wrong())
    promise = writer.submit(execution())

    assert "stopped before" in str(promise.exception(PATIENCE_S))
    with pytest.raises(StoreError):
        writer.close()
