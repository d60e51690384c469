"""Quotas: what a platform says of its own limits, and how long that may be believed.

    reading   name "anthropic-5h", used 0.91, resets at …          heard from headers or a status line
    board     the latest reading of every name, with the moment at which it was seen
    gauge     the reading as a budget in percent: 91 of 80, so exhausted

A platform counts what every client of an account does, so its word is worth more than any sum of ours; but
it is a word about a moment. After the window's reset, or half an hour without news, nobody knows: the gauge
then has no limit, its zone is UNKNOWN, and that is never the same as 0.

Source: rules.md section 4; research/clients.md section 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tierwise.core.windows import duration_words
from tierwise.core.zones import Gauge

HOUR_US: Final = 3_600_000_000
BELIEVED_US: Final = HOUR_US // 2
"""Other clients of the account spend too: without news for this long a reading says nothing."""

QUOTAS_MAX: Final = 64
"""Names are another's text: beyond so many the longest unheard is forgotten."""

DIMENSIONS: Final = ((6 * HOUR_US, "session"), (24 * HOUR_US, "daily"), (7 * 24 * HOUR_US, "weekly"))
"""The dimension of a window up to so long; `monthly` beyond, `session` where the length is not known."""


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """A quota as its platform reports it. `used` is the share: 1.0 is full, more is possible.

    `used` is None where the platform names the quota without saying how full it is. Times are µs since the
    epoch, UTC; `resets_us` and `window_us` are None where they are not told. `status` is the platform's own
    word.
    """

    name: str
    used: float | None
    resets_us: int | None = None
    window_us: int | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A reading and the moment at which it was seen."""

    reading: QuotaReading
    seen_us: int


@dataclass(frozen=True, slots=True)
class QuotaBoard:
    """The latest reading of every quota of one account, the newest last; at most `QUOTAS_MAX`."""

    sightings: tuple[Sighting, ...] = ()

    def with_readings(self, readings: Iterable[QuotaReading], seen_us: int) -> QuotaBoard:
        """The board after these were seen; one that arrives late does not replace a newer one.

        Newer by more than `BELIEVED_US` is not newer: then the clock was set back.
        """
        known = {sighting.reading.name: sighting for sighting in self.sightings}
        for reading in readings:
            last = known.get(reading.name)
            if last is None or not 0 < last.seen_us - seen_us <= BELIEVED_US:
                known.pop(reading.name, None)
                known[reading.name] = Sighting(reading, seen_us)
        return QuotaBoard(tuple(known.values())[-QUOTAS_MAX:])

    def known(self, name: str, now_us: int) -> QuotaReading | None:
        """What holds of this quota now; None if it was never told, is out of date, or has no share."""
        for reading, seen_us in ((sighting.reading, sighting.seen_us) for sighting in self.sightings):
            if reading.name == name:
                over = reading.resets_us is not None and now_us >= reading.resets_us
                late = abs(now_us - seen_us) > BELIEVED_US
                return None if over or late or reading.used is None else reading
        return None

    def gauge(self, name: str, limit_percent: float | None, now_us: int) -> Gauge:
        """The quota as a budget: percent used of the percent allowed. `limit_percent` None only tracks.

        A quota that is not known now has no limit and so the zone UNKNOWN. Name, scope and whether it is hard
        are the budget's own: replace them.
        """
        reading = self.known(name, now_us)
        if reading is None or reading.used is None:
            return Gauge(name, 0.0, None, unit="percent")
        return Gauge(
            name,
            spent=round(reading.used * 100, 6),
            limit=limit_percent,
            dimension=_dimension(reading.window_us),
            unit="percent",
            elapsed=_elapsed(reading, now_us),
            resets=f"in {duration_words(reading.resets_us - now_us)}"
            if reading.resets_us is not None
            else "",
        )


def _dimension(window_us: int | None) -> str:
    return next((name for longest_us, name in DIMENSIONS if (window_us or 0) <= longest_us), "monthly")


def _elapsed(reading: QuotaReading, now_us: int) -> float | None:
    """The share of the window that has passed; None if its length or its end is not known."""
    if not reading.window_us or reading.resets_us is None:
        return None
    return min(max(1 - (reading.resets_us - now_us) / reading.window_us, 0.0), 1.0)
