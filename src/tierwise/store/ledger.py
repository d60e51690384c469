"""The ledger: reserve before a call, settle after it; what is acknowledged is durable.

    reserve, settle, … ──► queue (bounded) ──► batch of ≤ 256 ──► one turn of the log ──► promises are kept
                                                  ▲                   │ fails
                                                  └── settlements ────┘ reservations: refused, nothing is held

In its turn the ledger reads what other processes have written, runs the queued commands against the accounts,
and writes what follows from them; so the check of a budget and the hold on it are one step for all gateways
on one storage. While one batch is being made durable the next one gathers: under load many calls share one
wait for the disk, and an idle ledger still answers at once.

When the storage fails, budgets fail closed: whoever wants to spend gets the error. What was spent is kept in
the queue and written when the storage is back; as every id counts once, trying again is harmless.

Source: rules.md section 11; research/platform.md section B.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from tierwise.core.accounts import Accounts
from tierwise.core.commands import Adjust, Import, Settle, Void
from tierwise.core.entries import Admitted, Charge, Overdrawn, Purse, Reserve, Standing, Tags
from tierwise.core.ledger import Execution
from tierwise.errors import PrunedError, StoreError
from tierwise.store.batches import Batch, Imported, Job
from tierwise.store.log import Log, Turn

BATCH_LIMIT: Final = 256
QUEUE_LIMIT: Final = 10_000
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0
CLOSE_TIMEOUT_S: Final = 10.0
EXPIRY_CHECK_S: Final = 15.0
"""How often an idle ledger looks for holds whose time is over."""


class Ledger:
    """The ledger over `log`, which stays its owner's to close; `clock_us` is the clock (µs UTC).

    Any thread may call it. At most `queue_limit` jobs wait; above that, and once it is closed, every method
    that returns a future raises StoreError instead. No future can be cancelled. Making it reads the whole
    log.
    """

    def __init__(self, log: Log, clock_us: Callable[[], int], *, queue_limit: int = QUEUE_LIMIT) -> None:
        self._log = log
        self._clock_us = clock_us
        self._queue_limit = queue_limit
        self._queue: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._abandoned = False
        self._trouble: StoreError | None = None
        self._accounts = Accounts()
        self._books = threading.Lock()
        self._seq = 0
        self._doubtful: deque[str] = deque(maxlen=queue_limit)
        self._read_all()
        self._thread = threading.Thread(target=self._run, name="tierwise-ledger", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> StoreError | None:
        """Why the newest attempt to write failed; None while the ledger is well."""
        return self._trouble

    def now_us(self) -> int:
        """Ledger time: the clock, never before the newest entry. Windows of purses are made with it."""
        return max(self._clock_us(), self._accounts.newest_us)

    def reserve(self, wish: Reserve) -> Future[Admitted | Overdrawn]:
        """Hold the charge, if every hard purse allows it; resolves when that is durable.

        The same id with the same body (tags, charge, `sent`) gets the same answer and writes nothing; with
        another body ConflictError. If the storage fails: StoreError, and nothing stays held (should it have
        been written after all, the ledger gives it back by itself).
        """
        held = wish.charge
        assert min(held.nanousd, held.tokens, held.messages) >= 0, "a hold is never negative"
        wish = replace(wish, tags=_encodable(wish.tags))
        return self._submit(lambda batch: batch.admit(wish), wish=wish.id)

    def settle(
        self,
        hold_id: str,
        charge: Charge,
        tags: Tags,
        execution: Execution | None = None,
        unconfirmed: bool = False,
    ) -> Future[None]:
        """Put what the call really cost in the place of its hold, with its record; exactly once per hold.

        A hold that had ended otherwise is still charged. ConflictError if there never was such a hold. If the
        storage fails the future gets a StoreError, but the settlement stays queued until it is written.
        """
        end = Settle(hold_id, charge, _encodable(tags), unconfirmed)
        return self._submit(lambda batch: batch.write(end, execution), kept=True)

    def void(self, hold_id: str) -> Future[None]:
        """Give the hold back: its call was never sent. Nothing happens if it has ended, or never was."""
        return self._submit(lambda batch: batch.write(Void(hold_id)), kept=True)

    def expire(self) -> Future[int]:
        """End all holds whose time is over, as every batch does; how many this one ended."""
        return self._submit(lambda batch: batch.expired)

    def adjust(self, id: str, of: str, charge: Charge, tags: Tags, note: str = "") -> Future[None]:
        """Add ±charge to what was posted for the reservation or import `of`, at its moment.

        ConflictError if there is no `of`, or if the id was used for another correction.
        """
        correction = Adjust(id, of, charge, _encodable(tags), _text(note))
        return self._submit(lambda batch: batch.write(correction), kept=True)

    def import_(
        self,
        id: str,
        at_us: int,
        tags: Tags,
        charge: Charge,
        note: str = "",
        execution: Execution | None = None,
    ) -> Future[None]:
        """Post usage that was learned of elsewhere, at its own moment; the same again changes nothing.

        ConflictError if the id was used for something else.
        """
        usage = Import(id, at_us, _encodable(tags), charge, _text(note))
        return self._submit(lambda batch: batch.write(usage, execution), kept=True)

    def import_all(self, usages: Sequence[Import | Adjust]) -> Future[Imported]:
        """Post all of them in their order or, if any contradicts what the ledger holds, none."""
        clean = [replace(one, tags=_encodable(one.tags), note=_text(one.note)) for one in usages]
        return self._submit(lambda batch: batch.import_all(clean))

    def standings(self, purses: Sequence[Purse]) -> Future[tuple[Standing, ...]]:
        """How the purses stand, with everything that any process has written so far."""
        return self._submit(lambda batch: batch.standings(purses))

    def peek(self, purses: Sequence[Purse]) -> tuple[Standing, ...]:
        """How the purses stood when this ledger last looked; at once, without the storage."""
        with self._books:
            return tuple(self._accounts.standing(purse) for purse in purses)

    def flushed(self) -> Future[None]:
        """Resolves when everything that was asked before is durable, or with a failed attempt's error."""
        return self._submit(lambda _: None)

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
            why = self._trouble or "no answer"
            raise StoreError(f"{left:,} entries were not written to the ledger in {timeout_s:g} s: {why}")

    def _submit(self, work: Callable[[Batch], Any], *, kept: bool = False, wish: str = "") -> Future[Any]:
        promise: Future[Any] = Future()
        promise.set_running_or_notify_cancel()
        with self._changed:
            if self._closing:
                raise StoreError("the ledger is closed: nothing was written")
            if len(self._queue) >= self._queue_limit:
                why = self._trouble or "the disk is slow"
                raise StoreError(f"{self._queue_limit:,} entries wait to be written already: {why}")
            self._queue.append(Job(work, promise, kept, wish))
            self._changed.notify()
        return promise

    def _read_all(self) -> None:
        for seq, entry in self._log.entries():
            self._accounts.apply(entry)
            self._accounts.keep()
            self._seq = seq

    def _run(self) -> None:
        """Work off batch after batch. However it ends, nobody is left waiting."""
        pause_s = 0.0
        try:
            while (jobs := self._next_jobs(pause_s)) is not None:
                pause_s = (
                    0.0 if self._work_off(jobs) else min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                )
        finally:
            with self._changed:
                self._closing = True
                left = list(self._queue)
            for job in left:
                job.fail(StoreError("the ledger stopped before this was written"))

    def _next_jobs(self, pause_s: float) -> list[Job] | None:
        """The oldest jobs once there are any, none when holds may have to expire, None at the end.

        After a failure a pause comes first; closing cuts it short. Jobs stay queued until they are written.
        """
        with self._changed:
            if pause_s:
                seen = (self._closing, self._abandoned)
                self._changed.wait_for(lambda: (self._closing, self._abandoned) != seen, pause_s)
            while not (self._queue or self._closing):
                if not self._changed.wait(EXPIRY_CHECK_S) and self._is_due():
                    return []
            if self._abandoned or not self._queue:
                return None
            return list(islice(self._queue, BATCH_LIMIT))

    def _is_due(self) -> bool:
        end_us = self._accounts.next_end_us()
        return end_us is not None and end_us <= self.now_us()

    def _work_off(self, jobs: list[Job]) -> bool:
        """Try once to write what the jobs want; whether it worked."""
        try:
            with self._log.exclusive() as turn:
                promises, seq = self._write(turn, jobs)
        except StoreError as failure:
            self._fail(jobs, failure)
            return False
        with self._books:
            self._accounts.keep()
        self._seq = seq
        self._trouble = None
        self._doubtful.clear()
        with self._changed:
            for _ in jobs:
                self._queue.popleft()
        for keep in promises:
            keep()
        return True

    def _write(self, turn: Turn, jobs: list[Job]) -> tuple[list[Callable[[], None]], int]:
        """Inside the turn: catch up, run the jobs, append.

        Returns what keeps the promises, and the number of the last entry.
        """
        with self._books:
            self._catch_up(turn)
            batch = Batch(self._accounts, self._clock_us())
            asked_again = {job.wish for job in jobs}
            batch.void_all(id for id in self._doubtful if id not in asked_again)
            promises = [job.done_in(batch) for job in jobs]
        if batch.entries or batch.executions:
            self._doubtful.extend(job.wish for job in jobs if job.wish)
            return promises, turn.append(batch.entries, batch.executions)
        return promises, self._seq

    def _catch_up(self, turn: Turn) -> None:
        """Fold in what others wrote; from the log's beginning, if it was pruned past where this one stood."""
        try:
            found = turn.since(self._seq)
        except PrunedError:
            found, self._accounts = turn.since(0), Accounts()
        for seq, entry in found:
            self._accounts.apply(entry)
            self._seq = seq
        self._accounts.keep()

    def _fail(self, jobs: list[Job], failure: StoreError) -> None:
        """Nothing was written: the accounts go back, wishes and questions are refused, the rest stays."""
        with self._books:
            self._accounts.take_back()
        self._trouble = failure
        with self._changed:
            waiting = list(self._queue)
            self._queue = deque(job for job in waiting if job.kept)
        for job in waiting:
            job.fail(failure)


def _encodable(tags: Tags) -> Tags:
    """The tags, without what cannot be written as UTF-8: half a surrogate pair, which a client may send."""
    return Tags(*(_text(getattr(tags, name)) for name in Tags.__slots__))


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
