"""Moments: `24h`, `monday`, `2026-11-20` as µs since the epoch, in the local time of this machine.

    30s 30m 24h 7d 2w               so long before now
    now today yesterday             now; the last and the last but one midnight
    monday … sunday                 the midnight that began the last such day, today included
    2026-11-20  2026-11-20T14:30    that day's midnight, or that minute

Source: seed A§5.2, "on demand"; research/platform.md section E.
"""

from __future__ import annotations

import re
import time
from datetime import date
from typing import Final

import click

from tierwise import wiring

US_PER_SECOND: Final = 1_000_000
SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FORMS: Final = "24h, 7d, today, monday, 2026-11-20 or 2026-11-20T14:30"

_AGO: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2}))?", re.ASCII)


def moment_us(text: str, now_us: int) -> int:
    """The moment that `text` names, seen from `now_us`; ValueError if it names none."""
    word = text.strip().lower()
    if word == "now":
        return now_us
    if ago := _AGO.fullmatch(word):
        return now_us - int(ago[1]) * SECONDS[ago[2]] * US_PER_SECOND
    if word in ("today", "yesterday"):
        return _midnight_us(now_us, days_back=int(word == "yesterday"))
    if word in WEEKDAYS:
        today = time.localtime(now_us / US_PER_SECOND).tm_wday
        return _midnight_us(now_us, days_back=(today - WEEKDAYS.index(word)) % 7)
    if written := _DATE.fullmatch(text.strip().upper()):
        day = date.fromisoformat(written[1])
        return _local_us(day.year, day.month, day.day, int(written[2] or 0), int(written[3] or 0))
    raise ValueError(f"`{text}` is not a moment")


def local_minute(at_us: int) -> str:
    """`2026-11-20 14:30`, local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_us / US_PER_SECOND))


def _midnight_us(now_us: int, days_back: int) -> int:
    now = time.localtime(now_us / US_PER_SECOND)
    return _local_us(now.tm_year, now.tm_mon, now.tm_mday - days_back)


def _local_us(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """The local minute; `day` may lie outside the month. Summer time is as it is on that day."""
    if hour > 23 or minute > 59:
        raise ValueError(f"{hour}:{minute} is no time of day")
    return int(time.mktime((year, month, day, hour, minute, 0, 0, 0, -1))) * US_PER_SECOND


class Moment(click.ParamType[int]):
    """A moment as a command's option."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """µs since the epoch, or the command's usage error."""
        if isinstance(value, int):
            return value
        try:
            return moment_us(str(value), wiring.now_us())
        except (ValueError, OverflowError):
            self.fail(f"`{value}` is not a moment; write {FORMS}", param, ctx)


MOMENT: Final = Moment()
