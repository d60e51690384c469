"""What is surely wrong between a routing table and its suite, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwise.cli import main

HEAD = "| Skill | Path | Default Tier | Upgrade Trigger | Downgrade Floor |\n|-|-|-|-|-|\n"
FIRST_ROW = 6


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path_factory.mktemp("home")))


def skill(folder: Path, block: str = "", name: str = "") -> None:
    folder.mkdir(parents=True)
    model = "model:\n" + "".join(f"  {line}\n" for line in block.splitlines()) if block else ""
    (folder / "SKILL.md").write_text(f"---\nname: {name or folder.name}\n{model}---\n", encoding="utf-8")


def coordinator(folder: Path, *rows: str, name: str = "suite-coordinator") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page = f"---\nname: {name}\n---\n{HEAD}" + "".join(f"{row}\n" for row in rows)
    (folder / "SKILL.md").write_text(page, encoding="utf-8")


def found(*paths: Path) -> list[tuple[str, int, str]]:
    result = CliRunner().invoke(main, ["check", *map(str, paths), "--json"])
    assert result.exit_code == 0, result.output
    return [(f["rule"], f["line"], f["key"]) for f in json.loads(result.output)["findings"]]


@pytest.mark.parametrize(
    ("block", "row", "rules"),
    [
        ("", "| s | skills/s/ | sonnet | animation → opus | haiku |", []),
        ("", "| s | skills/s/ | sonnet | | |", []),
        ("", "| s | | sonnet | animation → opus | haiku |", []),
        ("", "| s | skills/s/ | | animation → opus | |", []),
        ("", "| s | skills/s/ | sonnet | | opus |", ["row-floor-above-default"]),
        ("", "| s | | sonnet | | opus |", ["row-floor-above-default"]),
        ("", "| s | skills/s/ | sonnet | animation → sonnet | haiku |", ["dead-trigger"]),
        ("preferred: sonnet", "| s | skills/s/ | | animation → sonnet | haiku |", ["dead-trigger"]),
        # beside a trigger that points down, one at the default tier holds
        ("", "| s | skills/s/ | sonnet | typo → haiku; animation → sonnet | haiku |", []),
        ("", "| s | skills/s/ | opus | known pattern → sonnet | sonnet |", []),
        ("", "| s | skills/s/ | opus | known pattern → haiku | sonnet |", ["trigger-below-floor"]),
        ("", "| s | skills/s/ | opus | known pattern → sonnet | |", ["trigger-below-floor"]),
        ("preferred: opus\nminimum: sonnet", "| s | skills/s/ | opus | known pattern → sonnet | |", []),
        ("acceptable: [sonnet, opus]\npreferred: opus", "| s | skills/s/ | | typo → sonnet | |", []),
        (
            "preferred: sonnet\nallow_upgrade: false",
            "| s | skills/s/ | sonnet | animation → opus | haiku |",
            ["dead-trigger"],
        ),
        ("", "| t | skills/s/ | sonnet | animation → sonnet | haiku |", ["row-name"]),
    ],
)
def test_a_row_that_cannot_be_meant_is_told(tmp_path: Path, block: str, row: str, rules: list[str]) -> None:
    coordinator(tmp_path, row)
    skill(tmp_path / "skills" / "s", block)
    assert [(rule, line) for rule, line, _ in found(tmp_path)] == [(rule, FIRST_ROW) for rule in rules]


def test_a_second_row_for_a_skill_is_told_with_the_first(tmp_path: Path) -> None:
    coordinator(tmp_path, "| s | skills/s | haiku | | |", "| s | skills/s | haiku | animation → opus | |")
    skill(tmp_path / "skills" / "s")
    assert found(tmp_path) == [("row-twice", FIRST_ROW + 1, "skill")]


def test_a_skill_of_the_suite_without_a_row_is_told(tmp_path: Path) -> None:
    coordinator(tmp_path, "| a | skills/a | haiku | | |", "| b | skills/b | haiku | | |")
    for name in ("a", "b", "c", "d"):
        skill(tmp_path / "skills" / name)
    assert found(tmp_path) == [("suite-unrouted", FIRST_ROW + 1, "skill")]
    text = CliRunner().invoke(main, ["check", str(tmp_path)]).output
    assert "no row for `c`, `d` of this suite" in text


def test_a_suite_in_a_plugin_is_known_by_its_name(tmp_path: Path) -> None:
    skills = tmp_path / "qa" / "skills"
    coordinator(skills / "qa-coordinator", "| a | ../a/ | haiku | | |", name="qa-coordinator")
    skill(skills / "a")
    skill(skills / "b")
    assert found(tmp_path) == [("suite-unrouted", FIRST_ROW, "skill")]


def test_what_lies_beside_a_suite_by_chance_needs_no_row(tmp_path: Path) -> None:
    """A folder of many skills, in which one coordinator routes to some; templates; most skills unnamed."""
    shared = tmp_path / ".claude" / "skills"
    coordinator(shared / "qa-coordinator", "| a | ../a/ | haiku | | |", name="qa-coordinator")
    skill(shared / "a")
    skill(shared / "somebody-elses")
    own = tmp_path / "partly"
    coordinator(own, "| a | skills/a | haiku | | |")
    for name in ("a", "b", "c"):
        skill(own / "skills" / name)
    nested = tmp_path / "nested"
    coordinator(nested, "| a | skills/a | haiku | | |")
    skill(nested / "skills" / "a")
    skill(nested / "skills" / "a" / "templates" / "example")
    skill(nested / "skills" / "b-coordinator")
    assert found(tmp_path) == []


def test_without_the_suite_nothing_is_said_about_it(tmp_path: Path) -> None:
    coordinator(tmp_path, "| a | skills/a | haiku | | |")
    skill(tmp_path / "skills" / "a")
    skill(tmp_path / "skills" / "b")
    assert found(tmp_path / "SKILL.md") == []
