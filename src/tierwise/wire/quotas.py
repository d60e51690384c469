"""Quotas on the wire: how full a platform says its limits are, from headers and status lines, however spelt.

| said by | for example | becomes |
|---|---|---|
| Anthropic, subscription | `anthropic-ratelimit-unified-5h-utilization: 0.91` | `anthropic-5h` 0.91 |
| the same, by model, overage | `…-7d_oi-utilization`, `…-overage-utilization` | `anthropic-7d-oi`, … |
| Anthropic, API key | `…-tokens-limit: 50000`, `…-tokens-remaining: 10000` | `anthropic-tokens` 0.8 |
| Codex | `x-codex-primary-used-percent: 40`, `…-window-minutes: 10080` | `codex-7d` 0.4 |
| status line, rollout | `rate_limits{five_hour{used_percentage, resets_at}}` | `anthropic-5h` |

A window is known by its length, not by the slot that it stands in. A `utilization` is a share, anything
`percent` is of a hundred. A balance of credits says nothing of a share, so it is no reading. What cannot be
read is passed over: a limit that is not told is unknown, never 0.

Source: research/clients.md sections 5, 7 and 11; rules.md section 4.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from tierwise.core.quotas import QuotaReading
from tierwise.wire.moments import moment_us

Fields = Mapping[str, object]
"""What is said of one quota, by the names in `FIELDS`."""

PERCENT_FIELDS: Final = ("used-percent", "used-percentage")
AT_FIELDS: Final = ("reset", "resets", "reset-at", "resets-at")
AFTER_FIELDS: Final = ("reset-after-seconds", "reset-after", "resets-in-seconds", "resets-in")
WINDOW_FIELDS: Final = {
    "window-minutes": 60,
    "limit-window-minutes": 60,
    "window-seconds": 1,
    "limit-window-seconds": 1,
}
"""Their unit in seconds."""

FIELDS: Final = (
    *("utilization", "surpassed-threshold", "limit", "remaining", "unlimited", "status", "disabled-reason"),
    *PERCENT_FIELDS,
    *AT_FIELDS,
    *AFTER_FIELDS,
    *WINDOW_FIELDS,
)
_BUCKET_AND_FIELD: Final = re.compile(rf"(?:(.*?)-)?({'|'.join(FIELDS)})")
"""As short a bucket as possible, so as long a field: `reset-at` is not the `at` of something."""

PREFIXES: Final = {"anthropic-ratelimit-": "anthropic", "x-codex-": "codex"}
CLAIM: Final = "anthropic-ratelimit-unified-representative-claim"
PLACES_KEPT: Final = 512
"""Every response has the same headers: where they belong is worked out once."""

SAME_WINDOWS: Final = {"five-hour": "5h", "seven-day": "7d", "weekly": "7d"}
"""Spellings of a window, at the beginning of a name."""

CODEX_SLOTS: Final = ("primary", "secondary")
REJECTED: Final = ("rejected", "rate_limited")
SPENT_REASONS: Final = ("org_spend_cap_reached",)
"""Why overage is refused: used up. For other reasons it is merely switched off."""

LARGEST_SHARE: Final = 2.0
"""A `utilization` above this can only be a percentage."""

ABSURD: Final = 100.0
"""Ten thousand percent: not a reading."""

LONGEST_STATUS: Final = 40
LONGEST_WAIT_S: Final = 10_000_000
"""Four months: a reset further off in seconds from now is cut to it."""

QUOTA_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_WINDOW: Final = re.compile(r"([1-9][0-9]{0,3})([mhd])(?=-|$)")
_SECONDS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SECOND_US: Final = 1_000_000


def readings_in_headers(headers: Mapping[str, str], now_us: int) -> tuple[QuotaReading, ...]:
    """The quotas that a response's headers tell of, by name; never raises.

    What is said of no window in particular (`unified-status`, `unified-reset`) belongs to the one that
    `representative-claim` names.
    """
    said: dict[str, dict[str, object]] = defaultdict(dict)
    claim = ""
    for header, value in headers.items():
        quota, field = _place(header)
        if field:
            said[quota][field] = value
        elif quota == CLAIM:
            claim = _spelt(value)
    _attribute(said, claim)
    return _readings(said, now_us)


def readings_in_status(status: object, now_us: int) -> tuple[QuotaReading, ...]:
    """The quotas in a status line's JSON, or in its `rate_limits` alone, as parsed; never raises.

    The `rate_limits` of a Codex rollout are read too: its slots are `primary` and `secondary`.
    """
    if isinstance(status, Mapping) and isinstance(status.get("rate_limits"), Mapping):
        status = status["rate_limits"]
    said: dict[str, dict[str, object]] = defaultdict(dict)
    for key, value in status.items() if isinstance(status, Mapping) else ():
        bucket = _spelt(str(key))
        if bucket and isinstance(value, Mapping):
            platform = "codex" if bucket in (*CODEX_SLOTS, "credits") else "anthropic"
            fields = {_spelt(str(name)): told for name, told in value.items()}
            said[_quota(platform, bucket)].update({name: fields[name] for name in FIELDS if name in fields})
    return _readings(said, now_us)


def _spelt(name: str) -> str:
    """In lower case with hyphens: `usedPercent`, `used_percent` and `Used-Percent` are one."""
    humps = name if name.islower() else _HUMP.sub("-", name).lower()
    return humps.strip().replace("_", "-")


@lru_cache(PLACES_KEPT)
def _place(header: str) -> tuple[str, str]:
    """(quota, field) of a header; (its name, "") for one that says nothing of a single quota."""
    name = _spelt(header)
    for start, platform in PREFIXES.items():
        if name.startswith(start):
            found = _BUCKET_AND_FIELD.fullmatch(name.removeprefix(start))
            return (_quota(platform, found[1] or ""), found[2]) if found else (name, "")
    return name, ""


def _quota(platform: str, bucket: str) -> str:
    """`anthropic-7d-opus` for `unified-seven-day-opus`; a bucket without a name is its platform's own."""
    bucket = bucket.removeprefix("unified").removeprefix("-")
    for spelling, window in SAME_WINDOWS.items():
        if bucket == spelling or bucket.startswith(f"{spelling}-"):
            bucket = window + bucket.removeprefix(spelling)
    return f"{platform}-{bucket}" if bucket else platform


