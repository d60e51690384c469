"""The reference in docs/reference says what the code says, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import tierwise
from tierwise.cli import COMMANDS, main
from tierwise.core.cascade import CEILINGS
from tierwise.core.decide import RULES
from tierwise.files.config_schema import SECTIONS
from tierwise.files.finding_rules import RULES as FINDING_RULES
from tierwise.router.question_form import FIELDS

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
PAGES = ("api.md", "cli.md", "config.md", "findings.md", "records.md", "route.md", "rules.md")


def reference(*arguments: str) -> tuple[int, str]:
    """Exit code and output of the generator."""
    command = [sys.executable, "tools/reference.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def text_of(page: str) -> str:
    return (REFERENCE / page).read_text("utf-8")


def first_cells(text: str) -> list[str]:
    """The code in the first column of the tables."""
    return re.findall(r"^\| (?:\d+ \| )?`([^`]+)`", text, flags=re.MULTILINE)


def test_the_pages_are_not_stale() -> None:
    assert reference("--check") == (0, "")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    code, said = reference("--into", str(folder))
    assert code == 0
    assert sorted(said.splitlines()) == [f"{name} written" for name in PAGES]
    return folder


def test_writing_again_changes_nothing(written: Path) -> None:
    assert reference("--into", str(written)) == (0, "")


def test_a_changed_a_missing_and_a_foreign_page_are_each_told(written: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(written, tmp_path / "reference")
    rules = (folder / "rules.md").read_text("utf-8")
    (folder / "rules.md").write_text(rules.replace("| `yellow` | 0.70 |", "| `yellow` | 0.75 |"), "utf-8")
    (folder / "records.md").unlink()
    (folder / "leftover.md").write_text("# Old\n")
    code, said = reference("--check", "--into", str(folder))
    assert code == 1
    assert "    -| `yellow` | 0.75 |\n    +| `yellow` | 0.70 |\n" in said
    assert "records.md is stale; run `make docs`" in said
    assert re.search(r"… and \d+ lines more", said)
    assert "leftover.md is no page of the reference; delete it" in said
    assert "api.md" not in said


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_says_of_itself_stands_in_the_reference(name: str) -> None:
    said = CliRunner().invoke(main, [name, "--help"], terminal_width=100, prog_name="tierwise").output
    assert f"## tierwise {name}\n\n```text\n{said}```\n" in text_of("cli.md")


def test_the_rules_stand_in_the_order_of_precedence() -> None:
    assert first_cells(text_of("rules.md"))[: len(RULES)] == list(RULES)


def test_every_zone_of_the_cascade_has_a_row() -> None:
    assert first_cells(text_of("rules.md"))[-len(CEILINGS) :] == [str(zone) for zone in CEILINGS]


def test_every_kind_of_mistake_is_explained() -> None:
    assert first_cells(text_of("findings.md")) == list(FINDING_RULES)


def test_every_field_of_a_question_is_listed() -> None:
    assert first_cells(text_of("route.md"))[: len(FIELDS)] == list(FIELDS)


def test_every_section_of_the_configuration_is_listed() -> None:
    keys = first_cells(text_of("config.md"))
    assert list(dict.fromkeys(key.partition(".")[0] for key in keys))[: len(SECTIONS)] == list(SECTIONS)


def test_every_public_name_has_a_chapter() -> None:
    chapters = re.findall(r"^## (.+)", text_of("api.md"), flags=re.MULTILINE)
    assert chapters == [name for name in tierwise.__all__ if name != "__version__"]
