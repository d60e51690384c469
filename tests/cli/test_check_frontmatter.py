"""The commit hook, as pre-commit starts it: by its manifest's entry, with the files of a commit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from tierwise.cli.check_frontmatter import main

ROOT = Path(__file__).parents[2]
CLEAN = "---\nname: a\ndescription: Traces imports.\nmodel: sonnet\n---\n"
WARNED = "---\nname: a\ndescription: Traces imports.\nmodel:\n  preferred: sonet\n---\n"
BROKEN = "---\nname: [a\n---\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def write(place: str, text: str = CLEAN) -> str:
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    Path(place).write_text(text, encoding="utf-8")
    return place


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def test_what_is_wrong_in_the_block_is_told_and_lets_the_commit_pass() -> None:
    result = run(write("skills/a/SKILL.md", WARNED))
    assert result.exit_code == 0
    assert "SKILL.md:5: warning: `model.preferred`" in result.output
    assert result.output.endswith("1 file, 0 errors, 1 warning\n")
    assert run("--strict", "skills/a/SKILL.md").exit_code == 1


@pytest.mark.parametrize(
    "text",
    [BROKEN, "---\nname: a\n", "---\n- a\n---\n", "---\nname: \0\n---\n"],
    ids=["no YAML", "open", "no mapping", "NUL"],
)
def test_a_file_that_cannot_be_used_stops_the_commit(text: str) -> None:
    assert run(write("a/SKILL.md", text)).exit_code == 1


def test_a_skill_that_says_nothing_about_itself_is_told_but_may_be_committed() -> None:
    for text in ("# Just a page\n", "---\nname: a\n---\n", "---\nname: a\ndescription: ''\n---\n"):
        result = run("--format", "json", write("a/SKILL.md", text))
        assert result.exit_code == 0
        assert [one["rule"] for one in json.loads(result.output)["findings"]] == ["description-missing"]


def test_other_files_are_passed_over() -> None:
    others = ["README.md", "docs/SKILL.txt", "src/routing.yaml", "agents.md", "agents/notes.txt", "gone.md"]
    for place in others[:-1]:
        write(place, BROKEN)
    result = run(*others)
    assert (result.exit_code, result.output) == (0, "0 files, 0 errors, 0 warnings\n")
    assert run().exit_code == 0


def test_a_sidecar_speaks_for_the_skill_beside_it_and_an_agent_for_itself() -> None:
    write("a/SKILL.md")
    sidecar = write("a/routing.yaml", "prefered: haiku\n")
    agent = write(".claude/agents/reviewer.md", WARNED)
    output = run(sidecar, "a/SKILL.md", agent).output
    assert f"{sidecar}:1: warning: `prefered`" in output
    assert f"{agent}:5: warning: `model.preferred`" in output
    assert output.endswith("3 files, 0 errors, 2 warnings\n")


def test_an_agent_named_from_within_its_folder_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    write("agents/reviewer.md", WARNED)
    monkeypatch.chdir("agents")
    assert "1 file, 0 errors, 1 warning" in run("reviewer.md").output


def test_a_named_skill_that_is_not_there_is_an_error_and_a_folder_a_wrong_command() -> None:
    assert run("nowhere/SKILL.md").exit_code == 1
    Path("folder").mkdir()
    assert run("folder").exit_code == 2


# -- the manifest ------------------------------------------------------------------------------------------


def hooks() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(ROOT / ".pre-commit-hooks.yaml")
    return loaded


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_the_manifest_starts_a_program_that_is_installed(hook: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    program, *args = hook["entry"].split()
    assert project["scripts"][program] == f"{main.callback.__module__}:main"
    assert hook["language"] == "python"
    result = run(*args, write("a/SKILL.md", WARNED))
    assert result.exit_code == ("--strict" in args)
    assert hook.get("verbose", False) is ("--strict" not in args), "a passing hook is silent otherwise"


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_the_manifest_selects_what_the_program_looks_at(hook: dict[str, Any]) -> None:
    """pre-commit searches `files` in the path from the repository's root."""
    mine = ["SKILL.md", "a/b/SKILL.md", "a/routing.yaml", ".claude/agents/x.md", "agents/x y.md"]
    others = ["README.md", "MY_SKILL.md", "a/SKILL.md.bak", "agents/x/y.md", "xagents/y.md", "a/routing.yml"]
    assert [place for place in mine if not re.search(hook["files"], place)] == []
    assert [place for place in others if re.search(hook["files"], place)] == []


# -- as a process ------------------------------------------------------------------------------------------


def program(*args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    start = "from tierwise.cli.check_frontmatter import main; main()"
    return subprocess.run(
        [sys.executable, "-c", start, *args], env=os.environ | environment, capture_output=True
    )


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_what_a_terminal_cannot_say_is_escaped(encoding: str) -> None:
    place = write("a/SKILL.md", WARNED.replace("sonet", "opüs→"))
    done = program(place, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"is no known tier" in done.stdout


def test_two_hundred_skills_take_a_fraction_of_their_two_seconds() -> None:
    """`bench/check.py` measures; this only notices when the order of magnitude is lost."""
    places = [write(f"s{n}/SKILL.md", CLEAN.replace("name: a", f"name: s{n}")) for n in range(200)]
    began = time.process_time()
    assert run(*places).output == "200 files, 0 errors, 0 warnings\n"
    assert time.process_time() - began < 2
