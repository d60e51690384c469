"""Moments as people write them, in a zone with summer time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tierwise.cli.moments import local_minute, moment_us

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def berlin(*when: int) -> int:
    return int(datetime(*when, tzinfo=BERLIN).timestamp()) * 1_000_000


TUESDAY = (2026, 3, 31, 14, 30)
"""Two days after the clocks went forward."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", berlin(*TUESDAY)),
        ("30s", berlin(*TUESDAY) - 30 * 10**6),
        ("90m", berlin(2026, 3, 31, 13, 0)),
        ("24h", berlin(2026, 3, 30, 14, 30)),
        ("7d", berlin(*TUESDAY) - 7 * 86_400 * 10**6),
        ("2w", berlin(*TUESDAY) - 14 * 86_400 * 10**6),
        ("today", berlin(2026, 3, 31)),
        ("yesterday", berlin(2026, 3, 30)),
        ("tuesday", berlin(2026, 3, 31)),
        ("Monday", berlin(2026, 3, 30)),
        ("wednesday", berlin(2026, 3, 25)),
        ("2026-11-20", berlin(2026, 11, 20)),
        (" 2026-03-28T23:59 ", berlin(2026, 3, 28, 23, 59)),
        ("2026-03-01 08:05", berlin(2026, 3, 1, 8, 5)),
    ],
)
def test_a_moment_is_read_in_local_time(text: str, expected: int) -> None:
    assert moment_us(text, berlin(*TUESDAY)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "24",
        "h",
        "-3h",
        "1.5h",
        "2026-13-01",
        "2026-02-30",
        "2026-11-20T24:00",
        "٣h",
        "9999999h",
        "0000-01-01",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        moment_us(text, berlin(*TUESDAY))


def test_a_moment_is_shown_to_the_minute_in_local_time() -> None:
    assert local_minute(berlin(*TUESDAY)) == "2026-03-31 14:30"
