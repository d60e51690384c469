"""The seed's own files through the commands; tests/fixtures/seed holds them as they stand in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tierwise.cli import main

SEED = Path(__file__).parent.parent / "fixtures" / "seed"
ENVIRONMENT = {"TIERWISE_HOME": str(SEED / "user"), "HOME": "/nowhere"}


def run(*arguments: str) -> Any:
    """What a command answers as JSON."""
    result = CliRunner().invoke(main, [*arguments, "--json"], env=ENVIRONMENT)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return json.loads(result.stdout)


def test_frontmatters_coordinator_and_procedures_are_read_without_a_mistake_of_their_own() -> None:
    found = run("check", str(SEED))["findings"]

    assert {(finding["rule"], finding["line"]) for finding in found} == {
        ("row-path", line) for line in (21, 23, 24)
    }, "only the three skills that the seed does not show are missing"


@pytest.mark.parametrize(
    ("skill", "prompt", "tier", "rule"),
    [
        ("page-component-mapper", "Map the page", "haiku", "preferred"),
        ("page-component-mapper", "Map the page with its complex dynamic imports", "sonnet", "conditions"),
        ("ui-bug-investigator", "Why is there a hydration error?", "opus", "platform_default"),
        ("ui-bug-investigator", "An exact CSS property fix", "sonnet", "conditions"),
        ("ui-bug-investigator", "Debug this hydration issue using sonnet", "sonnet", "user"),
    ],
)
def test_the_seeds_skills_are_decided_as_it_says(skill: str, prompt: str, tier: str, rule: str) -> None:
    path = str(SEED / "suite" / "skills" / skill)
    answer = run("explain", path, prompt, "--project", "/nowhere", "--store", "memory")

    assert (answer["tier"], answer["rule"]) == (tier, rule)


def test_the_text_for_a_lower_tier_is_the_seeds_own() -> None:
    investigator = str(SEED / "suite" / "skills" / "ui-bug-investigator")
    answer = run("adapt", investigator, "--to", "sonnet", "--store", "memory")

    assert "(opus infers, sonnet benefits from guidance)" in answer["text"]


@pytest.mark.parametrize(
    ("procedure", "tiers"),
    [
        ("component-auditor", ["haiku", "sonnet", "opus"]),
        ("cascade", ["haiku", "sonnet", "opus", "haiku"]),
        ("prescreen", ["haiku"]),
        ("batch", ["haiku", "sonnet"]),
    ],
)
def test_the_seeds_steps_are_planned_on_their_tiers(procedure: str, tiers: list[str]) -> None:
    answer = run("plan", str(SEED / "steps" / procedure), "--store", "memory")

    assert [step["tier"] for step in answer["steps"]] == tiers


def test_the_seeds_configuration_stands_from_all_its_places() -> None:
    shown = run("config", "show", "--project", str(SEED / "project"))
    said = {entry["key"]: (entry["value"], Path(entry["path"] or "").name) for entry in shown["entries"]}

    assert said["skill_overrides.ui-bug-investigator"] == ("sonnet", "session-config.yaml")
    assert said["overrides.ui-bug-investigator.minimum"] == ("sonnet", "model-routing.yaml")
    assert said["weekly_budget.opus_messages"] == (45, "model-routing.yaml")
    assert said["tiers.haiku.codex"] == ("codex-spark", "model-routing.yaml")
    prose = next(e for e in shown["entries"] if e["key"] == "overrides.page-component-mapper.reason")
    assert "pure tracing" in [weaker["value"] for weaker in prose["overridden"]]
    assert {finding["rule"] for finding in shown["findings"]} == {"unknown-model", "stale-cost-ratio"}


def test_a_declared_range_is_the_estimate() -> None:
    answer = run("estimate", str(SEED / "estimated"), "--store", "memory")

    assert answer["estimate"]["tokens"] == {"low": 8000, "high": 25000}
