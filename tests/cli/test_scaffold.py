"""`tierwise scaffold`: what it writes passes every validator, and what is there is never touched."""

from __future__ import annotations

import json
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.cli import main
from tierwise.core.tiers import BUILT_IN
from tierwise.files.skill_files import read_skill
from tierwise.files.step_templates import PATTERNS
from tierwise.files.suites import read_suite

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of strictyaml's own
    from skills_ref import validate

TIERS = ("haiku", "sonnet", "opus", "fable")
POSSIBLE = [(p, t) for p, t in product(PATTERNS, TIERS) if p == "plain" or t != "haiku"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


def scaffold(*args: object) -> dict[str, Any]:
    result = run("scaffold", *args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def tree(folder: Path = Path()) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_valid(folder: str | Path) -> None:
    """Every skill below passes our check without a finding, and the reference validator."""
    result = run("check", "--strict", folder)
    assert result.exit_code == 0, result.output
    assert result.output.rstrip().endswith("0 errors, 0 warnings")
    for page in Path(folder).rglob("SKILL.md"):
        assert validate(page.parent) == []


@pytest.mark.parametrize(("pattern", "tier"), POSSIBLE)
def test_every_pattern_at_every_tier_is_valid_and_its_steps_are_read(pattern: str, tier: str) -> None:
    scaffold("skill", "bug-finder", "--pattern", pattern, "--tier", tier)
    assert_valid("bug-finder")
    skill = read_skill(Path("bug-finder"))

    assert skill.skill.preferred == BUILT_IN[tier]
    assert "TODO" in skill.description
    assert [step.number for step in skill.steps] == list(range(1, len(skill.steps) + 1))
    tiers = {rung for step in skill.steps for rung in step.tiers}
    if pattern == "plain":
        assert not tiers
    else:
        assert {BUILT_IN["haiku"], BUILT_IN[tier]} <= tiers
        assert all(step.tiers and step.reason for step in skill.steps)
        assert tiers <= set(skill.skill.acceptable)
    assert [pair for pair, _ in skill.skill.adaptations] == [
        (tier, lower.name) for lower in reversed(skill.skill.acceptable) if lower.name != tier
    ]


def test_a_cascade_brings_its_conditions_in_a_sidecar() -> None:
    told = scaffold("skill", "bug-finder", "--pattern", "cascade")
    assert told["written"] == ["bug-finder/SKILL.md", "bug-finder/routing.yaml"]
    [condition] = read_skill(Path("bug-finder")).skill.conditions
    assert condition.downgrade_to == BUILT_IN["haiku"]


def test_what_can_be_planned_is_planned() -> None:
    scaffold("skill", "bug-finder", "--pattern", "cascade")
    result = run("plan", "bug-finder", "--store", "memory")
    assert result.exit_code == 0, result.output
    assert "Classify the task" in result.output


def test_a_suite_is_valid_and_routes_to_its_skills() -> None:
    told = scaffold("suite", "frontend-qa", "--skills", "page-mapper, bug-finder", "--out", "plugins")
    assert told["written"] == [
        "plugins/frontend-qa/.claude-plugin/plugin.json",
        "plugins/frontend-qa/skills/frontend-qa-coordinator/SKILL.md",
        "plugins/frontend-qa/skills/page-mapper/SKILL.md",
        "plugins/frontend-qa/skills/bug-finder/SKILL.md",
    ]
    assert told["changed"] == []
    assert_valid("plugins")
    plugin = json.loads(Path("plugins/frontend-qa/.claude-plugin/plugin.json").read_text())
    assert (plugin["name"], plugin["author"]) == ("frontend-qa", {"name": "TODO"})

    suite = read_suite(Path("plugins/frontend-qa"))
    assert suite.coordinator is not None
    assert [row.skill for row in suite.coordinator.rows] == ["page-mapper", "bug-finder"]
    assert [step.number for step in suite.coordinator.steps] == [1, 2, 3, 4, 5]
    handoff = run("handoff", "plugins/frontend-qa", "find that bug", "--store", "memory", "--json")
    assert json.loads(handoff.stdout)["skill"] == "bug-finder"


def test_an_empty_suite_grows_skill_by_skill() -> None:
    scaffold("suite", "qa")
    assert_valid("qa")
    for pattern in PATTERNS:
        told = scaffold("skill", f"by-{pattern}", "--pattern", pattern, "--suite", "qa")
        assert told["written"][0] == f"qa/skills/by-{pattern}/SKILL.md"
        assert told["changed"] == ["qa/skills/qa-coordinator/SKILL.md"]
        assert_valid("qa")
    coordinator = read_suite(Path("qa")).coordinator
    assert coordinator is not None
    assert [row.path for row in coordinator.rows] == [f"../by-{pattern}/" for pattern in PATTERNS]


def test_a_row_is_added_and_no_other_byte_of_the_coordinator_moves() -> None:
    """An author's own page above the skills: BOM, CRLF, a comment, two tables, columns in his order."""
    page = (
        "\ufeff---\r\nname: own-coordinator  # mine\r\n---\r\n| a | b |\r\n|---|---|\r\n\r\n"
        "| Default Tier | Skill | Notes | Path |\r\n|--------------|-------|-------|------|\r\n"
        "| haiku | old | n/a | parts/old |\r\n\r\nText\r\n"
    )
    old = Path("own/parts/old")
    old.mkdir(parents=True)
    (old / "SKILL.md").write_text("---\nname: old\ndescription: d\n---\n")
    file = Path("own/SKILL.md")
    file.write_bytes(page.encode())
    file.chmod(0o640)
    told = scaffold("skill", "fixer", "--suite", "own", "--tier", "opus")

    row = "| opus         | fixer |       | parts/fixer/ |\r\n"
    assert file.read_bytes().decode() == page.replace("parts/old |\r\n", f"parts/old |\r\n{row}")
    assert file.stat().st_mode & 0o777 == 0o640
    assert told["written"] == ["own/parts/fixer/SKILL.md"]
    assert run("check", "--strict", "own").exit_code == 0


def test_a_flat_folder_of_skills_is_joined_through_its_coordinator() -> None:
    """Two suites in one folder: the coordinator that is meant is named."""
    for suite in ("a", "b"):
        scaffold("suite", suite, "--out", "tmp")
        Path("flat").mkdir(exist_ok=True)
        Path(f"tmp/{suite}/skills/{suite}-coordinator").rename(f"flat/{suite}-coordinator")
    both = run("scaffold", "skill", "fixer", "--suite", "flat")
    assert both.exit_code == 1
    assert "name one of them: flat/a-coordinator, flat/b-coordinator" in both.output

    scaffold("skill", "first", "--out", "flat")
    table = Path("flat/b-coordinator/SKILL.md")
    rule = "|-------|------|--------------|-----------------|-----------------|\n"
    table.write_text(table.read_text().replace(rule, rule + "| first | ../first/ | sonnet | | haiku |\n"))
    told = scaffold("skill", "second", "--suite", "flat/b-coordinator")
    assert told["written"] == ["flat/second/SKILL.md"]
    assert "| second | ../second/ |" in table.read_text()
    assert_valid("flat")


def test_everything_in_the_way_is_told_at_once_and_nothing_is_written() -> None:
    scaffold("suite", "qa", "--skills", "fixer,mapper")
    Path("qa/.claude-plugin/plugin.json").unlink()
    Path("qa/skills/mapper/SKILL.md").unlink()
    before = tree()
    result = run("scaffold", "suite", "qa", "--skills", "fixer,mapper")
    assert result.exit_code == 1
    assert "qa/skills/qa-coordinator/SKILL.md is there already" in result.output
    assert "qa/skills/fixer/SKILL.md is there already" in result.output
    assert "mapper" not in result.output

    joined = run("scaffold", "skill", "fixer", "--suite", "qa")
    assert joined.exit_code == 1
    assert "qa/skills/fixer/SKILL.md is there already" in joined.output
    assert "has a row for fixer already" in joined.output
    assert tree() == before


def test_a_skill_of_that_name_elsewhere_in_the_suite_is_in_the_way() -> None:
    scaffold("suite", "qa")
    scaffold("skill", "fixer", "--out", "qa/skills/more")
    result = run("scaffold", "skill", "fixer", "--suite", "qa")
    assert result.exit_code == 1
    assert "qa/skills/more/fixer/SKILL.md is called fixer already" in result.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["suite", "Frontend"], "is no name"),
        (["suite", "a--b"], "is no name"),
        (["suite", "../up"], "is no name"),
        (["suite", "é"], "is no name"),
        (["suite", "x" * 53], "at most 52 characters"),
        (["skill", "x" * 65], "at most 64 characters"),
        (["suite", "qa", "--skills", "a,,b"], "is no name"),
        (["suite", "qa", "--skills", "a,b,a"], "a: named twice"),
        (["suite", "qa", "--skills", ",".join(f"s{n}" for n in range(51))], "at most 50"),
        (["suite", "qa", "--skills", "other-coordinator"], "taken for a coordinator"),
        (["skill", "qa-coordinator"], "taken for a coordinator"),
        (["skill", "a", "--tier", "hiaku"], "Did you mean `haiku`?"),
        (["skill", "a", "--pattern", "ladder"], "is not one of"),
        (["skill", "a", "--pattern", "cascade", "--tier", "haiku"], "--pattern plain"),
        (["skill", "a", "--suite", ".", "--out", "."], "contradict"),
        (["skill", "a", "--suite", "nowhere"], "does not exist"),
    ],
)
def test_a_mistake_in_the_arguments_is_said_and_nothing_is_written(args: list[str], said: str) -> None:
    result = run("scaffold", *args)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert tree() == {}


