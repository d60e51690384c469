"""The record's JSON: the seed's own example, and what is added to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_samples import EXECUTIONS, execution
from tierwise.core.records import as_json, charged_to, timestamp
from tierwise.core.usage import Usage

SEED_EXAMPLE = """
{
  "skill": "page-component-mapper",
  "model_requested": "haiku",
  "model_used": "haiku",
  "downgrade_reason": null,
  "tokens": {"input": 3200, "output": 850, "tool_calls": 5},
  "cost_estimate": {"actual_model": 0.002, "if_sonnet": 0.016, "if_opus": 0.12, "savings_vs_opus": "98.3%"},
  "budget_status": {"zone": "green", "weekly_consumed_pct": 0.45, "session_consumed_pct": 0.12},
  "timestamp": "2026-02-14T15:30:00Z"
}
"""


def test_the_example_of_the_seed_comes_out_field_for_field_and_in_its_order() -> None:
    expected = json.loads(SEED_EXAMPLE)
    record = as_json(execution())

    assert list(record)[: len(expected)] == list(expected)
    for name, value in expected.items():
        if isinstance(value, dict):
            found = record[name]
            assert isinstance(found, dict)
            assert {key: found[key] for key in value} == value, name
        else:
            assert record[name] == value, name


def test_the_input_is_the_whole_prompt_and_the_cache_classes_are_parts_of_it() -> None:
    record = as_json(execution(usage=Usage(10, 20, 300, 4_000, 50_000), tool_calls=3))

    assert record["tokens"] == {
        "input": 54_310,
        "output": 20,
        "tool_calls": 3,
        "total": 54_330,
        "cache_read": 300,
        "cache_write_5m": 4_000,
        "cache_write_1h": 50_000,
    }


def test_every_priced_tier_has_its_estimate_and_a_missing_price_is_null() -> None:
    record = as_json(execution(if_nanousd=(("haiku", 1), ("local", None), ("opus", None))))

    assert record["cost_estimate"] == {
        "actual_model": 0.002,
        "if_haiku": 1e-09,
        "if_local": None,
        "if_opus": None,
        "savings_vs_opus": None,
    }


@pytest.mark.parametrize(
    ("cost", "opus", "savings"),
    [(None, 120, None), (180, 120, "-50.0%"), (120, 120, "0.0%"), (0, 0, None)],
)
def test_savings_are_null_where_a_price_is_missing_and_negative_where_more_was_paid(
    cost: int | None, opus: int, savings: str | None
) -> None:
    estimate = as_json(execution(cost_nanousd=cost, if_nanousd=(("opus", opus),)))["cost_estimate"]

    assert isinstance(estimate, dict)
    assert estimate["savings_vs_opus"] == savings


def test_a_model_without_a_tier_goes_by_its_own_name() -> None:
    record = as_json(
        execution(requested_tier=None, decided_tier=None, served_tier=None,
                  asked_model="llama-9", decided_model="llama-9", served_model="llama-9")
    )  # fmt: skip

    assert (record["model_requested"], record["model_used"]) == ("llama-9", "llama-9")


def test_a_call_counts_for_the_model_that_answered_else_for_the_decided_one() -> None:
    answered = execution(served_model="claude-opus-4-6", served_tier="opus")
    silent = execution(served_model="", served_tier=None)

    assert charged_to(answered) == ("opus", "claude-opus-4-6")
    assert charged_to(silent) == ("haiku", "claude-haiku-4-5")


def test_a_record_shows_when_another_model_answered_than_decided() -> None:
    assert as_json(execution())["mismatch"] is False
    assert as_json(execution(served_model="claude-opus-4-6"))["mismatch"] is True
    assert as_json(execution(served_model="claude-haiku-4-5-20251001"))["mismatch"] is False


@settings(max_examples=100)
@given(EXECUTIONS)
def test_every_record_is_json(entry) -> None:
    text = json.dumps(as_json(entry), allow_nan=False)

    assert json.loads(text) == as_json(entry)


def test_a_share_that_is_no_number_is_null() -> None:
    status = as_json(execution(weekly_consumed=float("inf")))["budget_status"]

    assert isinstance(status, dict)
    assert status["weekly_consumed_pct"] is None


@settings(max_examples=500)
@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, 999_999))
def test_timestamps_agree_with_the_calendar_from_year_1_to_9999(second: int, us: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)

    assert timestamp(second * 1_000_000 + us) == expected.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "2100-03-01", "1999-12-31", "1970-01-01"])
def test_timestamps_get_the_awkward_days_right(day: str) -> None:
    at = datetime.fromisoformat(f"{day}T23:59:59+00:00")

    assert timestamp(int(at.timestamp()) * 1_000_000) == f"{day}T23:59:59Z"
