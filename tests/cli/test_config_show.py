"""`tierwise config show`: what stands, where it was said, what it overrode, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tierwise.cli import main


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "model-routing.yaml").write_text("defaults:\n  specialist: opus\n")
    folder = tmp_path / "project"
    (folder / ".claude").mkdir(parents=True)
    (folder / ".claude" / "model-routing.yaml").write_text("defaults:\n  specialist: sonnet\n")
    return folder


def show(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["config", "show", *map(str, arguments)])


def test_every_value_is_shown_with_its_place_and_what_it_overrode(project: Path) -> None:
    result = show("--project", project)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("defaults.specialist"))
    assert lines[at].split() == ["defaults.specialist", "sonnet", ".claude/model-routing.yaml:2"]
    place = project.parent / "home" / "model-routing.yaml"
    assert lines[at + 1].split() == ["instead", "of", "opus", f"{place}:2"]
    assert lines[at + 2].split()[:2] == ["defaults.reference_loading", "haiku"], (
        "a repeated built-in is not told"
    )
    assert ["mode", "enforce", "built-in"] in [line.split() for line in lines]
    assert "\x1b" not in result.stdout


def test_the_json_is_stable_and_tells_the_whole_chain(project: Path) -> None:
    document = json.loads(show("--project", project, "--json", "defaults.specialist").stdout)
    path = str(project / ".claude" / "model-routing.yaml")
    home = str(project.parent / "home" / "model-routing.yaml")
    assert document == {
        "entries": [
            {
                "key": "defaults.specialist",
                "value": "sonnet",
                "source": "project",
                "path": path,
                "line": 2,
                "overridden": [
                    {"value": "opus", "source": "user", "path": home, "line": 2},
                    {"value": "sonnet", "source": "built-in", "path": None, "line": None},
                ],
            }
        ],
        "findings": [],
    }


def test_every_kind_of_value_has_a_place_in_the_json(project: Path) -> None:
    (project / ".claude" / "model-routing.yaml").write_text(
        "fallbacks: [sonnet, haiku]\n"
        "overrides:\n  x:\n    reasoning_demand: low\n    acceptable: [haiku, sonnet]\n"
        "    conditions:\n      - {when: a known pattern, downgrade_to: haiku}\n"
    )
    document = json.loads(show("--project", project, "--json").stdout)
    values = {entry["key"]: entry["value"] for entry in document["entries"]}
    assert values["fallbacks"] == ["sonnet", "haiku"]
    assert values["force_model"] is None
    assert values["overrides.x.reasoning_demand"] == "low"
    assert values["overrides.x.acceptable"] == ["haiku", "sonnet"]
    assert values["overrides.x.conditions"] == [
        {"when": "a known pattern", "downgrade_to": "haiku", "hold_at": None, "match": []}
    ]
    assert show("--project", project).exit_code == 0


def test_a_section_can_be_asked_for_and_a_wrong_key_is_told(project: Path) -> None:
    lines = show("--project", project, "budget_zones").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "budget_zones.yellow_threshold", "budget_zones.red_threshold"
    ]  # fmt: skip
    wrong = show("--project", project, "defalts")
    assert wrong.exit_code == 1
    assert "did you mean `defaults`?" in wrong.stderr


def test_findings_go_to_stderr_and_do_not_fail(project: Path) -> None:
    (project / ".claude" / "model-routing.yaml").write_text("conservatoin_mode: off\n")
    result = show("--project", project)
    assert result.exit_code == 0
    assert "conservatoin_mode" not in result.stdout
    assert "model-routing.yaml:1: warning: `conservatoin_mode`: no such key" in result.stderr
    document = json.loads(show("--project", project, "--json").stdout)
    assert [finding["rule"] for finding in document["findings"]] == ["unknown-key"]


def test_an_unusable_file_fails_and_the_rest_is_still_shown(project: Path) -> None:
    (project / ".claude" / "model-routing.yaml").write_text("a: [\n")
    result = show("--project", project)
    assert result.exit_code == 1
    assert "error" in result.stderr
    assert "defaults.specialist" in result.stdout
    assert show("--project", project, "--json").exit_code == 1


def test_a_stale_cost_ratio_is_told_with_its_line(project: Path) -> None:
    """The seed's 1 : 25 is not what the list prices say."""
    (project / ".claude" / "model-routing.yaml").write_text(
        "tiers:\n"
        "  haiku: {claude_code: claude-haiku-4-5, cost_ratio: 1}\n"
        "  opus: {claude_code: claude-opus-4-6, cost_ratio: 25}\n"
    )
    result = show("--project", project)
    assert result.exit_code == 0
    assert "model-routing.yaml:3: warning: `tiers.opus.cost_ratio`" in result.stderr


def test_nothing_that_a_terminal_might_obey_is_printed(project: Path) -> None:
    (project / ".claude" / "model-routing.yaml").write_text(
        'overrides:\n  "a\\e[31m": {preferred: opus, reason: "b\\e[2J"}\n', encoding="utf-8"
    )
    result = show("--project", project)
    assert "a\\x1b[31m" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr


def test_a_project_that_is_no_folder_is_a_usage_error(project: Path) -> None:
    assert show("--project", project / "nowhere").exit_code == 2


def test_a_model_that_its_platform_does_not_have_is_said(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "model-routing.yaml").write_text("tiers:\n  haiku:\n    codex: claude-haiku-5-5\n")
    result = CliRunner().invoke(
        main, ["config", "show", "--project", str(tmp_path)], env={"TIERWISE_HOME": str(home)}
    )

    assert result.exit_code == 0
    assert "model-routing.yaml:3" in result.stderr
    assert "does not answer on codex" in result.stderr


@pytest.mark.parametrize(
    ("tiers", "key", "line", "rule"),
    [
        ("  opus:\n    claude_code: claude-opus-4-1\n", "tiers.opus.claude_code", 3, "model-not-on-platform"),
        (
            "  small:\n    claude_code: claude-haiku-5-5\n  huge:\n    description: None yet.\n",
            "tiers.huge",
            5,
            "tier-without-model",
        ),
    ],
)
def test_a_rung_that_nothing_can_serve_as_it_is_named_is_told(
    project: Path, tiers: str, key: str, line: int, rule: str
) -> None:
    (project.parent / "home" / "model-routing.yaml").write_text(f"tiers:\n{tiers}")
    found = json.loads(show("--project", project, "--json").stdout)["findings"]
    assert [(one["key"], one["line"], one["rule"]) for one in found if one["key"].startswith("tiers")] == [
        (key, line, rule)
    ]
