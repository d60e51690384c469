"""The guide says what the code does: its scripts load, its Python runs, its tables are complete."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tierwise.simulator.log import LogEntry
from tierwise.simulator.script import Match, Respond
from tierwise.simulator.script_reading import load_script

GUIDE = (Path(__file__).parents[2] / "docs/guides/simulator.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def _rows(title: str) -> list[str]:
    """The keys in the first column of the table under a heading."""
    section = GUIDE.split(f"### `{title}`")[1].split("\n#")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize(("kind", "title"), [(Match, "match"), (Respond, "respond")])
def test_the_guide_lists_every_key(kind, title):
    assert _rows(title) == [field.name for field in fields(kind)]


def test_the_guide_names_every_field_of_the_log():
    section = GUIDE.split("## The log")[1]
    assert [field.name for field in fields(LogEntry) if f"`{field.name}`" not in section] == []


def test_the_scripts_in_the_guide_load(tmp_path):
    blocks = _blocks("yaml")
    assert len(blocks) == 1
    (tmp_path / "script.yaml").write_text(blocks[0], encoding="utf-8")
    script = load_script(tmp_path / "script.yaml")
    assert [len(rule.steps) for rule in script.rules] == [3, 1]
    assert script.strict_models


def test_the_python_in_the_guide_runs():
    blocks = _blocks("python")
    assert len(blocks) == 1
    exec(compile(blocks[0], "simulator.md", "exec"), {})
