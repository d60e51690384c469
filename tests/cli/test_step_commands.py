"""Steps through the commands: `route` and `explain` at a step, `check` beside the block."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tierwise.cli import main

STEPS = Path(__file__).parent.parent / "fixtures" / "skills" / "steps"
AUDITOR = {
    "name": "component-auditor",
    "model": {"preferred": "opus", "acceptable": ["haiku", "sonnet", "opus"], "minimum": "haiku"},
    "steps": [
        {"number": 1, "title": "Scan all files.", "tier": "haiku", "reason": "mechanical"},
        {"number": 2, "title": "Classify", "tier": "claude-sonnet-5-5"},
        {"number": 3, "title": "Analyze", "tier": ["sonnet", "opus"]},
        {"number": 4, "title": "Report"},
        {"number": 5, "title": "Prove", "tier": "fable"},
    ],
}


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))


def route(**question: Any) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["route"], input=json.dumps({"skill": AUDITOR, **question}))
    return json.loads(result.stdout)


def why(answer: dict[str, Any], rule: str) -> str:
    return next(step["why"] for step in answer["trace"] if step["rule"] == rule)


# -- deciding ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "tier", "says"),
    [
        (1, "haiku", "step 1 (Scan all files.) says haiku: mechanical"),
        ("1", "haiku", "step 1"),
        ("step 1", "haiku", "step 1"),
        ("scan ALL  files", "haiku", "step 1"),
        (2, "sonnet", "step 2 (Classify) says sonnet"),
        (3, "opus", "step 3 (Analyze) says opus, of sonnet or opus"),
        ({"number": 3, "tier": "sonnet"}, "sonnet", "step 3 (Analyze) says sonnet, of sonnet or opus"),
        ({"number": 3}, "opus", "step 3"),
        (4, "opus", "step 4 (Report) names no tier; component-auditor prefers opus"),
        (5, "fable", "step 5 (Prove) says fable"),
        (None, "opus", "component-auditor prefers opus"),
    ],
)
def test_a_call_at_a_step_runs_on_the_tier_that_the_step_names(step: object, tier: str, says: str) -> None:
    answer = route(step=step)

    assert (answer["tier"], answer["warnings"]) == (tier, [])
    assert why(answer, "preferred").startswith(says)


@pytest.mark.parametrize(
    ("step", "tier", "warned"),
    [
        (9, "opus", "component-auditor has no step `9`: its own tier stands"),
        ("Guess", "opus", "no step `Guess`"),
        ("", "opus", "no step ``"),
        ({"number": 3, "tier": "haiku"}, "opus", "step 3 (Analyze) names sonnet or opus, not haiku"),
        ({"number": 4, "tier": "haiku"}, "opus", "step 4 (Report) names no tier, not haiku"),
    ],
)
def test_a_step_that_cannot_be_followed_is_a_warning(step: object, tier: str, warned: str) -> None:
    answer = route(step=step)

    assert answer["tier"] == tier
    assert warned in answer["warnings"][0]


def test_a_step_of_no_skill_is_a_warning() -> None:
    answer = route(skill=None, step=2)

    assert "step `2` of no skill" in answer["warnings"][0]


def test_everything_stronger_keeps_its_word_at_a_step() -> None:
    red = [{"name": "weekly", "limit": 100, "spent": 95}]
    low = {**AUDITOR, "model": {**AUDITOR["model"], "reasoning_demand": "low"}}
    high = {**AUDITOR, "model": {"preferred": "opus", "minimum": "sonnet"}}
    capped = {**AUDITOR, "model": {"preferred": "sonnet", "minimum": "haiku", "allow_upgrade": False}}

    assert route(step=3, skill=low, budgets=red)["rule"] == "budget"
    assert route(step=1, prompt="Do it using sonnet")["tier"] == "sonnet"
    assert route(step=1, skill=high)["rule"] == "minimum"
    assert route(step=3, skill=capped)["tier"] == "sonnet"
    assert route(step=1, pin="opus")["tier"] == "opus"
    assert route(step=3, unavailable=["opus"])["tier"] == "sonnet"


def test_a_minimum_that_nobody_wrote_follows_the_step() -> None:
    """`preferred: opus` alone would mean `minimum: opus`; the author of a haiku step meant otherwise."""
    answer = route(skill={**AUDITOR, "model": "opus"}, step=1)

    assert (answer["tier"], answer["rule"]) == ("haiku", "preferred")


def test_a_step_speaks_for_a_skill_that_declares_nothing_else() -> None:
    bare = {"name": "x", "steps": [{"number": 1, "tier": "haiku"}, {"number": 2}]}

    assert route(skill=bare, step=1, asked_model="claude-opus-5-5")["tier"] == "haiku"
    assert route(skill=bare, step=2, asked_model="claude-opus-5-5")["tier"] == "opus"


def test_a_premium_tier_of_one_step_is_not_open_to_the_others() -> None:
    failed = {"failure": "quality", "attempt": 0}

    assert route(step=3, **failed)["tier"] == "opus"
    assert route(step=5)["tier"] == "fable"


def test_a_step_written_for_a_low_tier_needs_no_help_at_it_and_a_lowered_one_does() -> None:
    assert route(step=1)["adaptations"] is None
    assert route(step=3, pin="sonnet")["adaptations"]


def test_a_warm_cache_weighs_a_step_as_it_weighs_the_preferred_tier() -> None:
    cache = {"model": "claude-opus-5-5", "warm_tokens": 150_000, "calls_left": 1, "output_tokens": 50}
    undone = route(step=2, asked_model="claude-opus-5-5", cache=cache)
    kept = route(step=2, asked_model="claude-opus-5-5", cache=cache, session={"switch_cost": "pressure"})

    assert (undone["tier"], undone["rule"]) == ("opus", "switch_cost")
    assert kept["tier"] == "sonnet"


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ({"step": [1]}, "$.step"),
        ({"step": {"number": "one"}}, "$.step.number"),
        ({"step": {"number": 3, "tier": "sonet"}}, "Did you mean `sonnet`?"),
        ({"skill": {"name": "x", "steps": [{"title": "no number"}]}}, "number"),
        ({"skill": {"name": "x", "steps": [{"number": 1}] * 201}}, "200 are the most"),
    ],
)
def test_a_step_that_cannot_be_read_is_an_error_that_says_where(question: dict[str, Any], error: str) -> None:
    assert error in route(**question)["error"]


def test_a_step_with_an_unknown_tier_is_told_and_names_none() -> None:
    skill = {"name": "x", "model": "opus", "steps": [{"number": 1, "tier": "hiaku"}]}
    answer = route(skill=skill, step=1)

    assert answer["tier"] == "opus"
    assert (
        "`skill.steps[0].tier`: `hiaku` is no known tier or model. Did you mean `haiku`?"
        in (answer["warnings"][0])
    )


def test_explain_shows_why_a_step_gets_its_tier() -> None:
    folder = STEPS / "component-auditor"
    arguments = ["explain", str(folder), "--store", "memory", "--project", str(STEPS)]
    by_number = CliRunner().invoke(main, [*arguments, "--step", "2"])
    by_title = CliRunner().invoke(
        main, [*arguments, "--json", "--step", "classify each component as server or client"]
    )
    unknown = CliRunner().invoke(main, [*arguments, "--json", "--step", "7"])

    assert "→ Decision: sonnet (step 2 (Classify each component as server or client)" in by_number.stdout
    assert json.loads(by_title.stdout)["tier"] == "sonnet"
    assert "has no step `7`" in json.loads(unknown.stdout)["warnings"][0]


# -- checking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "steps", "found"),
    [
        ("{preferred: opus, minimum: sonnet}", "Step 1: a (haiku)", [("step-below-minimum", 5, "step 1")]),
        (
            "{preferred: opus, minimum: sonnet}",
            "Step 1: a (haiku or opus)",
            [("step-below-minimum", 5, "step 1")],
        ),
        ("{preferred: opus}", "Step 1: a (haiku)", []),
        (
            "{preferred: sonnet, allow_upgrade: false}",
            "Step 1: a (opus)",
            [("step-above-preferred", 5, "step 1")],
        ),
        ("{preferred: sonnet, allow_upgrade: true}", "Step 1: a (opus)", []),
        ("{preferred: sonnet, minimum: haiku}", "Step 1: a (fable)", []),
        ("sonnet", "Step 1: a (haiku)\nModel: opus", [("step-model-twice", 6, "step 1")]),
    ],
)
def test_steps_are_checked_beside_the_block(
    tmp_path: Path, model: str, steps: str, found: list[tuple[str, int, str]]
) -> None:
    (tmp_path / "SKILL.md").write_text(f"---\nname: x\nmodel: {model}\n---\n{steps}\n")
    result = CliRunner().invoke(main, ["check", str(tmp_path), "--json"])

    told = json.loads(result.stdout)["findings"]
    assert [(each["rule"], each["line"], each["key"]) for each in told] == found
