"""`tierwise report` through the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger_samples import NOON_US, execution, numbered
from tierwise import wiring
from tierwise.cli import main
from tierwise.core.ledger import Execution
from tierwise.store.sqlite import SqliteStore

HOUR_US = 3_600_000_000


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))
    monkeypatch.setattr(wiring, "now_us", lambda: NOON_US + HOUR_US)
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def record(path: Path) -> Callable[..., None]:
    def write(*executions: Execution) -> None:
        store = SqliteStore(path)
        store.append(executions)
        store.close()

    return write


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments], catch_exceptions=False)


def test_an_empty_ledger_is_no_error_and_says_what_to_do(path: Path) -> None:
    result = run()

    assert result.exit_code == 0
    assert f"No calls recorded yet in sqlite:{path}" in result.output
    assert "tierwise serve" in result.output
    assert run("--session", "any").output == result.output


def test_the_last_session_is_shown_unless_another_is_asked_for(record) -> None:
    record(*numbered(3), execution(id="new", session="session-2", skill="css", at_us=NOON_US + HOUR_US))

    last, first, everything = run(), run("--session", "session-1"), run("--session", "all")

    assert "session session-2" in last.output
    assert "css" in last.output
    assert "page-component-mapper" not in last.output
    assert ["page-component-mapper", "haiku", "12,150", "$0.006", "3", "0%"] in [
        line.split() for line in first.output.splitlines()
    ]
    assert "2 sessions, 2026-" in everything.output
    assert everything.output.startswith("Session Token Summary  2 sessions")
    assert "1 session, 2026-" in run("--since", "1m").output


def test_a_doctors_probe_is_not_the_last_session_of_a_person(record) -> None:
    record(*numbered(3), execution(id="new", session="doctor-1", at_us=NOON_US + HOUR_US))

    assert "session session-1" in run().output
    assert "session doctor-1" in run("--session", "doctor-1").output


def test_since_looks_at_all_sessions_from_then_on(record) -> None:
    old = execution(id="old", session="session-0", at_us=NOON_US - 23 * HOUR_US)
    record(old, execution(id="new", at_us=NOON_US))

    calls = {since: json.loads(run("--since", since, "--json").output)["calls"] for since in ("2h", "2d")}

    assert calls == {"2h": 1, "2d": 2}


def test_a_window_without_calls_is_no_error(record) -> None:
    record(execution())

    result = run("--since", "5m")

    assert result.exit_code == 0
    assert "No such calls" in result.output


def test_a_session_that_does_not_exist_is_a_mistake_and_the_known_ones_are_named(record) -> None:
    record(execution())

    result = run("--session", "sesion-1")

    assert result.exit_code == 2
    assert "no call of session `sesion-1`. The newest are: session-1" in " ".join(result.output.split())


def test_a_since_that_is_no_moment_is_a_mistake_that_shows_the_forms(path: Path) -> None:
    result = run("--since", "lunchtime")

    assert result.exit_code == 2
    assert "`lunchtime` is not a moment; write 24h, 7d" in " ".join(result.output.split())


def test_a_project_is_reported_over_all_its_sessions(record) -> None:
    shop = [execution(id=str(n), session=f"s{n}", project="shop", at_us=NOON_US + n) for n in range(2)]
    record(*shop, execution(id="other", session="s9", project="blog", at_us=NOON_US + HOUR_US))

    assert json.loads(run("--project", "shop", "--json").output)["calls"] == 2
    assert json.loads(run("--project", "shop", "--session", "s1", "--json").output)["calls"] == 1
    assert "project shop, 2 sessions" in run("--project", "shop").output
    assert "No such calls" in run("--project", "nowhere").output
    assert len(run("--project", "blog", "--csv").output.splitlines()) == 2


def test_json_has_the_same_figures_as_the_text(record) -> None:
    record(*numbered(2))

    summary = json.loads(run("--json").output)

    assert summary["rows"] == [
        {
            "skill": "page-component-mapper",
            "model": "haiku",
            "calls": 2,
            "tokens": {
                "input": 6_400, "output": 1_700, "total": 8_100,
                "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0,
            },
            "cost_usd": 0.004,
            "unpriced_calls": 0,
        }
    ]  # fmt: skip
    assert summary["savings"]["if_all"]["opus"]["saved_pct"] == "98.3%"
    assert summary["savings"]["against_asked"]["saved_usd"] == 0.236
    assert summary["moved"] == 2
    assert (summary["first"], summary["last"]) == ("2026-02-14T15:30:00Z", "2026-02-14T15:30:01Z")
    assert summary["budget_status"] == ["Zone: green", "Weekly: 45% consumed", "Session: 12% consumed"]


def test_json_of_an_empty_ledger_is_a_summary_of_nothing(path: Path) -> None:
    assert json.loads(run("--json").output)["calls"] == 0


def test_csv_has_one_row_a_call_and_exact_costs(record) -> None:
    record(*numbered(2), execution(id="free?", at_us=NOON_US - 1, cost_nanousd=None, skill=None))

    rows = list(csv.DictReader(io.StringIO(run("--session", "all", "--csv").output)))

    assert [row["id"] for row in rows] == ["free?", "call-0", "call-1"]
    assert [row["cost_usd"] for row in rows] == ["", "0.002000000", "0.002000000"]
    assert [row["skill"] for row in rows] == ["", "page-component-mapper", "page-component-mapper"]
    assert {row["input"] for row in rows} == {"3200"}
    assert rows[0]["timestamp"] == "2026-02-14T15:29:59Z"
    assert rows[0]["zone"] == "green"


def test_csv_of_an_empty_ledger_is_its_heading(path: Path) -> None:
    assert run("--csv").output.startswith("timestamp,id,session,")
    assert run("--csv").output.count("\n") == 1


def test_csv_never_lets_a_spreadsheet_run_foreign_text(record) -> None:
    record(execution(skill="=HYPERLINK(1)", reason="+1\n-2", project="-x"))

    (row,) = csv.DictReader(io.StringIO(run("--csv").output))

    assert (row["skill"], row["reason"], row["project"]) == ("'=HYPERLINK(1)", "'+1\n-2", "'-x")


def test_json_and_csv_at_once_is_a_mistake(path: Path) -> None:
    assert run("--json", "--csv").exit_code == 2


def test_another_ledger_can_be_named(record, tmp_path: Path) -> None:
    record(execution())
    other = tmp_path / "other.sqlite"

    assert "page-component-mapper" in run("--store", f"sqlite:{tmp_path / 'ledger.sqlite'}").output
    assert f"No calls recorded yet in sqlite:{other}" in run("--store", f"sqlite:{other}").output


@pytest.mark.parametrize(
    ("url", "message"), [("redis:x", "is not a store"), ("sqlite:/proc/version/x", "cannot")]
)
def test_a_ledger_that_cannot_be_opened_ends_in_one_clear_line(path: Path, url: str, message: str) -> None:
    result = run("--store", url)

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert message in result.output
    assert result.output.count("\n") == 1


def test_the_report_is_plain_text_of_at_most_100_columns(record) -> None:
    record(
        *numbered(3, skill="s" * 90, served_model="m" * 90, served_tier=None, binding="b" * 30, zone="red")
    )

    output = run().output

    assert "\x1b" not in output
    assert max(map(len, output.splitlines())) <= 100
