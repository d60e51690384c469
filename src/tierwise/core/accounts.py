"""Accounts: what the entries add up to; made from them alone, and made again from them at any time.

    entries ──apply──► holds:      id → what is held, until when, how it ended
                       timelines:  one per distinct tags, one per scope and value that was ever asked about

A purse asks for the sum of a scope over a window; the scope's timeline is built from the tags' timelines at
the first question and kept up to date from then on. So nothing is kept for scopes that no budget governs, and
nothing here can drift: there is no number that was not added up from entries.

Until `keep`, what was applied can be taken back: one applies first, writes, and keeps when it is durable.

Source: rules.md section 11; research/platform.md section B3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Final, Literal

from tierwise.core.entries import NO_CHARGE, Charge, Entry, Kind, Purse, Standing, Tags
from tierwise.core.timelines import Timeline, amounts_of, negated

Track = tuple[str, str, str]
"""A scope's kind and value, and the session that it is narrowed to ("" for all)."""

_COLUMN: Final = {"usd": 0, "tokens": 1, "messages": 2}
_PENDING: Final = 3
"""How far behind its posted column a pending one stands."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation as it stands; an import is one that was posted at once.

    `charge` was held under `tags` at `at_us`. `ended` is the kind of the entry that ended it, "" while it is
    open, `adjust` when it had been charged unconfirmed and the truth was learned later. `posted` is all that
    was charged for it.
    """

    at_us: int
    tags: Tags
    charge: Charge
    expires_us: int
    sent: bool
    ended: Kind | Literal[""] = ""
    posted: Charge = NO_CHARGE


@dataclass(frozen=True, slots=True)
class _Step:
    """What an entry replaced, to take it back."""

    entry: Entry
    hold: Hold | None
    newest_us: int


