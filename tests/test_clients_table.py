"""The table of the guide to the clients says what the acceptance tests showed, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clients_table import BEGIN, CLIENTS, END, PLANES, SITUATIONS, claims, main, table, written

ROOT = Path(__file__).resolve().parents[1]
GUIDE_TEXT = f"# Clients\n\nBefore.\n\n{BEGIN}\n\nold\n\n{END}\n\nAfter.\n"


def claim(
    what: str, plane: str, version: str = "2.1.330", *, passed: bool = True, **more: Any
) -> dict[str, Any]:
    said = {"client": "Claude Code", "version": version, "what": what, "plane": plane, "passed": passed}
    return {**said, "tests": ["test_x.py::test_it"], **more}


def laid_out(folder: Path, shown: object, text: str = GUIDE_TEXT) -> list[str]:
    """The arguments for a guide and a report of one's own."""
    (folder / "report.json").write_text(json.dumps({"shown": shown}))
    (folder / "guide.md").write_text(text)
    return ["--report", str(folder / "report.json"), "--guide", str(folder / "guide.md")]


def test_the_guide_agrees_with_the_report_that_is_kept() -> None:
    assert main(["--check"]) == 0


def test_the_report_names_what_every_test_shows_and_no_more(tmp_path: Path) -> None:
    """A test that was added, or a mark that was changed, asks for another `make acceptance`."""
    out = tmp_path / "collected.json"
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-m", "acceptance", "tests/acceptance"]
    command += ["--acceptance-report", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    collected = [{**one, "passed": True} for one in claims(out)]
    assert collected == [{**one, "passed": True} for one in claims()]


def test_the_report_is_sorted_and_uses_no_other_words_than_the_table() -> None:
    shown = claims()
    keys = [(one["client"], one["version"], one["what"], one["plane"]) for one in shown]
    assert keys == sorted(set(keys))
    assert {client for client, *_ in keys} == set(CLIENTS)
    assert {what for _, _, what, _ in keys} == set(SITUATIONS)
    assert {plane for *_, plane in keys} == set(PLANES)


def test_a_row_is_a_situation_a_column_a_client_at_a_version_and_a_cell_the_planes() -> None:
    shown = [
        claim("skill typed", "gateway"),
        claim("skill typed", "mod"),
        claim("skill called", "gateway", "2.1.197"),
        claim("refusal", "gateway", "0.169.0", client="Codex"),
    ]
    assert table(shown).splitlines() == [
        "|  | Claude Code 2.1.330 | Claude Code 2.1.197 | Codex 0.169.0 |",
        "| --- | --- | --- | --- |",
        "| A skill that the model calls | – | gateway | – |",
        "| A skill that you type | mod, gateway | – | – |",
        "| A hard budget refuses, and says why | – | – | gateway |",
    ]


def test_a_plane_of_which_one_test_failed_is_shown_as_failed() -> None:
    shown = [claim("agent", "hook", passed=False), claim("agent", "mod")]
    assert "| mod, **failed** hook |" in table(shown)


def test_writing_changes_the_table_alone_and_checking_changes_nothing(tmp_path: Path) -> None:
    given = laid_out(tmp_path, [claim("agent", "hook")])
    guide = tmp_path / "guide.md"
    assert main([*given, "--check"]) == 1
    assert guide.read_text() == GUIDE_TEXT
    assert main(given) == 0
    assert guide.read_text() == GUIDE_TEXT.replace("old", table([claim("agent", "hook")]))
    assert main([*given, "--check"]) == 0
    laid_out(tmp_path, [], guide.read_text())
    assert main([*given, "--check"]) == 1


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}"])
def test_a_guide_without_its_marks_is_left_alone(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        written(text, [])
    assert main(laid_out(tmp_path, [], text)) == 1
    assert (tmp_path / "guide.md").read_text() == text


@pytest.mark.parametrize("shown", [None, 5, [{}], [{"client": "Claude Code"}], ["x"]])
def test_a_report_that_is_none_is_told_in_one_line(
    tmp_path: Path, shown: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(laid_out(tmp_path, shown)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


PLAYED = """
import pytest

@pytest.mark.shows("agent", "hook", client="Codex", version="1.2")
@pytest.mark.parametrize("good", [True, False])
def test_some(good):
    assert good

@pytest.mark.shows("agent", "mod", client="Codex", version="1.2")
def test_good():
    pass
"""


def run_of(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """A run of tests of one's own under the acceptance tests' plugin."""
    (folder / "test_played.py").write_text(source)
    (folder / "conftest.py").write_text((ROOT / "tests" / "acceptance" / "conftest.py").read_text())
    (folder / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT / 'tools'} {ROOT / 'tests' / 'acceptance'}\n"
        "markers =\n    shows(what, plane): x\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--acceptance-report",
        "out.json",
    ]
    return subprocess.run(
        [*command, "."], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_claim_is_passed_when_every_test_of_it_is(tmp_path: Path) -> None:
    run_of(tmp_path, PLAYED)
    shown = json.loads((tmp_path / "out.json").read_text())["shown"]
    assert [(one["plane"], one["passed"], one["tests"]) for one in shown] == [
        ("hook", False, ["test_played.py::test_some"]),
        ("mod", True, ["test_played.py::test_good"]),
    ]


def test_a_mark_with_a_word_that_the_guide_does_not_know_stops_the_run(tmp_path: Path) -> None:
    done = run_of(tmp_path, PLAYED.replace('"mod"', '"magic"'))
    assert done.returncode != 0
    assert "shows 'magic'" in done.stdout + done.stderr
