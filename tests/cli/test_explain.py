"""`tierwise explain`: the audit block, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tierwise.cli import main

SKILLS = Path(__file__).parent.parent / "fixtures" / "skills" / "frontend-qa"


def explain(*args: str, home: Path, project: Path = SKILLS) -> Result:
    arguments = ["explain", *args, "--project", str(project), "--store", "memory"]
    return CliRunner().invoke(main, arguments, env={"TIERWISE_HOME": str(home), "HOME": str(home)})


def test_the_seeds_prompt_is_explained_with_its_trace(tmp_path: Path) -> None:
    result = explain("ui-bug-investigator", "Debug this hydration issue using sonnet", home=tmp_path)

    assert result.exit_code == 0, result.output
    for line in (
        "[ROUTE] ui-bug-investigator",
        "Preferred: opus",
        'User override: "using sonnet"',
        "→ Decision: sonnet",
        "conditions",
        "held at opus: the request says `hydration`",
        "opus -> sonnet",
        "Model: claude-sonnet-5-5",
    ):
        assert line in result.stdout


def test_json_is_the_decision_as_route_gives_it(tmp_path: Path) -> None:
    result = explain("ui-bug-investigator", "--json", home=tmp_path)
    answer = json.loads(result.stdout)

    assert (answer["tier"], answer["model"], len(answer["trace"])) == ("opus", "claude-opus-5-5", 14)
    assert answer["skill_path"].endswith("ui-bug-investigator/SKILL.md")


def test_a_folder_stands_for_its_skill(tmp_path: Path) -> None:
    result = explain(str(SKILLS / "skills" / "page-component-mapper"), home=tmp_path)

    assert "[ROUTE] page-component-mapper" in result.stdout


def test_the_users_configuration_counts(tmp_path: Path) -> None:
    (tmp_path / "model-routing.yaml").write_text("force_model: haiku\n")
    result = explain("ui-bug-investigator", "--json", home=tmp_path)
    answer = json.loads(result.stdout)

    assert (answer["tier"], answer["rule"]) == ("sonnet", "minimum")


@pytest.mark.parametrize("unknown", ["no-such-skill", "../elsewhere"])
def test_an_unknown_skill_is_said_with_those_that_are_known(tmp_path: Path, unknown: str) -> None:
    result = explain(unknown, home=tmp_path)

    assert result.exit_code == 1
    assert unknown in result.output
    assert "page-component-mapper" in result.output


def test_an_unusable_skill_file_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "project" / "broken"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nmodel: [\n---\n")
    result = explain("broken", home=tmp_path, project=tmp_path / "project")

    assert result.exit_code == 0
    assert "SKILL.md" in result.stderr
    assert "not valid YAML" in result.stderr or "error" in result.stderr


def test_the_coordinators_trigger_raises_the_skill_of_its_row(tmp_path: Path) -> None:
    mapper = SKILLS / "skills" / "page-component-mapper"
    plain = explain(str(mapper), "Map the page", "--json", home=tmp_path)
    raised = explain(str(mapper), "Map these complex dynamic imports", "--json", home=tmp_path)

    assert (json.loads(plain.stdout)["tier"], json.loads(raised.stdout)["tier"]) == ("haiku", "sonnet")
    assert json.loads(raised.stdout)["rule"] == "conditions"
