"""Timelines: amounts in the order of their moments, with totals of windows that move along.

    moments   09:00   09:02   09:05   09:05:30   09:07
    posted       12       0      30          7       0
    pending       0      15       0          0      40
                      └──── a window: since ≤ moment < until ────┘

A window remembers where it stood and what it held. Moved forward, it gives back only what leaves it and takes
up only what enters it, so that a budget over the last seven days costs the same with a thousand calls as with
a million. Moved back, or over an amount that arrives late, it is right just the same.

Amounts at one moment share a place, so a hold and its release, which carry the same moment, leave no trace
but their sum. The columns are flat arrays of 64-bit integers: 56 bytes a moment.

Source: rules.md section 11, "a budget is a query"; research/platform.md section B3.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter

from tierwise.core.entries import Charge

Amounts = tuple[int, int, int, int, int, int]
"""Posted nano-dollars, tokens and messages, then the same three pending."""


def amounts_of(posted: Charge, pending: Charge) -> Amounts:
    """Both charges as one row."""
    return (
        posted.nanousd,
        posted.tokens,
        posted.messages,
        pending.nanousd,
        pending.tokens,
        pending.messages,
    )


def negated(amounts: Amounts) -> Amounts:
    """What takes the amounts back."""
    usd, tokens, messages, held_usd, held_tokens, held_messages = amounts
    return (-usd, -tokens, -messages, -held_usd, -held_tokens, -held_messages)


@dataclass(slots=True)
class _Window:
    """Where a window stands: it holds the places from `first` up to, not including, `end`; and their sums."""

    since_us: int = 0
    until_us: int | None = 0
    first: int = 0
    end: int = 0
    sums: list[int] = field(default_factory=lambda: [0] * 6)


class Timeline:
    """Amounts by moment (µs UTC, 64 bits signed); every amount and every sum at one moment fits 64 bits."""

    __slots__ = ("_columns", "_moments", "_windows")

    def __init__(self) -> None:
        self._moments = array("q")
        self._columns = tuple(array("q") for _ in range(6))
        self._windows: dict[str, _Window] = {}

    @classmethod
    def merged(cls, parts: Iterable[Timeline]) -> Timeline:
        """A new timeline with everything that is in the parts, without their windows."""
        whole = cls()
        for at_us, *amounts in merge(*(part._rows() for part in parts), key=itemgetter(0)):
            if not whole._moments or whole._moments[-1] != at_us:
                whole._insert(len(whole._moments), at_us)
            for column, amount in zip(whole._columns, amounts, strict=True):
                column[-1] += amount
        return whole

    def add(self, at_us: int, amounts: Amounts) -> None:
        """Add the amounts at their moment, late or not; every window takes notice."""
        place = bisect_left(self._moments, at_us)
        is_new = place == len(self._moments) or self._moments[place] != at_us
        if is_new:
            self._insert(place, at_us)
        for column, amount in zip(self._columns, amounts, strict=True):
            if amount:
                column[place] += amount
        for window in self._windows.values():
            if at_us < window.since_us:
                window.first += is_new
                window.end += is_new
            elif window.until_us is None or at_us < window.until_us:
                window.end += is_new
                for which, amount in enumerate(amounts):
                    window.sums[which] += amount

    def total(self, window_name: str, since_us: int, until_us: int | None) -> tuple[int, ...]:
        """The sums over since ≤ moment < until (None: no end), in the order of `Amounts`.

        The name only says which remembered window to move; any name gives the same answer.
        """
        window = self._windows.get(window_name)
        if window is None:
            window = self._windows[window_name] = _Window()
        if (since_us, until_us) != (window.since_us, window.until_us):
            self._move(window, since_us, until_us)
        return tuple(window.sums)

    def _move(self, window: _Window, since_us: int, until_us: int | None) -> None:
        """Sums up to the end less sums up to the start: so each edge moves by itself, in either direction."""
        first = bisect_left(self._moments, since_us)
        end = len(self._moments) if until_us is None else bisect_left(self._moments, until_us)
        end = max(first, end)
        if (first, end) != (window.first, window.end):
            window.sums = [
                held + _between(column, window.end, end) - _between(column, window.first, first)
                for held, column in zip(window.sums, self._columns, strict=True)
            ]
        window.since_us, window.until_us, window.first, window.end = since_us, until_us, first, end

    def _insert(self, place: int, at_us: int) -> None:
        self._moments.insert(place, at_us)
        for column in self._columns:
            column.insert(place, 0)

    def _rows(self) -> Iterable[tuple[int, ...]]:
        return zip(self._moments, *self._columns, strict=True)


def _between(column: array[int], here: int, there: int) -> int:
    """The sum of the places that lie between two edges, negative when `there` comes first."""
    if here == there:
        return 0
    return sum(column[here:there]) if here < there else -sum(column[there:here])
