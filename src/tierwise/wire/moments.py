"""Moments on the wire: when something resets, in whichever of six ways it is told.

    2026-11-23T07:06:30Z      ISO 8601, UTC where no zone is told
    1790134200                seconds, or by their size milli- or microseconds, since the epoch
    3600   6m0s   1.5s        from now

Source: research/clients.md sections 5, 7 and 11.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

SECOND_US: Final = 1_000_000
DISTANT_S: Final = 100_000_000
"""Three years: fewer seconds than that are from now, more are since the epoch."""

EPOCH_UNITS_US: Final = ((100_000_000_000, SECOND_US), (100_000_000_000_000, 1_000))
"""Seconds below the first size, milliseconds below the second, else microseconds."""

EARLIEST_US: Final = 1_500_000_000 * SECOND_US
LATEST_US: Final = 5_000_000_000 * SECOND_US
"""2017 to 2128: what lies outside is no moment at which anything resets."""

_NUMBER: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_SPAN: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|[smhd]))+")
_PART: Final = re.compile(r"([0-9.]+)(ms|[smhd])")
_UNITS_US: Final = {
    "ms": 1_000,
    "s": SECOND_US,
    "m": 60 * SECOND_US,
    "h": 3_600 * SECOND_US,
    "d": 86_400 * SECOND_US,
}


def moment_us(told: object, now_us: int) -> int | None:
    """The moment that is meant, µs since the epoch; None if it is none. 0 stands for "not known"."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    text = told.strip().lower() if isinstance(told, str) else _digits(told)
    if _NUMBER.fullmatch(text):
        at_us = _numbered(float(text), now_us)
    elif _SPAN.fullmatch(text):
        at_us = now_us + round(sum(float(count) * _UNITS_US[unit] for count, unit in _PART.findall(text)))
    else:
        at_us = _dated(text.upper())
    return at_us if EARLIEST_US <= at_us <= LATEST_US else None


def _digits(number: float) -> str:
    """A number as text, "" for one that is no moment: negative, endless, or too large to write out."""
    return f"{number:.6f}".removesuffix(".000000") if 0 <= number < 10**18 else ""


def _numbered(number: float, now_us: int) -> int:
    if number < DISTANT_S:
        return now_us + round(number * SECOND_US) if number else 0
    unit_us = next((unit for size, unit in EPOCH_UNITS_US if number < size), 1)
    return round(number * unit_us)


def _dated(text: str) -> int:
    """The µs of an ISO moment; 0 if it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return round(at.timestamp() * SECOND_US)
