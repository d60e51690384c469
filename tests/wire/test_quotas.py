"""Quota signals: every spelling of headers and status lines, and nothing invented from garbage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.core.quotas import QuotaReading
from tierwise.wire.moments import moment_us
from tierwise.wire.quotas import ABSURD, readings_in_headers, readings_in_status

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
NOW_S = 1_790_130_000
NOW_US = NOW_S * SECOND_US
FIVE_RESET_US, SEVEN_RESET_US = 1_790_134_200 * SECOND_US, 1_790_211_600 * SECOND_US
UNIFIED = "anthropic-ratelimit-unified"


def test_a_subscriptions_headers_are_its_windows() -> None:
    headers = {
        f"{UNIFIED}-status": "allowed",
        f"{UNIFIED}-representative-claim": "five_hour",
        f"{UNIFIED}-reset": "1790134200",
        f"{UNIFIED}-fallback-percentage": "0.5",
        f"{UNIFIED}-5h-status": "allowed",
        f"{UNIFIED}-5h-utilization": "0.05",
        f"{UNIFIED}-5h-reset": "1790134200",
        f"{UNIFIED}-7d-status": "allowed_warning",
        f"{UNIFIED}-7d-utilization": "0.91",
        f"{UNIFIED}-7d-reset": "1790211600",
        f"{UNIFIED}-7d-surpassed-threshold": "0.75",
        f"{UNIFIED}-7d_oi-utilization": "0.42",
        f"{UNIFIED}-7d_oi-reset": "1790211600",
        f"{UNIFIED}-overage-status": "rejected",
        f"{UNIFIED}-overage-disabled-reason": "org_level_disabled",
        "content-type": "text/event-stream",
    }

    assert readings_in_headers(headers, NOW_US) == (
        QuotaReading("anthropic-5h", 0.05, FIVE_RESET_US, 5 * HOUR_US, "allowed"),
        QuotaReading("anthropic-7d", 0.91, SEVEN_RESET_US, 7 * DAY_US, "allowed_warning"),
        QuotaReading("anthropic-7d-oi", 0.42, SEVEN_RESET_US, 7 * DAY_US, ""),
        QuotaReading("anthropic-overage", None, None, None, "rejected"),
    )


def test_spent_overage_is_full_and_overage_in_use_as_full_as_it_says() -> None:
    headers = {
        f"{UNIFIED}-status": "allowed_warning",
        f"{UNIFIED}-representative-claim": "overage",
        f"{UNIFIED}-overage-utilization": "0.82",
        f"{UNIFIED}-overage-surpassed-threshold": "0.75",
        f"{UNIFIED}-overage-reset": "1790211600",
    }
    spent = {
        f"{UNIFIED}-overage-status": "rejected",
        f"{UNIFIED}-overage-disabled-reason": "org_spend_cap_reached",
    }

    assert readings_in_headers(headers, NOW_US) == (
        QuotaReading("anthropic-overage", 0.82, SEVEN_RESET_US, None, "allowed_warning"),
    )
    assert readings_in_headers(spent, NOW_US) == (
        QuotaReading("anthropic-overage", 1.0, None, None, "rejected"),
    )


@pytest.mark.parametrize(
    ("window", "name"),
    [
        ("5h", "anthropic-5h"),
        ("five_hour", "anthropic-5h"),
        ("FIVE-HOUR", "anthropic-5h"),
        ("7d", "anthropic-7d"),
        ("weekly", "anthropic-7d"),
        ("seven_day", "anthropic-7d"),
        ("7d_opus", "anthropic-7d-opus"),
        ("seven_day_sonnet", "anthropic-7d-sonnet"),
        ("30d", "anthropic-30d"),
        ("overage", "anthropic-overage"),
    ],
)
@pytest.mark.parametrize("prefix", [UNIFIED, UNIFIED.upper(), "Anthropic-Ratelimit-Unified"])
def test_a_window_is_known_by_every_spelling(prefix: str, window: str, name: str) -> None:
    (reading,) = readings_in_headers({f"{prefix}-{window}-Utilization": "0.5"}, NOW_US)

    assert (reading.name, reading.used) == (name, 0.5)


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ("0", 0.0), ("0.91", 0.91), (" 0.91 ", 0.91), ("1", 1.0), ("1.02", 1.02), ("91", 0.91), ("91%", 0.91),
        ("1.5 %", 0.015), ("250", 2.5), ("9.1e-1", 0.91),
    ],
)  # fmt: skip
def test_a_utilization_is_a_share_and_a_large_one_a_percentage(told: str, used: float) -> None:
    (reading,) = readings_in_headers({f"{UNIFIED}-5h-utilization": told}, NOW_US)

    assert reading.used == pytest.approx(used)


@pytest.mark.parametrize(
    "told", ["", "high", "-1", "nan", "inf", "-inf", "1e400", "1e9", "0x10", "1_0", "٣", "0,91", "[0.9]"]
)
def test_a_share_that_cannot_be_read_is_no_reading(told: str) -> None:
    assert readings_in_headers({f"{UNIFIED}-5h-utilization": told}, NOW_US) == ()
    assert readings_in_headers({"x-codex-primary-used-percent": told.replace("1e9", "1e99")}, NOW_US) == ()


@pytest.mark.parametrize(
    ("told", "expected_us"),
    [
        ("1790134200", FIVE_RESET_US),
        ("1790134200.5", FIVE_RESET_US + SECOND_US // 2),
        ("1790134200000", FIVE_RESET_US),
        ("1790134200000000", FIVE_RESET_US),
        ("2026-09-23T03:30:00Z", FIVE_RESET_US),
        ("2026-09-23t03:30:00z", FIVE_RESET_US),
        ("2026-09-23T03:30:00", FIVE_RESET_US),
        ("2026-09-23T05:30:00+02:00", FIVE_RESET_US),
        ("4200", FIVE_RESET_US),
        ("70m0s", FIVE_RESET_US),
        ("1h10m", FIVE_RESET_US),
        ("4199.5s500ms", FIVE_RESET_US),
        (1_790_134_200, FIVE_RESET_US),
        (1_790_134_200.0, FIVE_RESET_US),
        (0, None),
        ("0", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        (-5, None),
        (True, None),
        (None, None),
        ([1], None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ("9" * 30, None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_a_reset_is_understood_in_every_form(told: object, expected_us: int | None) -> None:
    assert moment_us(told, NOW_US) == expected_us


@given(
    st.one_of(
        st.text(),
        st.integers(),
        st.floats(),
        st.none(),
        st.datetimes().map(str),
        st.from_regex("[0-9]+[smhd]"),
    )
)
def test_any_reset_is_a_moment_or_none(told: object) -> None:
    at_us = moment_us(told, NOW_US)

    assert at_us is None or 1_500_000_000 * SECOND_US <= at_us <= 5_000_000_000 * SECOND_US


def test_what_is_said_of_no_window_belongs_to_the_claimed_one() -> None:
    general = {f"{UNIFIED}-status": "rejected", f"{UNIFIED}-reset": "1790134200"}
    weekly = {f"{UNIFIED}-7d-utilization": "0.4"}
    claimed = {**general, **weekly, f"{UNIFIED}-representative-claim": "five_hour"}

    assert readings_in_headers(claimed, NOW_US) == (
        QuotaReading("anthropic-5h", 1.0, FIVE_RESET_US, 5 * HOUR_US, "rejected"),
        QuotaReading("anthropic-7d", 0.4, None, 7 * DAY_US),
    )
    assert readings_in_headers(general, NOW_US) == (
        QuotaReading("anthropic-unified", 1.0, FIVE_RESET_US, None, "rejected"),
    )
    assert [reading.name for reading in readings_in_headers({**general, **weekly}, NOW_US)] == [
        "anthropic-7d"
    ]


def test_what_a_window_says_itself_counts_before_what_is_said_of_none() -> None:
    headers = {
        f"{UNIFIED}-status": "rejected",
        f"{UNIFIED}-reset": "1790211600",
        f"{UNIFIED}-representative-claim": "five_hour",
        f"{UNIFIED}-5h-status": "allowed",
        f"{UNIFIED}-5h-utilization": "0.3",
        f"{UNIFIED}-5h-reset": "1790134200",
    }

    assert readings_in_headers(headers, NOW_US) == (
        QuotaReading("anthropic-5h", 0.3, FIVE_RESET_US, 5 * HOUR_US, "allowed"),
    )


def test_a_window_that_rejects_is_full_whatever_its_share_says() -> None:
    headers = {f"{UNIFIED}-5h-utilization": "0.98", f"{UNIFIED}-5h-status": "Rejected"}

    assert readings_in_headers(headers, NOW_US)[0].used == 1.0
    assert readings_in_headers({**headers, f"{UNIFIED}-5h-utilization": "1.2"}, NOW_US)[0].used == 1.2


def test_a_status_without_a_share_is_a_reading_without_one() -> None:
    assert readings_in_headers({f"{UNIFIED}-5h-status": "allowed"}, NOW_US) == (
        QuotaReading("anthropic-5h", None, None, 5 * HOUR_US, "allowed"),
    )


def test_a_surpassed_threshold_stands_in_for_a_share_that_is_not_told() -> None:
    headers = {f"{UNIFIED}-7d-surpassed-threshold": "0.75", f"{UNIFIED}-7d-status": "allowed_warning"}

    assert readings_in_headers(headers, NOW_US)[0].used == 0.75


def test_an_api_keys_limits_are_what_is_used_of_them() -> None:
    start = "anthropic-ratelimit"
    headers = {
        f"{start}-requests-limit": "50",
        f"{start}-requests-remaining": "49",
        f"{start}-requests-reset": "2026-09-23T03:30:00Z",
        f"{start}-input-tokens-limit": "50000",
        f"{start}-input-tokens-remaining": "0",
        f"{start}-output-tokens-limit": "8000",
        f"{start}-output-tokens-remaining": "10000",
        f"{start}-tokens-limit": "0",
        f"{start}-tokens-remaining": "0",
    }

    assert {r.name: (r.used, r.resets_us) for r in readings_in_headers(headers, NOW_US)} == {
        "anthropic-requests": (pytest.approx(0.02), FIVE_RESET_US),
        "anthropic-input-tokens": (1.0, None),
        "anthropic-output-tokens": (0.0, None),
    }


def test_codex_windows_are_known_by_their_length_not_their_slot() -> None:
    headers = {
        "x-codex-primary-used-percent": "32.5",
        "x-codex-primary-window-minutes": "10080",
        "x-codex-primary-reset-at": "1790211600",
        "X-Codex-Secondary-Used-Percent": "4",
        "X-Codex-Secondary-Window-Minutes": "300",
        "X-Codex-Secondary-Reset-After-Seconds": "4200",
        "x-codex-plan-type": "pro",
    }

    assert readings_in_headers(headers, NOW_US) == (
        QuotaReading("codex-7d", 0.325, SEVEN_RESET_US, 7 * DAY_US),
        QuotaReading("codex-5h", 0.04, FIVE_RESET_US, 5 * HOUR_US),
    )


@pytest.mark.parametrize(
    ("window", "name"),
    [
        ({"window-minutes": "299"}, "codex-5h"),
        ({"window-minutes": "10079"}, "codex-7d"),
        ({"window-minutes": "43200"}, "codex-30d"),
        ({"window-minutes": "90"}, "codex-90m"),
        ({"window-minutes": "1"}, "codex-1m"),
        ({"limit-window-seconds": "604800"}, "codex-7d"),
        ({}, "codex-primary"),
    ],
)
def test_a_codex_window_of_any_length_has_a_name(window: dict[str, str], name: str) -> None:
    headers = {"x-codex-primary-used-percent": "0.5"}
    headers |= {f"x-codex-primary-{field}": value for field, value in window.items()}
    (reading,) = readings_in_headers(headers, NOW_US)

    assert (reading.name, reading.used) == (name, 0.005)


def test_a_codex_slot_that_is_not_in_use_is_no_reading() -> None:
    headers = {
        "x-codex-primary-used-percent": "100",
        "x-codex-primary-window-minutes": "10080",
        "x-codex-secondary-used-percent": "0",
        "x-codex-secondary-window-minutes": "0",
        "x-codex-secondary-reset-at": "",
        "x-codex-credits-has-credits": "true",
        "x-codex-credits-unlimited": "false",
        "x-codex-credits-balance": "12.5",
    }

    assert readings_in_headers(headers, NOW_US) == (QuotaReading("codex-7d", 1.0, None, 7 * DAY_US),)


def test_unlimited_codex_credits_are_never_used_up_and_models_have_their_own_windows() -> None:
    headers = {
        "x-codex-credits-unlimited": "True",
        "x-codex-bengalfox-primary-used-percent": "7",
        "x-codex-bengalfox-primary-window-minutes": "300",
    }

    assert readings_in_headers(headers, NOW_US) == (
        QuotaReading("codex-bengalfox-5h", 0.07, None, 5 * HOUR_US),
        QuotaReading("codex-credits", 0.0),
    )


def test_of_two_windows_of_one_length_the_fuller_counts() -> None:
    headers = {}
    for slot, used in (("primary", "10"), ("secondary", "60")):
        headers |= {f"x-codex-{slot}-used-percent": used, f"x-codex-{slot}-window-minutes": "300"}

    assert [(r.name, r.used) for r in readings_in_headers(headers, NOW_US)] == [("codex-5h", 0.6)]


STATUS_LINE: dict[str, Any] = {
    "session_id": "s",
    "rate_limits": {
        "five_hour": {"used_percentage": 5.5, "resets_at": 1_790_134_200},
        "seven_day": {"used_percentage": 91, "resets_at": "2026-09-23T23:55:00Z"},
        "seven_day_opus": {"used_percentage": 0.4, "resets_at": None},
        "spend_limit": {"used_percentage": 82.0, "resets_at": 1_790_211_600},
    },
}


def test_a_status_line_names_the_same_windows_as_the_headers() -> None:
    readings = {reading.name: reading for reading in readings_in_status(STATUS_LINE, NOW_US)}
    seven_us = 1_790_207_700 * SECOND_US

    assert readings == {
        "anthropic-5h": QuotaReading("anthropic-5h", 0.055, FIVE_RESET_US, 5 * HOUR_US),
        "anthropic-7d": QuotaReading("anthropic-7d", 0.91, seven_us, 7 * DAY_US),
        "anthropic-7d-opus": QuotaReading("anthropic-7d-opus", 0.004, None, 7 * DAY_US),
        "anthropic-spend-limit": QuotaReading("anthropic-spend-limit", 0.82, SEVEN_RESET_US),
    }
    assert readings_in_status(STATUS_LINE["rate_limits"], NOW_US) == tuple(readings.values())


def test_camel_case_and_a_codex_rollout_are_read_as_well() -> None:
    camel = {"fiveHour": {"usedPercentage": 5.5, "resetsAt": 1_790_134_200}}
    rollout = {
        "primary": {"used_percent": 40.0, "window_minutes": 10080, "resets_at": 1_790_211_600},
        "secondary": {"used_percent": 12.0, "window_minutes": 299, "resets_in_seconds": 4200},
        "credits": {"has_credits": False, "unlimited": False, "balance": None},
        "plan_type": "pro",
    }

    assert readings_in_status(camel, NOW_US) == (
        QuotaReading("anthropic-5h", 0.055, FIVE_RESET_US, 5 * HOUR_US),
    )
    assert [(r.name, r.used, r.resets_us) for r in readings_in_status({"rate_limits": rollout}, NOW_US)] == [
        ("codex-7d", 0.4, SEVEN_RESET_US),
        ("codex-5h", 0.12, FIVE_RESET_US),
    ]


@pytest.mark.parametrize(
    "status",
    [
        None, [], "x", 3, {}, {"rate_limits": None}, {"rate_limits": []},
        {"rate_limits": {"five_hour": None}},
        {"rate_limits": {"five_hour": {}}}, {"rate_limits": {"five_hour": {"used_percentage": None}}},
        {"rate_limits": {"five_hour": {"used_percentage": True}}},
        {"rate_limits": {"five_hour": {"used_percentage": {"deep": []}}}},
        {"rate_limits": {"five_hour": {"used_percentage": 10**6000}}},
        {"rate_limits": {"a b\r\nc": {"used_percentage": 5}}}, {"rate_limits": {"": {"used_percentage": 5}}},
        {"rate_limits": {"x" * 100: {"used_percentage": 5}}},
    ],
    ids=lambda status: str(type(status).__name__),
)  # fmt: skip
def test_a_status_line_without_limits_says_nothing(status: object) -> None:
    assert readings_in_status(status, NOW_US) == ()


PARTS = st.sampled_from(
    (
        "anthropic-ratelimit-", "unified-", "5h-", "7d_oi-", "overage-", "x-codex-", "primary-", "credits-",
        "utilization", "used-percent", "reset", "limit", "remaining", "status", "window-minutes",
        "reset-after-seconds", "representative-claim", "unlimited",
    )
)  # fmt: skip
HEADER_NAMES = st.lists(PARTS, min_size=1, max_size=5).map("".join) | st.text(max_size=20)
HEADER_VALUES = (
    st.text(max_size=20)
    | st.floats().map(str)
    | st.integers().map(str)
    | st.sampled_from(("rejected", "true", "five_hour", "overage"))
)


@given(st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=8))
def test_no_headers_break_the_reader_or_yield_an_absurd_share(headers: dict[str, str]) -> None:
    readings = readings_in_headers(headers, NOW_US)

    assert all(reading.used is None or 0 <= reading.used <= ABSURD for reading in readings)
    assert len({reading.name for reading in readings}) == len(readings)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HEADER_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_no_status_line_breaks_the_reader(status: object) -> None:
    readings = readings_in_status(json.loads(json.dumps({"rate_limits": status})), NOW_US)

    assert all(reading.used is None or 0 <= reading.used <= ABSURD for reading in readings)
