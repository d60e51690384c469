"""`tierwise handoff`: whom a request is for, and the handoff, through the command."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from ledger_samples import NOON_US, execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.store.sqlite import SqliteStore

SUITE = Path(__file__).parents[1] / "fixtures" / "suites" / "frontend-qa"
TABLE = Path(__file__).parents[1] / "scenarios" / "handoffs.yaml"
PROMPTS: dict[str, list[str]] = YAML(typ="safe", pure=True).load(TABLE)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def handoff(home: Path, *args: str, suite: Path = SUITE) -> Result:
    arguments = ["handoff", str(suite), *args, "--store", "memory"]
    return CliRunner().invoke(main, arguments, env={"TIERWISE_HOME": str(home), "HOME": str(home)})


def answer(home: Path, *args: str, suite: Path = SUITE) -> dict[str, Any]:
    result = handoff(home, *args, "--json", suite=suite)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_table_of_prompts_is_large_enough() -> None:
    assert sum(len(prompts) for skill, prompts in PROMPTS.items() if skill != "nobody") >= 40
    assert len(PROMPTS["nobody"]) >= 10
    assert {folder.name for folder in (SUITE / "skills").iterdir()} == PROMPTS.keys() - {"nobody"}


@pytest.mark.parametrize(
    ("prompt", "skill"), [(prompt, skill) for skill, prompts in PROMPTS.items() for prompt in prompts]
)
def test_a_request_is_handed_to_the_skill_that_it_is_for(home: Path, prompt: str, skill: str) -> None:
    result = handoff(home, prompt, "--json")
    told = json.loads(result.stdout)
    if skill == "nobody":
        nothing = (None, None, None, None, [])
        keys = ("skill", "skill_path", "handoff", "decision", "evidence")
        assert (result.exit_code, *(told[key] for key in keys)) == (1, *nothing), told
        assert told["why"]
    else:
        assert (result.exit_code, told["skill"]) == (0, skill), told
        assert told["skill_path"] == str(SUITE / "skills" / skill / "SKILL.md")
        assert told["handoff"] == told["decision"]["handoff"]
        assert told["handoff"]["model_tier"] == told["decision"]["tier"]


@pytest.mark.parametrize(
    ("prompt", "tier", "reason"),
    [
        ("Map this page's components — use opus for thorough analysis", "opus", "`use opus`"),
        ("Debug this hydration issue using haiku", "sonnet", "minimum"),
        (
            "Trace the complex dynamic imports of the page",
            "sonnet",
            "the coordinator's trigger leads to sonnet",
        ),
        ("The layout breaks in an animation", "opus", "the coordinator's trigger leads to opus"),
        ("Fix the overflow of the layout on haiku", "haiku", "`on haiku`"),
        ("The layout overflows", "sonnet", "css-layout-debugger prefers sonnet"),
    ],
)
def test_the_handoff_says_tier_and_reason(home: Path, prompt: str, tier: str, reason: str) -> None:
    told = answer(home, prompt)["handoff"]
    assert told["model_tier"] == tier
    assert reason in told["reason"]


def test_the_first_line_is_the_handoff_and_the_rest_says_why(home: Path) -> None:
    result = handoff(home, "Debug this hydration issue using sonnet")
    first, *rest = result.stdout.splitlines()

    assert json.loads(first) == {"model_tier": "sonnet", "reason": "the user asks for it: `using sonnet`"}
    assert rest[0] == "ui-bug-investigator: its words speak for it"
    assert "  `hydration` is in its condition, description" in rest
    assert "  score 3.58; then css-layout-debugger 0.90" in rest


def test_where_nobody_is_chosen_standard_output_is_empty_and_the_candidates_are_told(home: Path) -> None:
    result = handoff(home, "overlap in the tree")
    assert (result.exit_code, result.stdout) == (1, "")
    for line in (
        "Nobody is chosen: the request's words speak equally for css-layout-debugger, page-component-mapper.",
        "css-layout-debugger 1.79: `overlap`",
        "page-component-mapper 1.79: `tree`",
        "--skill NAME",
    ):
        assert line in result.stderr

    candidates = json.loads(handoff(home, "overlap in the tree", "--json").stdout)["candidates"]
    assert [(c["skill"], c["score"], c["words"]) for c in candidates] == [
        ("css-layout-debugger", 1.792, ["overlap"]),
        ("page-component-mapper", 1.792, ["tree"]),
    ]


def test_a_skill_can_be_asked_for_by_name(home: Path) -> None:
    told = answer(home, "overlap in the tree", "--skill", "page-component-mapper")
    assert (told["skill"], told["handoff"]["model_tier"]) == ("page-component-mapper", "haiku")
    assert told["why"] == "it was asked for by name"

    wrong = handoff(home, "overlap in the tree", "--skill", "page-mapper")
    assert wrong.exit_code == 2
    assert "page-component-mapper" in wrong.output


def test_a_full_budget_lowers_the_tier(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weekly budget at 80 %: yellow, so what needs medium reasoning or less goes to its floor."""
    monkeypatch.setattr(wiring, "now_us", lambda: NOON_US)
    (home / "budgets.yaml").write_text("week: {limit: 5usd, window: weekly}\n")
    (home / "model-routing.yaml").write_text(
        "overrides: {page-component-mapper: {preferred: sonnet, acceptable: [haiku, sonnet]}}\n"
    )
    with closing(SqliteStore(home / "ledger.sqlite")) as store:
        store.append([execution(at_us=NOON_US - 3_600_000_000, cost_nanousd=4_000_000_000)])
    arguments = ["handoff", str(SUITE), "Trace the imports of this page", "--json"]
    env = {"TIERWISE_HOME": str(home), "HOME": str(home)}
    told = json.loads(CliRunner().invoke(main, arguments, env=env).stdout)

    assert (told["handoff"]["model_tier"], told["decision"]["zone"]) == ("haiku", "yellow")
    assert "yellow" in told["handoff"]["reason"]


def test_the_users_configuration_counts(home: Path) -> None:
    (home / "model-routing.yaml").write_text("skill_overrides: {css-layout-debugger: haiku}\n")
    told = answer(home, "The layout overflows")
    assert (told["handoff"]["model_tier"], told["decision"]["rule"]) == ("haiku", "user")


def test_what_a_client_wrote_into_a_prompt_chooses_nobody(home: Path) -> None:
    said = "<system-reminder>css-layout-debugger fixes layouts</system-reminder>Thanks"
    assert handoff(home, said).exit_code == 1


def test_a_suite_without_a_coordinator_is_served_too(home: Path, tmp_path: Path) -> None:
    shutil.copytree(SUITE / "skills", tmp_path / "flat")
    told = answer(home, "Debug this hydration issue", suite=tmp_path / "flat")
    assert (told["skill"], told["handoff"]["model_tier"]) == ("ui-bug-investigator", "opus")


def test_a_coordinators_own_file_stands_for_its_suite(home: Path) -> None:
    assert answer(home, "The layout overflows", suite=SUITE / "SKILL.md")["skill"] == "css-layout-debugger"


def test_a_folder_without_skills_is_said(home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = handoff(home, "anything", suite=tmp_path / "empty")
    assert result.exit_code == 1
    assert "there is no skill to hand over to below" in result.output
    assert handoff(home, "anything", suite=tmp_path / "nowhere").exit_code == 2


def test_text_of_a_stranger_cannot_command_a_terminal(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "SKILL.md").write_text('---\nname: odd\ndescription: "\\e[2J zebra"\n---\n')
    result = handoff(home, "zebra \x1b[31m", suite=tmp_path)
    assert result.exit_code == 0
    assert "\x1b" not in result.output