def test_a_model_and_an_alias_count_as_tiers() -> None:
    scaffold("skill", "a", "--tier", "claude-opus-5-5")
    scaffold("skill", "b", "--tier", "light")
    assert [read_skill(Path(name)).skill.preferred for name in "ab"] == [BUILT_IN["opus"], BUILT_IN["haiku"]]


def test_a_suite_without_coordinator_or_table_is_said() -> None:
    Path("bare").mkdir()
    assert "begin with `tierwise scaffold suite`" in run("scaffold", "skill", "a", "--suite", "bare").output
    Path("bare/SKILL.md").write_text("---\nname: bare-coordinator\n---\n# No table\n")
    result = run("scaffold", "skill", "a", "--suite", "bare")
    assert result.exit_code == 1
    assert "there is no routing table" in result.output
    assert list(tree()) == ["bare/SKILL.md"]


def test_nothing_is_written_through_a_link_that_leads_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    scaffold("suite", "qa")
    Path("qa/skills/fixer").symlink_to(outside)
    result = run("scaffold", "skill", "fixer", "--suite", "qa")
    assert result.exit_code == 1
    assert "by a link" in result.output
    Path("linked").symlink_to(outside)
    for kind in ("suite", "skill"):
        assert "by a link" in run("scaffold", kind, "linked").output
    Path("qa/skills").rename(outside / "skills")
    Path("qa/skills").symlink_to(outside / "skills")
    assert run("scaffold", "skill", "mapper", "--suite", "qa").exit_code == 1
    assert not (outside / "skills" / "mapper").exists()


