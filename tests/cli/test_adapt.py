"""Adaptations through the command line: `tierwise adapt`, and what `route` and `explain` deliver."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tierwise.cli import main

SKILLS = Path(__file__).parent.parent / "fixtures" / "skills" / "frontend-qa"
INVESTIGATOR = SKILLS / "skills" / "ui-bug-investigator"
OWN = "- Go through the diagnostic checklist point by point.\n- Verify each step before the next one."
RED = [{"name": "week", "spent": 95, "limit": 100}]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False, **more)


def adapt(*arguments: str, project: Path = SKILLS) -> Result:
    return run("adapt", *arguments, "--project", str(project))


def adapt_json(*arguments: str, project: Path = SKILLS) -> dict[str, Any]:
    return json.loads(adapt(*arguments, "--json", project=project).stdout)


def route(**question: Any) -> dict[str, Any]:
    result = run("route", input=json.dumps({"id": 1, **question}))
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def write_skill(folder: Path, body: str, block: str = "preferred: opus\n  minimum: haiku") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    head = f"---\nname: {folder.name}\ndescription: Finds.\nmodel:\n  {block}\n---\n"
    (folder / "SKILL.md").write_text(head + body)
    return folder


def test_the_skills_own_section_is_printed_alone_and_its_place_beside_it() -> None:
    result = adapt("ui-bug-investigator", "--to", "sonnet")

    assert (result.exit_code, result.stdout) == (0, f"{OWN}\n")
    assert f"ui-bug-investigator's own text, at sonnet instead of opus (as asked), from {INVESTIGATOR}" in (
        result.stderr
    )
    assert "SKILL.md:26:" in result.stderr


def test_without_a_section_the_built_in_text_stands_in() -> None:
    result = adapt("ui-bug-investigator", "--to", "haiku")

    assert result.stdout == adapt("--from", "opus", "--to", "haiku").stdout
    assert result.stdout.startswith("This work usually runs on a more capable model.")
    assert "The built-in text, at haiku instead of opus" in result.stderr


def test_json_has_stable_keys() -> None:
    answer = adapt_json("ui-bug-investigator", "--to", "sonnet")

    assert answer == {
        "skill": "ui-bug-investigator",
        "skill_path": str(INVESTIGATOR / "SKILL.md"),
        "from": "opus",
        "to": "sonnet",
        "why": "as asked",
        "text": OWN,
        "source": "own",
        "sections": [
            {"from": "opus", "to": "sonnet", "path": str(INVESTIGATOR / "SKILL.md"), "line": 26},
        ],
        "passed_over": [],
    }
    assert set(adapt_json("--from", "opus", "--to", "haiku")) == set(answer)


def test_the_tier_that_it_gets_now_is_the_one_that_is_adapted_to(home: Path) -> None:
    assert adapt("ui-bug-investigator").stdout == ""
    assert adapt_json("ui-bug-investigator")["text"] is None

    (home / "model-routing.yaml").write_text("force_model: sonnet\n")
    answer = adapt_json("ui-bug-investigator")

    assert (answer["from"], answer["to"], answer["text"]) == ("opus", "sonnet", OWN)
    assert answer["why"].startswith("what it gets now: ")


def test_two_steps_of_the_skills_own_make_up_for_a_fall_of_two(tmp_path: Path) -> None:
    write_skill(
        tmp_path / "finder",
        "# Finder\n\n## Degradation Adaptations\n\n"
        "When running at sonnet instead of opus:\n- Check.\n\n"
        "When running at haiku instead of sonnet:\n- Match.\n",
    )
    answer = adapt_json("finder", "--to", "haiku", project=tmp_path)

    assert (answer["source"], [place["line"] for place in answer["sections"]]) == ("own", [12, 15])
    assert answer["text"].startswith("- Check.\n\n")
    assert answer["text"].endswith(":\n- Match.")


def test_models_and_aliases_are_understood_and_slips_are_told() -> None:
    assert adapt_json("--from", "heavy", "--to", "claude-haiku-5-5")["to"] == "haiku"
    slip = adapt("--from", "opsu", "--to", "haiku")
    alone = adapt("--from", "opus")

    assert slip.exit_code == alone.exit_code == 2
    assert "Did you mean `opus`?" in slip.stderr
    assert "without SKILL name both tiers" in alone.stderr


def test_a_skill_without_a_preferred_tier_asks_for_one(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "SKILL.md").write_text("---\nname: plain\ndescription: Is.\n---\nDo it.\n")
    result = adapt("plain", project=tmp_path)

    assert (result.exit_code, "name one with --from" in result.stderr) == (2, True)
    assert adapt_json("plain", "--from", "opus", "--to", "sonnet", project=tmp_path)["source"] == "built_in"


def test_a_ladder_of_ones_own_is_spoken(home: Path) -> None:
    (home / "model-routing.yaml").write_text(
        "tiers:\n  small: {claude_code: claude-haiku-5-5}\n  large: {claude_code: claude-opus-5-5}\n"
    )

    assert "Match the exact patterns" in adapt("--from", "large", "--to", "small").stdout
    assert adapt("--from", "nowhere", "--to", "small").exit_code == 2


def test_what_could_move_a_cursor_is_not_printed(tmp_path: Path) -> None:
    write_skill(
        tmp_path / "finder",
        "## Degradation Adaptations\n\nWhen running at sonnet instead of opus:\n- Red\x1b[31m \u202eevil\n",
    )
    (tmp_path / "model-routing.yaml").write_text("force_model: sonnet\n")
    printed = adapt("finder", project=tmp_path).stdout
    explained = run("explain", "finder", "--project", str(tmp_path)).stdout

    assert "Red" in printed
    assert "Red" in explained
    for text in (printed, explained):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "\x1b" in adapt_json("finder", project=tmp_path)["text"]


# -- as it is delivered ------------------------------------------------------------------------------------


def test_route_delivers_the_skills_own_text_below_its_preferred_tier_and_nothing_at_or_above() -> None:
    below = route(skill_path=str(INVESTIGATOR), budgets=RED)
    at = route(skill_path=str(INVESTIGATOR))
    above = route(skill_path=str(INVESTIGATOR), pin="fable")

    assert (below["tier"], below["adaptations"]) == ("sonnet", OWN)
    assert (at["tier"], at["adaptations"]) == ("opus", None)
    assert (above["tier"], above["adaptations"]) == ("fable", None)


def test_a_block_in_the_question_gets_the_built_in_text_of_its_pair() -> None:
    skill = {"name": "x", "model": {"preferred": "opus", "minimum": "haiku", "reasoning_demand": "high"}}
    answer = route(skill=skill, budgets=RED)

    assert (answer["tier"], answer["adaptations"]) == (
        "haiku",
        adapt_json("--from", "opus", "--to", "haiku")["text"],
    )


def test_a_step_is_compared_with_what_it_names_itself(tmp_path: Path) -> None:
    folder = write_skill(
        tmp_path / "finder",
        "Step 1: List the files.\n  Model: haiku (mechanical)\n\n"
        "Step 2: Judge them.\n  Model: sonnet (a judgement)\n",
    )
    mechanical = route(skill_path=str(folder), step=1)
    judged = route(skill_path=str(folder), step=2, budgets=RED)

    assert (mechanical["tier"], mechanical["adaptations"]) == ("haiku", None)
    assert (judged["tier"], judged["adaptations"]) == (
        "haiku",
        adapt_json("--from", "sonnet", "--to", "haiku")["text"],
    )


def test_a_row_of_the_coordinator_says_what_is_preferred(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    (suite / "skills" / "finder").mkdir(parents=True)
    (suite / "SKILL.md").write_text(
        "---\nname: suite-coordinator\ndescription: Routes.\nmodel: {preferred: haiku}\n---\n\n"
        "| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |\n|---|---|---|---|---|\n"
        "| finder | skills/finder/ | opus | | sonnet |\n"
    )
    (suite / "skills" / "finder" / "SKILL.md").write_text(
        "---\nname: finder\ndescription: Finds.\n---\n\n## Degradation Adaptations\n\n"
        "When running at sonnet instead of opus:\n- Check.\n"
    )
    (tmp_path / "model-routing.yaml").write_text("force_model: sonnet\n")
    answer = json.loads(run("explain", "finder", "--project", str(suite), "--json").stdout)

    assert (answer["tier"], answer["adaptations"]) == ("sonnet", "- Check.")
    assert adapt_json("finder", project=suite)["sections"][0]["line"] == 8
