"""Retention: up to where the ledger may be cut off, so that nothing that still counts is lost.

    1    2    3    4    5    6    7    8    9 …
    +a   -a   +b   +c   -b   -c   +d   +e   -d          +x reserves x, -x ends it
         ▲                   ▲
         └── here ───────────┴── and here no reservation is torn: the last such place before WHEN is the cut

An entry goes only with all entries before it, so numbers stay without gaps and the chain of hashes goes on
from the cut. Nothing younger than any window of a budget goes, nothing of a reservation that is open, and
nothing of a session that is still talking: a session's budget counts all of it. The newest entry always
stays, as the next one is linked to it.

Source: rules.md sections 4 and 11.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from tierwise.core.entries import Entry
from tierwise.core.windows import DAY_US

KEPT_DAYS: Final = 35
"""What is younger is never removed: the longest window is a month, and clocks and time zones differ."""

ENDINGS: Final = ("post", "void", "expire")


class Cut(NamedTuple):
    """What goes: the entries up to the number `seq` (0: none), and the records of calls before `before_us`.

    Records of sessions in which anything happened since `talking_us` stay. `stopped` says why older entries
    than `before_us` have to stay too, "" if none do.
    """

    seq: int
    before_us: int
    talking_us: int
    stopped: str = ""


def latest_us(now_us: int) -> int:
    """The latest moment before which anything may be removed."""
    return now_us - KEPT_DAYS * DAY_US


def talking(entries: Iterable[tuple[int, Entry]], since_us: int) -> frozenset[str]:
    """The sessions that have an entry at or after `since_us`."""
    young = (entry for _, entry in entries if _moment_us(entry) >= since_us)
    return frozenset(id for entry in young for id in _sessions(entry))


def cut_of(
    entries: Iterable[tuple[int, Entry]], before_us: int, now_us: int, sessions: frozenset[str]
) -> Cut:
    """The last place before `before_us` where the log may be cut; `sessions` are those still talking.

    `entries` is the whole log as it is, numbered; `before_us` is at most `latest_us(now_us)`.
    """
    assert before_us <= latest_us(now_us), "a window of a budget would be cut"
    seq, open_holds, stopped = 0, dict[str, None](), ""
    for (number, entry), _ in pairwise(entries):
        if _moment_us(entry) >= before_us:
            break
        if held_by := _sessions(entry) & sessions:
            stopped = f"entry {number:,} belongs to the session `{min(held_by)}`, which is still in use"
            break
        if entry.kind == "reserve":
            open_holds[entry.hold] = None
        elif entry.kind in ENDINGS:
            open_holds.pop(entry.hold, None)
        if not open_holds:
            seq = number
    if open_holds and not stopped:
        stopped = f"the reservation `{next(iter(open_holds))}` is open, or ended later"
    return Cut(seq, before_us, latest_us(now_us), stopped)


def _moment_us(entry: Entry) -> int:
    """When it was written, or what moment it counts at if that is later."""
    return max(entry.recorded_us, entry.at_us)


def _sessions(entry: Entry) -> set[str]:
    return {entry.tags.session, entry.held.session} - {""}
