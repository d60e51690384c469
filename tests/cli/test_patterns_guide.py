"""The guide to the patterns shows what the commands print, for the skill that it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwise import wiring
from tierwise.cli import main

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "patterns.md").read_text("utf-8")
NOVEMBER_US = 1_795_392_000_000_000
(SKILL,) = re.findall(r"```markdown\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = re.findall(r"^\$ (tierwise [^\n]*)\n(.*?)(?=^\$ |\Z)", "".join(
    re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)
), re.DOTALL | re.MULTILINE)  # fmt: skip


def test_the_guide_shows_every_pattern_and_adapt() -> None:
    shown = {" ".join(command.split()[1:3]) for command, _ in COMMANDS}

    assert {"pattern cascade", "pattern prescreen", "pattern batch", "adapt bug-hunter"} <= shown


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_what_the_guide_shows_is_printed(
    command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line by line and in this order; `…` stands for any lines. A comment says how the skill differs."""
    typed, _, changed = command.partition("#")
    folder = tmp_path / ".claude" / "skills" / "bug-hunter"
    folder.mkdir(parents=True)
    key = changed.strip().partition(":")[0]
    (folder / "SKILL.md").write_text(re.sub(rf"{key}: \w+", changed.strip(), SKILL) if key else SKILL)
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(wiring, "now_us", lambda: NOVEMBER_US)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, shlex.split(typed)[1:], catch_exceptions=False)

    assert result.exit_code == 0
    printed = iter(result.stdout.splitlines())
    skipping = False
    for line in shown.rstrip("\n").splitlines():
        if line.strip() == "…":
            skipping = True
            continue
        found = next((other for other in printed if not skipping or other == line), None)
        assert found == line
        skipping = False
