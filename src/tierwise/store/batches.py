"""A batch: the commands of many callers, run one after the other inside one turn of the log.

Each command sees what the ones before it did, in this batch too, so a purse cannot be spent twice by two
calls that come at once. Nothing here touches the storage: what is to be written is gathered, and written at
once.

Source: rules.md section 11; research/platform.md section B3, "group commit".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NamedTuple

from tierwise.core.accounts import Accounts
from tierwise.core.commands import Adjust, Command, Expire, Import, Void
from tierwise.core.entries import Admitted, Entry, Overdrawn, Purse, Reserve, Standing
from tierwise.core.ledger import Execution
from tierwise.core.reserving import Answer, Contradiction, outcome_of
from tierwise.errors import ConflictError, StoreError


class Imported(NamedTuple):
    """How many of the usages were new, and one problem for each of them, "" where there is none."""

    new: int
    problems: tuple[str, ...]


class Batch:
    """What one turn does. The accounts must hold everything that the log does; `now_us` is the clock."""

    def __init__(self, accounts: Accounts, now_us: int) -> None:
        self.entries: list[Entry] = []
        self.executions: list[Execution] = []
        self._accounts = accounts
        self._now_us = max(now_us, accounts.newest_us)
        self.expired = self._count(Expire())
        """How many holds had come to their end when the batch began."""

    def admit(self, wish: Reserve) -> Admitted | Overdrawn:
        """Run a reservation; ConflictError if its id was used for another one."""
        answer = self._do(wish)
        assert isinstance(answer, Admitted | Overdrawn)
        return answer

    def write(self, command: Command, execution: Execution | None = None) -> None:
        """Run anything else; ConflictError if it contradicts what the ledger holds.

        If it made entries, the call's record goes with them.
        """
        if self._count(command) and execution:
            self.executions.append(execution)

    def import_all(self, usages: Sequence[Import | Adjust]) -> Imported:
        """Import all of them, or none if any contradicts."""
        new, problems = 0, []
        before, place = len(self.entries), self._accounts.place()
        for usage in usages:
            try:
                new += self._count(usage)
                problems.append("")
            except ConflictError as conflict:
                problems.append(str(conflict))
        if any(problems):
            self._accounts.take_back(place)
            del self.entries[before:]
            new = 0
        return Imported(new, tuple(problems))

    def void_all(self, ids: Iterable[str]) -> None:
        """Give back what may have been held by mistake."""
        for id in ids:
            self.write(Void(id))

    def standings(self, purses: Iterable[Purse]) -> tuple[Standing, ...]:
        """How the purses stand now, in this batch."""
        return tuple(self._accounts.standing(purse) for purse in purses)

    def _count(self, command: Command) -> int:
        """Run anything but a reservation; how many entries it made."""
        answer = self._do(command)
        assert isinstance(answer, int)
        return answer

    def _do(self, command: Command) -> Answer:
        answer, entries = outcome_of(self._accounts, command, self._now_us)
        if isinstance(answer, Contradiction):
            raise ConflictError(answer.problem)
        for entry in entries:
            self._accounts.apply(entry)
        self.entries.extend(entries)
        return answer


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Something to do in a batch, and the promise made for it.

    A `kept` job is tried again until it is written, even though its promise was broken by a failure. `wish`
    is the id of a reservation, "" for anything else.
    """

    work: Callable[[Batch], Any]
    promise: Future[Any]
    kept: bool = False
    wish: str = ""

    def done_in(self, batch: Batch) -> Callable[[], None]:
        """Do the work; return what keeps the promise, to be called when the batch is durable."""
        try:
            result = self.work(batch)
        except ConflictError as conflict:
            problem = conflict
            return lambda: self.fail(problem)
        return lambda: self._succeed(result)

    def fail(self, problem: StoreError) -> None:
        """Break the promise, if it is still open."""
        if not self.promise.done():
            self.promise.set_exception(problem)

    def _succeed(self, result: object) -> None:
        if not self.promise.done():
            self.promise.set_result(result)
