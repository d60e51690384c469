"""`tierwise plan`: the steps of a skill, what they cost, and whether following them pays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from ledger_samples import NOON_US, execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.core.usage import Usage
from tierwise.store.sqlite import SqliteStore

TESTS = Path(__file__).parent.parent
STEPS = TESTS / "fixtures" / "skills" / "steps"
PRICES_SINCE_US = NOON_US + 300 * 24 * 3_600_000_000
SCENARIOS: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(
    (TESTS / "scenarios" / "steps.yaml").read_text("utf-8")
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(wiring, "now_us", lambda: PRICES_SINCE_US)
    return tmp_path


@pytest.fixture
def skill(tmp_path: Path) -> Callable[..., Path]:
    def write(body: str, model: object = None) -> Path:
        folder = tmp_path / "skills" / "a-skill"
        folder.mkdir(parents=True)
        block = "" if model is None else f"model: {json.dumps(model)}\n"
        (folder / "SKILL.md").write_text(f"---\nname: a-skill\n{block}---\n\n{body}", "utf-8")
        return folder

    return write


def plan(folder: Path, *arguments: str) -> Result:
    whole = ["plan", str(folder), *arguments, "--project", str(folder)]
    return CliRunner().invoke(main, whole, catch_exceptions=False)


def planned(folder: Path, *arguments: str) -> dict[str, Any]:
    return json.loads(plan(folder, "--json", *arguments).stdout)


def routed(folder: Path, step: object) -> dict[str, Any]:
    line = json.dumps({"skill_path": str(folder), "step": step})
    return json.loads(CliRunner().invoke(main, ["route"], input=line).stdout)


# -- the seed's worked examples ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda case: f"{case['source']}: {case['name']}")
def test_the_seeds_procedures_are_read_and_planned_as_they_stand(
    case: dict[str, Any], skill: Callable[..., Path]
) -> None:
    folder = skill(case["procedure"], case["model"])
    answer = planned(folder)

    read = [[step[key] for key in ("number", "title", "says", "why")] for step in answer["steps"]]
    assert read == case["steps"]
    assert [step["tier"] for step in answer["steps"]] == case["runs"]
    assert answer["model_changes"] == case["changes"]
    assert CliRunner().invoke(main, ["check", "--strict", str(folder)]).exit_code == 0
    for key in {"apart", "one_conversation"} & case.keys():
        assert list(answer["total_usd"][key].values()) == case[key]
    if "own" in case:
        assert list(answer["one_tier"][answer["own_tier"]]["usd"].values()) == case["own"]
    assert case.get("verdict", "") in answer["verdict"]


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda case: f"{case['source']}: {case['name']}")
def test_a_call_at_a_step_runs_where_the_plan_says(case: dict[str, Any], skill: Callable[..., Path]) -> None:
    folder = skill(case["procedure"], case["model"])
    for step in planned(folder)["steps"]:
        for asked in (step["number"], str(step["number"]), step["title"].upper()):
            assert routed(folder, asked)["tier"] == step["tier"]


# -- what it says --------------------------------------------------------------------------------------------


def test_the_table_has_a_line_a_step_and_both_sums() -> None:
    result = plan(STEPS / "component-auditor")
    lines = [" ".join(line.split()) for line in result.output.splitlines()]

    assert result.exit_code == 0
    assert lines[0] == "[PLAN] component-auditor"
    assert "One run: 9,000-24,000 tokens, as SKILL.md declares." in lines
    assert "They are split evenly over its 3 steps: how they really fall is not known." in lines
    for line in (
        "2 Classify each component as server or cl… sonnet claude-sonnet-5-5 $0.008 to $0.020 $0.015 "
        "to $0.039",
        "Total 2 changes of model $0.023 to $0.061 $0.059 to $0.157",
        "opus (its own) $0.046 to $0.120 $0.022 to $0.059 (49.2%) -$0.014 to -$0.037",
    ):
        assert line in lines
    said = " ".join(lines)
    assert "Each in a context of its own, the steps cost less than staying on opus." in said
    assert "in one conversation they cost more than staying on opus: 2 changes of model" in said
    assert "Run them apart." in said


def test_one_conversation_that_pays_is_said_to_pay(skill: Callable[..., Path]) -> None:
    model = {
        "preferred": "fable",
        "minimum": "haiku",
        "estimated_tokens": {"output": "4000-9000", "total_estimate": "8000-18000"},
    }
    folder = skill("Step 1: Think (fable).\nStep 2: Write it down (haiku).\n", model)

    assert "In one conversation they cost less than it." in planned(folder)["verdict"]


def test_a_skill_without_steps_is_one_step_and_that_is_said(skill: Callable[..., Path]) -> None:
    folder = skill("1. Do it.\n", {"preferred": "haiku", "estimated_tokens": {"total_estimate": 9000}})
    answer, text = planned(folder), plan(folder).output

    assert (answer["has_steps"], len(answer["steps"]), answer["steps"][0]["number"]) == (False, 1, None)
    assert answer["total_usd"]["apart"] == answer["one_tier"]["haiku"]["usd"]
    assert "It names no steps" in text
    assert "there is nothing to switch" in text


def test_without_an_estimate_costs_are_not_known_and_never_nothing() -> None:
    answer, text = planned(STEPS / "bug-triage"), plan(STEPS / "bug-triage").output

    assert answer["total_usd"] == {"apart": None, "one_conversation": None}
    assert all(step["usd"] == {"apart": None, "one_conversation": None} for step in answer["steps"])
    assert answer["estimate"] is None
    assert "$" not in text
    assert "declares no `estimated_tokens`" in text


def test_its_own_runs_stand_in_for_a_declaration(home: Path) -> None:
    store = SqliteStore(home / "ledger.sqlite")
    store.append(
        execution(
            id=str(at),
            skill="bug-triage",
            turn=f"turn-{at}",
            at_us=PRICES_SINCE_US - (10 - at) * 60_000_000,
            usage=Usage(4_000, 1_000, 20_000),
            served_model="claude-opus-5-5",
            served_tier="opus",
        )
        for at in range(6)
    )
    store.close()
    answer = planned(STEPS / "bug-triage")

    assert answer["estimate"]["source"] == "history"
    assert answer["one_tier"]["opus"]["usd"] == {"low": 0.04, "high": 0.04}
    assert answer["total_usd"]["apart"] == {"low": 0.02055, "high": 0.02055}
    # 5,000 new tokens a run: 1,250 before step 2 are written for opus, 3,750 before step 4 for haiku
    extra = 1_250 * (5 - 0.2) / 1e6 + 3_750 * (0.125 - 0.01) / 1e6
    assert answer["total_usd"]["one_conversation"]["low"] == pytest.approx(0.02055 + extra)


def test_a_step_that_is_not_allowed_is_shown_as_it_would_run_with_the_reason(
    skill: Callable[..., Path],
) -> None:
    folder = skill(
        "Step 1: Scan (haiku).\nStep 2: Think (opus).\n", {"preferred": "opus", "minimum": "sonnet"}
    )
    first, second = planned(folder)["steps"]

    assert (first["says"], first["tier"]) == (["haiku"], "sonnet")
    assert "haiku is below the minimum sonnet" in first["note"]
    assert (second["tier"], second["note"]) == ("opus", "")
    assert "step 1 (Scan): it says haiku, and would run on sonnet" in plan(folder).output


def test_budgets_count_as_they_stand(home: Path, skill: Callable[..., Path]) -> None:
    (home / "budgets.yaml").write_text("week: {limit: 0usd, window: weekly, hard: true}\n")
    folder = skill("Step 1: Scan (haiku).\n", {"preferred": "opus", "minimum": "haiku"})

    assert "it would be refused: week is exhausted" in planned(folder)["steps"][0]["note"]


def test_a_platform_without_a_price_is_not_known(home: Path) -> None:
    answer = planned(STEPS / "component-auditor", "--platform", "no-such-platform")

    assert answer["total_usd"] == {"apart": None, "one_conversation": None}
    assert [step["model"] for step in answer["steps"]] == [None, None, None]
    assert answer["model_changes"] == 2
    assert "not known" in answer["verdict"]


def test_routing_that_is_off_is_said_and_the_plan_is_shown(home: Path) -> None:
    (home / "model-routing.yaml").write_text('mode: "off"\n')
    result = plan(STEPS / "component-auditor", "--json")

    assert "mode is off" in result.stderr
    assert [step["tier"] for step in json.loads(result.stdout)["steps"]] == ["haiku", "sonnet", "opus"]


def test_titles_are_strangers_text_and_are_printed_safely(skill: Callable[..., Path]) -> None:
    result = plan(skill("Step 1: Do \x1b[2Jit\u202e (haiku).\n", {"preferred": "opus", "minimum": "haiku"}))

    assert result.exit_code == 0
    assert not {"\x1b", "\u202e"} & set(result.output)


def test_json_has_stable_keys() -> None:
    answer = planned(STEPS / "component-auditor")

    keys = (
        "skill skill_path platform has_steps estimate steps model_changes total_usd own_tier one_tier verdict"
    )
    of_a_step = "number title line says why tier model reason note changes_model usd"
    assert set(answer) == set(keys.split())
    assert set(answer["steps"][0]) == set(of_a_step.split())
    assert answer["one_tier"]["haiku"]["saved_usd"]["apart"]["low"] < 0


def test_an_unknown_skill_is_told() -> None:
    result = CliRunner().invoke(main, ["plan", "no-such-skill", "--project", str(STEPS)])

    assert result.exit_code == 1
    assert "component-auditor" in result.output
