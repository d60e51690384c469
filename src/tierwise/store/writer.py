"""The writer: one thread that puts finished calls into the ledger, many in one transaction.

    submit ──► queue (bounded) ──► batch of ≤ 256 ──► append ──► futures resolve: durable
                                       ▲    │ fails
                                       └────┘ kept, tried again after 0.05, 0.1, … 2 s

While one batch is being made durable the next one gathers, so under load many calls share one wait for the
disk and an idle ledger still answers at once. When the store fails, the futures of all that wait get the
error (whoever waits can fail closed), but the records stay in the queue, in their order, until they are
written: as an id counts once, trying again is harmless. What is held is bounded; a full queue refuses.

Source: rules.md section 11; research/platform.md section B.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from itertools import islice
from typing import Final, NamedTuple

from tierwise.core.ledger import Execution
from tierwise.errors import StoreError
from tierwise.store.contract import Store

BATCH_LIMIT: Final = 256
QUEUE_LIMIT: Final = 10_000
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0
CLOSE_TIMEOUT_S: Final = 10.0


class _Entry(NamedTuple):
    """A record on its way, and the promise made for it."""

    execution: Execution
    written: Future[None]


class LedgerWriter:
    """Writes to `store`, which stays its owner's to close; at most `queue_limit` records wait."""

    def __init__(self, store: Store, *, queue_limit: int = QUEUE_LIMIT) -> None:
        self._store = store
        self._queue_limit = queue_limit
        self._queue: deque[_Entry] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._abandoned = False
        self._trouble: StoreError | None = None
        self._thread = threading.Thread(target=self._run, name="tierwise-ledger", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> StoreError | None:
        """Why the newest attempt to write failed; None while the ledger is well."""
        return self._trouble

    def submit(self, execution: Execution) -> Future[None]:
        """Take the record; the future resolves when it is durable, or with a failed attempt's StoreError.

        Such a record is kept and tried again all the same, and it cannot be cancelled: a call that was made
        must be recorded. While the store fails, a future resolves within one pause. Never waits; raises
        StoreError without taking the record if the queue is full or the writer is closed.
        """
        with self._changed:
            if self._closing:
                raise StoreError("the ledger's writer is closed: the call was not recorded")
            if len(self._queue) >= self._queue_limit:
                why = self._trouble or "the disk is slow"
                raise StoreError(f"{self._queue_limit:,} calls wait to be recorded already: {why}")
            written: Future[None] = Future()
            written.set_running_or_notify_cancel()
            self._queue.append(_Entry(execution, written))
            self._changed.notify()
        return written

    def flushed(self) -> Future[None]:
        """Resolves when everything that was submitted before is durable, or with a failed attempt's error."""
        with self._changed:
            if self._queue:
                return self._queue[-1].written
        nothing: Future[None] = Future()
        nothing.set_result(None)
        return nothing

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Write what is queued and stop. StoreError if some of it could not be written within `timeout_s`."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        with self._changed:
            self._abandoned = True
            self._changed.notify()
            left = len(self._queue)
        if left:
            raise StoreError(
                f"{left:,} calls were not recorded in {timeout_s:g} s: {self._trouble or 'no answer'}"
            )

    def _run(self) -> None:
        """Write batch after batch. However it ends, nobody is left waiting."""
        pause_s = 0.0
        try:
            while batch := self._next_batch(pause_s):
                pause_s = 0.0 if self._write(batch) else min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        finally:
            with self._changed:
                self._closing = True
                left = list(self._queue)
            _resolve(left, StoreError("the ledger's writer stopped before the call was recorded"))

    def _next_batch(self, pause_s: float) -> list[_Entry]:
        """The oldest entries, once there are any and the pause after a failure is over; none at the end.

        Closing cuts the current pause short. The entries stay in the queue until they are written.
        """
        with self._changed:
            if pause_s:
                seen = (self._closing, self._abandoned)
                self._changed.wait_for(lambda: (self._closing, self._abandoned) != seen, pause_s)
            self._changed.wait_for(lambda: self._queue or self._closing)
            return [] if self._abandoned else list(islice(self._queue, BATCH_LIMIT))

    def _write(self, batch: list[_Entry]) -> bool:
        """Try once; whether it worked."""
        try:
            self._store.append([entry.execution for entry in batch])
        except StoreError as failure:
            self._trouble = failure
            with self._changed:
                waiting = list(self._queue)
            _resolve(waiting, failure)
            return False
        self._trouble = None
        with self._changed:
            for _ in batch:
                self._queue.popleft()
        _resolve(batch, None)
        return True


def _resolve(entries: list[_Entry], failure: StoreError | None) -> None:
    """Keep the promises that are still open."""
    for entry in entries:
        if entry.written.done():
            continue
        if failure is None:
            entry.written.set_result(None)
        else:
            entry.written.set_exception(failure)
