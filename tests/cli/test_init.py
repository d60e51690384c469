"""`tierwise init`: it looks, shows, asks, and gives a project files that change nothing by themselves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from tierwise import wiring
from tierwise.cli import main
from tierwise.files.config import merge
from tierwise.files.config_sources import Layer
from tierwise.files.nodes import read_yaml
from tierwise.files.starter import EXAMPLES, starter_text

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "skills" / "frontend-qa"
STARTER = ".claude/model-routing.yaml"
SCHEMA = ".claude/schemas/tierwise-routing.schema.json"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    shutil.copytree(FIXTURE, tmp_path / "project")
    (tmp_path / "project" / ".git").mkdir()
    return tmp_path / "project"


def init(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", "--project", str(project), *arguments])


def files(project: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()
    }


def test_without_a_terminal_and_without_yes_it_only_shows(project: Path) -> None:
    before = files(project)
    result = init(project)
    assert result.exit_code == 1
    assert f"new: {STARTER}" in result.output
    assert "#conservation_mode: auto" in result.output
    assert "Nothing was written. `tierwise init --yes` writes it." in result.output
    assert files(project) == before


def test_what_it_writes_changes_nothing_and_has_no_mistakes(project: Path) -> None:
    before = wiring.configuration(project)
    assert init(project, "--yes").exit_code == 0
    assert (project / ".gitignore").read_text() == ".claude/session-config.yaml\n"
    Draft202012Validator.check_schema(json.loads((project / SCHEMA).read_text()))
    assert wiring.configuration(project) == before
    shown = CliRunner().invoke(main, ["config", "show", "--project", str(project)])
    assert (shown.exit_code, shown.stderr) == (0, "")
    checked = CliRunner().invoke(main, ["check", "--strict", str(project)])
    assert checked.exit_code == 0, checked.output
    pointer = (project / STARTER).read_text().splitlines()[0].partition("$schema=")[2]
    assert (project / STARTER).parent.joinpath(pointer).is_file()


def test_a_second_run_has_nothing_to_do(project: Path) -> None:
    init(project, "--yes")
    before = files(project)
    for arguments in ([], ["--yes"], ["--json"]):
        result = init(project, *arguments)
        assert result.exit_code == 0
        assert "Nothing to do." in result.output or json.loads(result.stdout)["plan"] == []
    assert files(project) == before


@pytest.mark.parametrize("skill", ["ui-bug-investigator", "a b: #c", "é", "-"])
def test_every_line_of_the_starter_holds_once_its_mark_is_taken_away(skill: str) -> None:
    lines = starter_text(skill).splitlines()
    assert all(not line or line.startswith("#") for line in lines)
    assert max(len(line) for line in lines) <= 110
    text = "\n".join(line if re.match(r"#( \S|$)", line) else line[1:] for line in lines)
    node, findings = read_yaml(text, "")
    assert node is not None
    config = merge([Layer("project", "x", node)], wiring.tier_of_model, findings)
    assert config.findings == ()
    said = {entry.key for entry in config.entries if entry.path}
    assert said == {key.format(skill=skill) for key in EXAMPLES}
    built_in = {entry.key: entry.value for entry in merge([]).entries}
    assert all(entry.value == built_in[entry.key] for entry in config.entries if entry.key in built_in)


def test_what_is_there_is_never_overwritten(project: Path) -> None:
    (project / ".claude").mkdir()
    (project / STARTER).write_text("mode: enforce\n")
    (project / ".gitignore").write_bytes(b"node_modules\r\n*.log")
    assert init(project, "--yes").exit_code == 0
    assert (project / STARTER).read_text() == "mode: enforce\n"
    assert not (project / SCHEMA).exists()
    assert (
        project / ".gitignore"
    ).read_bytes() == b"node_modules\r\n*.log\r\n.claude/session-config.yaml\r\n"


@pytest.mark.parametrize("line", [".claude/", "/.claude", ".claude/*", "/.claude/session-config.yaml"])
def test_a_line_that_covers_the_sessions_file_is_enough(project: Path, line: str) -> None:
    (project / ".gitignore").write_text(f"{line}\n")
    init(project, "--yes")
    assert (project / ".gitignore").read_text() == f"{line}\n"


def test_a_project_that_is_no_repository_gets_no_gitignore(project: Path) -> None:
    (project / ".git").rmdir()
    init(project, "--yes")
    assert not (project / ".gitignore").exists()


def test_it_tells_what_is_there(project: Path) -> None:
    (project / "skills" / "silent").mkdir()
    (project / "skills" / "silent" / "SKILL.md").write_text("---\nname: silent\ndescription: x\n---\n")
    (project / "skills" / "wrong").mkdir()
    (project / "skills" / "wrong" / "SKILL.md").write_text("---\nmodel: {preferred: sonet}\n---\n")
    (project / "CLAUDE.md").write_text("## Model routing\n\nDefault specialist model: sonnet\n")
    (project / ".gsd").mkdir()
    (project / ".gsd" / "PREFERENCES.md").write_text(
        "---\ndynamic_routing: {enabled: false, hooks: true}\n---\n"
    )
    result = init(project)
    assert "5 skills, 3 with a routing block" in result.output
    assert "without: silent, wrong" in result.output
    assert "CLAUDE.md sets 1 value\n" in result.output
    assert "PREFERENCES.md sets 2 values" in result.output
    assert "mistakes\n" in result.output
    assert "Did you mean `sonnet`?" in result.output


def test_programs_get_the_same_as_json(project: Path) -> None:
    shown = init(project, "--json")
    document = json.loads(shown.stdout)
    assert shown.exit_code == 1
    assert [one["path"] for one in document["plan"]] == [STARTER, SCHEMA, ".gitignore"]
    assert [one["declared"] for one in document["skills"]] == [True, True, True]
    assert document["written"] is False
    assert json.loads(init(project, "--json", "--yes").stdout)["written"] is True
    assert (project / STARTER).is_file()


def test_a_folder_that_leads_out_of_the_project_is_not_written(project: Path) -> None:
    (project.parent / "elsewhere").mkdir()
    (project / ".claude").symlink_to(project.parent / "elsewhere")
    result = init(project, "--yes")
    assert result.exit_code == 1
    assert "would lie outside" in result.output
    assert list((project.parent / "elsewhere").iterdir()) == []
    assert not (project / ".gitignore").exists()


def test_an_empty_project_gets_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    (tmp_path / "empty").mkdir()
    result = init(tmp_path / "empty", "--yes")
    assert result.exit_code == 0
    assert "0 skills, 0 with a routing block" in result.output
    assert "#  my-skill:" in (tmp_path / "empty" / STARTER).read_text()


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_at_a_terminal_somebody_is_asked(project: Path, answer: str, code: int) -> None:
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [sys.executable, "-m", "tierwise", "init", "--project", str(project)]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert "Write this?" in done.stdout
    assert done.returncode == code, done.stderr
    assert (project / STARTER).exists() is (answer == "y")