@pytest.mark.parametrize("out", [".", "qa", "qa/deep/er"])
def test_a_file_where_a_folder_is_needed_is_said(out: str) -> None:
    Path("qa").write_text("mine")
    result = run("scaffold", "suite", "qa", "--out", out)
    assert result.exit_code == (2 if out == "qa" else 1)
    assert "qa is no folder" in result.output or "'qa' is a file" in result.output
    assert tree() == {"qa": b"mine"}


def test_if_the_last_write_fails_the_first_are_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    scaffold("suite", "qa")
    before = tree()
    folders = {path for path in Path().rglob("*") if path.is_dir()}

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    result = run("scaffold", "skill", "fixer", "--pattern", "cascade", "--suite", "qa")
    assert result.exit_code == 1
    assert "No space left on device" in result.output
    assert tree() == before
    assert {path for path in Path().rglob("*") if path.is_dir()} == folders


def test_what_was_written_and_what_comes_next_is_said() -> None:
    result = run("scaffold", "suite", "qa", "--skills", "fixer", "--out", "my plugins")
    assert result.stdout.splitlines() == [
        "wrote  my plugins/qa/.claude-plugin/plugin.json",
        "wrote  my plugins/qa/skills/qa-coordinator/SKILL.md",
        "wrote  my plugins/qa/skills/fixer/SKILL.md",
        "",
        "Fill in what is marked `TODO`. Then:",
        "  tierwise handoff 'my plugins/qa' 'a request in your own words'",
        "  tierwise check --strict 'my plugins/qa'",
    ]


names = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,4}){0,2}", fullmatch=True) | st.sampled_from(["no", "1e5"])
skills = st.lists(names.filter(lambda name: not name.endswith("-coordinator")), unique=True, max_size=4)


@settings(max_examples=20)
@given(names, skills)
def test_whatever_the_names_the_suite_is_valid(
    tmp_path_factory: pytest.TempPathFactory, name: str, others: list[str]
) -> None:
    out = tmp_path_factory.mktemp("suite")
    scaffold("suite", name, "--out", out, *(["--skills", ",".join(others)] if others else []))
    assert_valid(out)