def _attribute(said: dict[str, dict[str, object]], claim: str) -> None:
    """Give what was said of no window to the one that was claimed, where that does not say it itself."""
    for platform in ("anthropic", "codex"):
        general = said.pop(platform, {})
        windows = any(name.startswith(f"{platform}-") for name in said)
        if platform == "anthropic" and claim:
            said[_quota(platform, claim)] = {**general, **said.get(_quota(platform, claim), {})}
        elif general and not windows:
            said[f"{platform}-unified"] = general


def _readings(said: Mapping[str, Fields], now_us: int) -> tuple[QuotaReading, ...]:
    """One reading a name, in the order of the names; of two of one name the fuller."""
    found: dict[str, QuotaReading] = {}
    for told, fields in sorted(said.items()):
        window_us = _window_us(told, fields)
        name = _by_length(told, window_us)
        reading = QuotaReading(
            name, _used(name, fields), _resets_us(fields, now_us), window_us, _status(fields)
        )
        nothing = reading.used is None and reading.resets_us is None and not reading.status
        if nothing or window_us == 0 or not QUOTA_NAME.fullmatch(name):
            continue
        last = found.get(name)
        if last is None or (reading.used or 0.0) > (last.used or 0.0):
            found[name] = reading
    return tuple(found.values())


def _window_us(name: str, fields: Fields) -> int | None:
    """The window's length, as told or as its name says; 0 for a slot that is not in use, None if unknown."""
    for field, seconds in WINDOW_FIELDS.items():
        number = _number(fields.get(field))
        if number is not None:
            return round(number * seconds) * SECOND_US
    found = _WINDOW.match(name.partition("-")[2])
    return int(found[1]) * _SECONDS[found[2]] * SECOND_US if found else None


def _by_length(name: str, window_us: int | None) -> str:
    """A Codex slot under the length of its window: `codex-primary` of 300 minutes is `codex-5h`."""
    slot = next((slot for slot in CODEX_SLOTS if name.endswith(f"-{slot}")), None)
    if slot is None or not window_us:
        return name
    minutes = window_us // (60 * SECOND_US)
    nearest = round(minutes / 60) * 60
    minutes = nearest if nearest and abs(minutes - nearest) <= 1 else minutes
    if minutes % 1_440 == 0:
        length = f"{minutes // 1_440}d"
    else:
        length = f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
    return name.removesuffix(slot) + length


def _used(name: str, fields: Fields) -> float | None:
    """The share used, as told most directly; None if that is not told.

    A window that rejects is full. Overage that is rejected may only be switched off.
    """
    share = _told_share(fields)
    status = _status(fields)
    if name.endswith("-overage"):
        full = str(fields.get("disabled-reason", "")).strip().lower() in SPENT_REASONS
    else:
        full = status in REJECTED
    return max(share or 0.0, 1.0) if full else share


def _told_share(fields: Fields) -> float | None:
    for field in PERCENT_FIELDS:
        percent = _number(fields.get(field))
        if percent is not None:
            return _sane(percent / 100)
    share = _share(fields.get("utilization"))
    if share is not None:
        return share
    limit, remaining = _number(fields.get("limit")), _number(fields.get("remaining"))
    if limit and remaining is not None:
        return _sane(max(1 - remaining / limit, 0.0))
    if str(fields.get("unlimited", "")).strip().lower() == "true":
        return 0.0
    return _share(fields.get("surpassed-threshold"))


def _share(value: object) -> float | None:
    """A share as `0.91`, `91` or `91%`."""
    number = _number(value)
    if number is None:
        return None
    percent = number > LARGEST_SHARE or (isinstance(value, str) and value.strip().endswith("%"))
    return _sane(number / 100 if percent else number)


def _sane(share: float) -> float | None:
    return share if share <= ABSURD else None


def _number(value: object) -> float | None:
    """A number that is not negative, also written as text and with `%` behind it; None for anything else."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        text = str(value).strip().removesuffix("%").rstrip()
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _resets_us(fields: Fields, now_us: int) -> int | None:
    for field in AT_FIELDS:
        at_us = moment_us(fields.get(field), now_us)
        if at_us is not None:
            return at_us
    for field in AFTER_FIELDS:
        seconds = _number(fields.get(field))
        if seconds is not None:
            return now_us + round(min(seconds, LONGEST_WAIT_S) * SECOND_US)
    return None


def _status(fields: Fields) -> str:
    """The platform's own word, in lower case and cut; "" without one."""
    status = fields.get("status")
    return status.strip().lower()[:LONGEST_STATUS] if isinstance(status, str) else ""
