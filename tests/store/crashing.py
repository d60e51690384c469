"""A process that reserves and settles until it is killed, and what must be true of its ledger afterwards.

The child says on its output what was acknowledged, after it was acknowledged; the parent kills it without
warning once it has read a given number of lines. As a program, this file is the child.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tierwise.core.entries import Charge, Purse, Reserve, Tags
from tierwise.store.ledger import Ledger
from tierwise.store.sqlite import SqliteStore

THREADS = 4
AT_US = 1_795_000_000_000_000
ROUND_US = 10_000_000
HOLD_US = 1_000_000
TAGS = Tags(session="crash", model="opus-5", tier="opus")
PURSE = Purse("hard", "all", "", "usd", 10**12, hard=True)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was found after one crash."""

    acknowledged: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    problem: str
    still_pending: int


def crash(path: Path, number: int, lines: int) -> Aftermath:
    """Let a child work on the ledger in round `number`, kill it after so many lines, and look."""
    child = subprocess.Popen(
        [sys.executable, __file__, str(path), str(number)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    said = list(itertools.islice(child.stdout, lines))
    child.send_signal(signal.SIGKILL)
    said += child.stdout.readlines()
    _, complaint = child.communicate()
    assert child.returncode == -signal.SIGKILL, complaint
    return _aftermath(
        path, AT_US + number * ROUND_US + HOLD_US, {line.strip() for line in said if line.endswith("\n")}
    )


def _aftermath(path: Path, end_us: int, acknowledged: set[str]) -> Aftermath:
    with closing(SqliteStore(path)) as store:
        with closing(Ledger(store, lambda: end_us)) as ledger:
            ledger.expire().result(30)
            pending = ledger.peek([PURSE])[0].pending
        entries = [entry for _, entry in store.entries()]
        written = Counter(entry.id for entry in entries)
        ends = Counter(entry.hold for entry in entries if entry.pending.nanousd < 0)
        return Aftermath(
            len(acknowledged),
            tuple(sorted(acknowledged - written.keys())),
            tuple(id for id, times in (written + ends).items() if written[id] > 1 or ends[id] > 1),
            store.verify().problem,
            pending,
        )


def _work(ledger: Ledger, name: str, end_us: int) -> None:
    """Reserve and settle for ever, saying each id once it is acknowledged."""
    for number in itertools.count():
        id = f"{name}-{number}"
        ledger.reserve(Reserve(id, TAGS, Charge(10, 10, 1), (PURSE,), end_us)).result()
        os.write(1, f"{id}\n".encode())
        ledger.settle(id, Charge(7, 7, 1), TAGS).result()
        os.write(1, f"{id}:post\n".encode())


def _work_for_ever(path: Path, number: int) -> None:
    at_us = AT_US + number * ROUND_US
    ledger = Ledger(SqliteStore(path), lambda: at_us)
    for thread in range(THREADS):
        name = f"round{number}-{thread}"
        threading.Thread(target=_work, args=(ledger, name, at_us + HOLD_US)).start()


if __name__ == "__main__":
    _work_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