class Accounts:
    """The balances of all entries that were applied, each exactly once. Not for several threads at a time."""

    def __init__(self) -> None:
        self.newest_us = 0
        """The largest `recorded_us` so far: ledger time is never before it."""
        self.applied = 0
        """How many entries."""
        self._holds: dict[str, Hold] = {}
        self._corrections: dict[str, Charge] = {}
        self._ends: list[tuple[int, str]] = []
        self._own: dict[Tags, Timeline] = {}
        self._under: defaultdict[tuple[str, str], list[Tags]] = defaultdict(list)
        self._tracks: dict[Track, Timeline] = {}
        self._followers: dict[Tags, list[Timeline]] = {}
        self._unsure: list[_Step] = []

    def apply(self, entry: Entry) -> None:
        """Add the entry; it can be taken back until `keep`."""
        self._unsure.append(_Step(entry, self._holds.get(entry.hold), self.newest_us))
        self.newest_us = max(self.newest_us, entry.recorded_us)
        self.applied += 1
        if entry.kind == "adjust":
            self._corrections[entry.id] = entry.posted
        hold = _after(entry, self._holds.get(entry.hold))
        self._holds[entry.hold] = hold
        if not hold.ended:
            heappush(self._ends, (hold.expires_us, entry.hold))
        self._add(entry)

    def keep(self) -> None:
        """What was applied so far stays."""
        self._unsure.clear()

    def place(self) -> int:
        """The place to `take_back` to."""
        return len(self._unsure)

    def take_back(self, place: int = 0) -> None:
        """Undo everything that was applied since that place, or since `keep`; the newest first."""
        while len(self._unsure) > place:
            step = self._unsure.pop()
            self.newest_us = step.newest_us
            self.applied -= 1
            self._corrections.pop(step.entry.id, None)
            if step.hold is None:
                del self._holds[step.entry.hold]
            else:
                self._holds[step.entry.hold] = step.hold
                if not step.hold.ended:
                    heappush(self._ends, (step.hold.expires_us, step.entry.hold))
            self._add(step.entry, taking_back=True)

    def standing(self, purse: Purse) -> Standing:
        """What the purse holds in its window, in its unit."""
        timeline = self._track((purse.kind, "" if purse.kind == "all" else purse.value, purse.session))
        sums = timeline.total(purse.name, purse.since_us, purse.until_us)
        column = _COLUMN[purse.unit]
        return Standing(sums[column], sums[column + _PENDING])

    def hold(self, id: str) -> Hold | None:
        """The reservation or import of that id, open or ended; None if there never was one."""
        return self._holds.get(id)

    def correction(self, id: str) -> Charge | None:
        """What the adjustment of that id changed; None if there is none."""
        return self._corrections.get(id)

    def open_holds(self) -> Iterator[tuple[str, Hold]]:
        """Those that have not ended, in the order in which they were taken."""
        return ((id, hold) for id, hold in self._holds.items() if not hold.ended)

    def due(self, now_us: int) -> list[tuple[str, Hold]]:
        """The open holds whose end is not after `now_us`, the earliest first."""
        found: dict[str, Hold] = {}
        while self._ends and self._ends[0][0] <= now_us:
            _, id = heappop(self._ends)
            hold = self._holds.get(id)
            if hold and not hold.ended:
                found[id] = hold
        for id, hold in found.items():
            heappush(self._ends, (hold.expires_us, id))
        return list(found.items())

    def next_end_us(self) -> int | None:
        """When the next open hold ends, or a moment before that; None if nothing is held."""
        return self._ends[0][0] if self._ends else None

    def _add(self, entry: Entry, *, taking_back: bool = False) -> None:
        """Posted counts under the entry's tags, pending under the held ones; often they are the same."""
        if entry.tags == entry.held:
            parts = [(entry.tags, entry.posted, entry.pending)]
        else:
            parts = [(entry.tags, entry.posted, NO_CHARGE), (entry.held, NO_CHARGE, entry.pending)]
        for tags, posted, pending in parts:
            if posted == pending == NO_CHARGE:
                continue
            amounts = amounts_of(posted, pending)
            for timeline in self._followers_of(tags):
                timeline.add(entry.at_us, negated(amounts) if taking_back else amounts)

    def _followers_of(self, tags: Tags) -> list[Timeline]:
        """The tags' own timeline, and every track that they count in."""
        followers = self._followers.get(tags)
        if followers is None:
            self._own[tags] = Timeline()
            for scope in _scopes(tags):
                self._under[scope].append(tags)
            wanted = [(*scope, session) for scope in _scopes(tags) for session in {"", tags.session}]
            tracks = [self._tracks[track] for track in wanted if track in self._tracks]
            followers = self._followers[tags] = [self._own[tags], *tracks]
        return followers

    def _track(self, track: Track) -> Timeline:
        """The timeline of a scope; built from its tags' own timelines at the first question."""
        timeline = self._tracks.get(track)
        if timeline is None:
            kind, value, session = track
            members = [tags for tags in self._under.get((kind, value), ()) if session in ("", tags.session)]
            timeline = self._tracks[track] = Timeline.merged(self._own[tags] for tags in members)
            for tags in members:
                self._followers[tags].append(timeline)
        return timeline


def _scopes(tags: Tags) -> tuple[tuple[str, str], ...]:
    """Every scope that the tags count under; the kinds of `Purse`."""
    return (
        ("all", ""),
        ("tier", tags.tier),
        ("model", tags.model),
        ("skill", tags.skill),
        ("project", tags.project),
        ("key", tags.key),
        ("session", tags.session),
        ("run", tags.run),
    )


def _after(entry: Entry, before: Hold | None) -> Hold:
    """The hold that the entry belongs to, as it stands after it."""
    if entry.kind == "reserve":
        return Hold(entry.at_us, entry.held, entry.pending, entry.expires_us, entry.sent)
    if entry.kind == "import":
        return Hold(entry.at_us, entry.tags, entry.posted, 0, True, "import", entry.posted)
    if before is None:
        assert entry.pending == NO_CHARGE, f"{entry.kind} {entry.id} belongs to no reservation"
        before = Hold(entry.at_us, entry.tags, NO_CHARGE, 0, True, "adjust")  # what it corrects was pruned
    posted = before.posted + entry.posted
    if entry.kind != "adjust":
        return replace(before, ended=entry.kind, posted=posted)
    learned = entry.id == f"{entry.hold}:adjust"
    return replace(before, ended="adjust" if learned else before.ended, posted=posted)
