"""The demo, through the command that a new user types first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from tierwise.cli import main


@pytest.fixture(scope="module")
def played() -> dict[str, Any]:
    result = CliRunner().invoke(main, ["demo", "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def models_of(played: dict[str, Any], skill: str | None, zone: str) -> set[str]:
    return {c["model"] for c in played["calls"] if c["skill"] == skill and c["zone"] == zone}


def test_every_skill_runs_on_its_tier_and_the_main_loop_on_what_was_asked(played: dict[str, Any]) -> None:
    assert models_of(played, None, "green") == {"claude-opus-5-5"}
    assert models_of(played, "frontend-qa-coordinator", "green") == {"claude-haiku-5-5"}
    assert models_of(played, "page-component-mapper", "green") == {"claude-haiku-5-5"}
    assert models_of(played, "css-layout-debugger", "green") == {"claude-sonnet-5-5"}
    assert models_of(played, "ui-bug-investigator", "green") == {"claude-opus-5-5"}


def test_the_session_runs_through_all_zones_and_each_is_announced_once(played: dict[str, Any]) -> None:
    zones = [call["zone"] for call in played["calls"]]
    notices = [call["notice"] for call in played["calls"] if call["zone"] != "green" and call["notice"]]

    assert list(dict.fromkeys(zones)) == ["green", "yellow", "red", "exhausted"]
    assert zones == sorted(zones, key=["green", "yellow", "red", "exhausted"].index)
    for zone in ("yellow", "red", "exhausted"):
        assert sum(n.startswith(f"{zone} zone") and "resets" in n for n in notices) == 1
    assert models_of(played, "regression-test-generator", "yellow") == {"claude-haiku-5-5"}


def test_in_red_the_demanding_skill_is_lowered_with_an_offer_that_the_user_answers(
    played: dict[str, Any],
) -> None:
    offered = [c for c in played["calls"] if c["turn"] == 8 and c["skill"] == "ui-bug-investigator"]
    answered = [c for c in played["calls"] if c["turn"] == 9 and c["skill"] == "ui-bug-investigator"]

    assert {call["model"] for call in offered} == {"claude-sonnet-5-5"}
    assert all("instead of opus?" in call["notice"] for call in offered)
    assert "claude-opus-5-5" in {call["model"] for call in answered}
    assert not any("instead of opus?" in call["notice"] for call in answered)


def test_the_users_word_reaches_the_forked_skill(played: dict[str, Any]) -> None:
    last = [call for call in played["calls"] if call["turn"] == 7]

    assert {call["model"] for call in last} == {"claude-sonnet-5-5"}
    assert "user" in {call["rule"] for call in last}


def test_every_call_is_in_the_ledger_with_what_it_cost(played: dict[str, Any]) -> None:
    executions = played["executions"]

    assert [e["id"] for e in executions] == [c["decision"] for c in played["calls"]]
    assert all(e["cost_estimate"]["actual_model"] > 0 for e in executions)
    assert [e["served_model"] for e in executions] == [c["model"] for c in played["calls"]]
    assert played["alarms"] == []


def test_the_saving_is_measured_against_the_same_session_without_routing(played: dict[str, Any]) -> None:
    control = played["control"]

    assert control["actual_usd"] == pytest.approx(
        sum(e["cost_estimate"]["actual_model"] for e in played["executions"])
    )
    assert control["actual_usd"] < control["cost_usd"]
