"""`tierwise audit` through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger_samples import NOON_US, execution, numbered
from tierwise.cli import main
from tierwise.core.ledger import Execution
from tierwise.core.records import as_json
from tierwise.store.sqlite import SqliteStore


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))

    def write(*executions: Execution) -> None:
        store = SqliteStore(tmp_path / "ledger.sqlite")
        store.append(executions)
        store.close()

    return write


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments], catch_exceptions=False)


def test_a_record_is_explained_from_what_was_stored(record) -> None:
    record(execution(served_model="claude-haiku-4-5-20251001", minimum_tier="haiku"))

    lines = run().output.splitlines()

    assert lines[:11] == [
        "[ROUTE] page-component-mapper",
        "  Preferred: haiku",
        "  User override: none",
        "  Skill minimum: haiku",
        "  Budget zone: green",
        "  Upgrade triggers: none matched",
        "  Downgrade triggers: none (green zone)",
        "  → Decision: haiku (preferred model, budget available)",
        "    platform_default  unknown -> opus  the client asks for claude-opus-4-6",
        "    preferred         opus -> haiku    page-component-mapper prefers haiku",
        "  Served: claude-haiku-4-5-20251001, 4,050 tokens, $0.002, ok in 1.2 s",
    ]
    assert lines[11].startswith("  Call: call-1, 2026-02-1")


def test_verbose_and_a_single_call_show_every_step(record) -> None:
    record(execution())

    assert "no override" not in run().output
    assert "user              haiku -> haiku   no override" in run("--verbose").output
    assert "no override" in run("--id", "call-1").output


def test_the_newest_calls_are_shown_oldest_first(record) -> None:
    record(*numbered(25))

    shown = [line.split()[1] for line in run().output.splitlines() if line.startswith("  Call: ")]
    two = [line.split()[1] for line in run("--last", "2").output.splitlines() if line.startswith("  Call: ")]

    assert shown == [f"call-{n}," for n in range(5, 25)]
    assert two == ["call-23,", "call-24,"]


def test_calls_are_chosen_by_session_and_skill(record) -> None:
    record(*numbered(2), execution(id="other", session="session-2", skill="css", at_us=NOON_US + 10**9))

    assert run("--session", "last").output.count("[ROUTE]") == 1
    assert run("--session", "session-1").output.count("[ROUTE]") == 2
    assert run("--skill", "css").output.startswith("[ROUTE] css\n")
    assert run("--since", "2026-02-01").output.count("[ROUTE]") == 3


def test_what_was_decided_and_not_served_is_an_alarm(record) -> None:
    record(
        execution(id="a", served_model="claude-opus-4-6", served_tier="opus"),
        execution(id="b", mode="observe", served_model="claude-opus-4-6"),
        execution(id="c", outcome="unreachable", status=0, served_model="", cost_nanousd=None),
    )

    output = run().output

    assert output.count("Mismatch: claude-haiku-4-5 was decided, claude-opus-4-6 answered") == 1
    assert "Mode: observe (decided, not applied)" in output
    assert "Served: no model answered, 4,050 tokens, price unknown, unreachable (0) in 1.2 s" in output


def test_json_is_the_record_a_line(record) -> None:
    entries = numbered(3)
    record(*entries)

    printed = [json.loads(line) for line in run("--json").output.splitlines()]

    assert printed == [as_json(entry) for entry in entries]


def test_an_empty_ledger_is_no_error(record) -> None:
    result = run()

    assert result.exit_code == 0
    assert "No calls recorded yet" in result.output
    assert run("--json").output == ""


def test_nothing_that_matches_is_no_error_and_an_unknown_id_is_a_mistake(record) -> None:
    record(execution())

    assert "No such calls" in run("--skill", "nobody").output
    assert run("--skill", "nobody").exit_code == 0
    assert run("--id", "nobody").exit_code == 2
    assert run("--session", "nobody").exit_code == 2
    assert run("--last", "0").exit_code == 2
