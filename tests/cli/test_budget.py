"""`tierwise budget` through the command line: set, show, remove, simulate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ledger_samples import NOON_US, execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.core.ledger import Execution
from tierwise.store.sqlite import SqliteStore

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
WIDTH = 100
SKILLS = {"css-layout-debugger": ("sonnet", "medium"), "ui-bug-investigator": ("opus", "high")}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("TIERWISE_HOME", str(folder))
    monkeypatch.setattr(wiring, "now_us", lambda: NOON_US)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, (tier, demand) in SKILLS.items():
        skill = folder / "skills" / name
        skill.mkdir(parents=True)
        (skill / "SKILL.md").write_text(
            f"---\nname: {name}\ndescription: d\nmodel:\n  preferred: {tier}\n"
            f"  acceptable: [haiku, sonnet, opus]\n  minimum: haiku\n  reasoning_demand: {demand}\n---\n"
        )
    return folder


@pytest.fixture
def record(home: Path) -> Callable[..., None]:
    def write(*executions: Execution) -> None:
        store = SqliteStore(home / "ledger.sqlite")
        store.append(executions)
        store.close()

    return write


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["budget", *(str(one) for one in arguments)], catch_exceptions=False)


def shown(*arguments: object) -> dict[str, Any]:
    """The budgets by name."""
    document = json.loads(run("show", "--json", *arguments).stdout)
    return {budget["name"]: budget for budget in document["budgets"]}


def spent(usd: float, hours_ago: float = 1, **changes: Any) -> Execution:
    at_us = NOON_US - int(hours_ago * HOUR_US)
    return execution(
        **{"id": f"c{at_us}{changes}", "at_us": at_us, "cost_nanousd": round(usd * 10**9), **changes}
    )


# -- set and remove ----------------------------------------------------------------------------------------


def test_a_budget_that_was_set_is_in_the_file_and_is_shown(home) -> None:
    result = run(
        "set", "opus", "--limit", "45messages", "--window", "weekly", "--scope", "tier=heavy", "--hard"
    )
    assert result.exit_code == 0
    assert (home / "budgets.yaml").read_text() == (
        "opus:\n  limit: 45messages\n  window: weekly\n  scope: tier=opus\n  hard: true\n"
    )
    budget = shown()["opus"]
    assert (budget["limit"], budget["spent"], budget["unit"]) == (45, 0, "messages")
    assert (budget["hard"], budget["scope"], budget["zone"]) == (True, {"tier": "opus"}, "green")


def test_what_is_not_named_stays_as_it_was(home) -> None:
    run("set", "m", "--limit", "40usd", "--window", "monthly", "--billing-day", 15, "--zone", "Europe/Berlin")
    run("set", "m", "--hard", "--yellow", "0.5")
    result = run("set", "m", "--limit", "50usd", "--soft", "--json")
    assert json.loads(result.output)["budget"] == {
        "name": "m",
        "limit": "50usd",
        "window": "monthly",
        "zone": "Europe/Berlin",
        "billing_day": 15,
        "yellow": 0.5,
        "red": 0.9,
    }
    assert run("set", "m", "--window", "daily").exit_code == 0


def test_a_limit_in_percent_becomes_one_in_dollars(home) -> None:
    assert run("set", "p", "--limit", "80%", "--window", "weekly", "--unit-of", "anthropic-7d").exit_code == 0
    assert run("set", "p", "--limit", "8usd").exit_code == 0
    assert "quota" not in (home / "budgets.yaml").read_text()


def test_every_mistake_of_a_command_is_told_at_once_and_nothing_is_written(home) -> None:
    result = run("set", "b", "--limit", "5", "--scope", "teir=x", "--zone", "Berlin", "--billing-day", 40)
    assert result.exit_code == 2
    for part in ("`window` is missing", "has no unit", "Did you mean `tier`?", "no time zone", "`40` is out"):
        assert part in result.stderr
    assert not (home / "budgets.yaml").exists()


def test_a_file_with_broken_yaml_is_left_alone(home) -> None:
    (home / "budgets.yaml").write_text("week: {limit: 5usd\n")
    for command in (("set", "d", "--limit", "1usd", "--window", "daily"), ("remove", "week")):
        result = run(*command)
        assert result.exit_code == 1
        assert "budgets.yaml:" in result.stderr
    assert run("show").exit_code == 1


def test_a_removed_budget_is_gone_and_a_misspelt_one_is_guessed(home) -> None:
    run("set", "week", "--limit", "5usd", "--window", "weekly")
    assert "Did you mean `week`?" in run("remove", "weak").stderr
    assert json.loads(run("remove", "week", "--json").output) == {"removed": "week"}
    assert shown() == {}
    assert "No budgets" in run("show").output


# -- show --------------------------------------------------------------------------------------------------


def test_a_budget_shows_what_its_window_and_scope_have_spent(record) -> None:
    run("set", "week", "--limit", "5usd", "--window", "weekly")
    run("set", "day", "--limit", "5usd", "--window", "daily")
    run("set", "opus", "--limit", "10messages", "--window", "weekly", "--scope", "tier=opus")
    run("set", "tokens", "--limit", "1mtokens", "--window", "daily")
    record(
        spent(1, hours_ago=1),
        spent(2, hours_ago=20),
        spent(1, hours_ago=167, served_tier="opus", served_model="claude-opus-4-6"),
        spent(7, hours_ago=168),
    )
    budgets = shown()
    assert {name: budget["spent"] for name, budget in budgets.items()} == {
        "week": 4.0,
        "day": 1.0,
        "opus": 1,
        "tokens": 7_450,
    }
    assert (budgets["week"]["zone"], budgets["week"]["share"]) == ("yellow", 0.8)
    assert budgets["week"]["resets_us"] is None
    assert budgets["day"]["resets_us"] == NOON_US - NOON_US % DAY_US + DAY_US
    assert budgets["day"]["resets"] == "in 8 h 30 min"


def test_each_run_and_session_is_shown_by_its_latest(record) -> None:
    run("set", "task", "--limit", "5usd", "--window", "daily", "--scope", "run")
    run("set", "talk", "--limit", "5usd", "--window", "session")
    run("set", "opus-talk", "--limit", "5usd", "--window", "session", "--scope", "tier=opus")
    record(
        spent(1, hours_ago=3, session="old", run="old-run"),
        spent(2, hours_ago=2, session="new", run="new-run"),
        spent(
            0.5, hours_ago=1, session="new", run="new-run", served_tier="opus", served_model="claude-opus-5-5"
        ),
    )
    newest, older = shown(), shown("--session", "old")
    assert {name: budget["spent"] for name, budget in newest.items()} == {
        "task": 2.5,
        "talk": 2.5,
        "opus-talk": 0.5,
    }
    assert newest["task"]["scope"] == {"run": "new-run"}
    assert (older["task"]["scope"], older["talk"]["spent"]) == ({"run": "old-run"}, 1.0)


def test_budgets_of_the_routing_configuration_are_shown_too(home, record) -> None:
    (home / "model-routing.yaml").write_text(
        "weekly_budget:\n  opus_messages: 45\n  total_spend: null\n"
        "budget_zones: {yellow_threshold: 0.01, red_threshold: 0.5}\n"
    )
    run("set", "week", "--limit", "100usd", "--window", "weekly")
    record(spent(2))
    budgets = shown()
    assert budgets["weekly opus messages"]["source"] == "model-routing.yaml"
    assert (budgets["weekly spend"]["zone"], budgets["weekly spend"]["limit"]) == ("unknown", None)
    assert (budgets["week"]["zone"], budgets["week"]["source"]) == ("yellow", str(home / "budgets.yaml"))


def test_a_quota_is_unknown_and_not_nothing(home) -> None:
    run("set", "plan", "--limit", "80%", "--window", "weekly", "--unit-of", "anthropic-7d")
    plan = shown()["plan"]
    assert (plan["zone"], plan["spent"], plan["limit"], plan["quota"]) == (
        "unknown",
        None,
        80,
        "anthropic-7d",
    )
    assert "observed by the gateway" in run("show").output


def test_a_forecast_needs_calls_and_then_says_when(record) -> None:
    run("set", "week", "--limit", "5usd", "--window", "weekly")
    assert shown()["week"]["forecast"]["state"] == "unknown"
    record(*(spent(0.1, hours_ago=hour) for hour in range(1, 41)))
    found = shown()["week"]["forecast"]
    assert found["state"] == "runs_out"
    assert found["per_hour"] == pytest.approx(0.1, rel=0.05)
    assert found["run_out_us"] == pytest.approx(NOON_US + 10 * HOUR_US, abs=HOUR_US)
    assert NOON_US < found["earliest_us"] < found["run_out_us"] < found["latest_us"]


def test_pace_moves_the_zone_of_a_budget_that_asks_for_it(record) -> None:
    for name, by in (("spent", "spent"), ("both", "both")):
        run("set", name, "--limit", "10usd", "--window", "weekly", "--zone-by", by)
    record(*(spent(0.1, hours_ago=hour) for hour in range(1, 41)))
    assert {name: budget["zone"] for name, budget in shown().items()} == {"spent": "green", "both": "yellow"}


def test_an_exhausted_week_says_when_there_is_room_again(record) -> None:
    run("set", "week", "--limit", "5usd", "--window", "weekly")
    record(spent(3, hours_ago=165), spent(3, hours_ago=1))
    assert (shown()["week"]["zone"], shown()["week"]["resets"]) == ("exhausted", "in 3 h")


def test_a_limit_of_nothing_is_full_and_still_json(record) -> None:
    run("set", "stop", "--limit", "0usd", "--window", "daily", "--scope", "tier=opus", "--hard")
    record(spent(1, served_tier="opus", served_model="claude-opus-4-6"))
    assert (shown()["stop"]["zone"], shown()["stop"]["share"]) == ("exhausted", None)
    assert run("show").exit_code == 0


def test_the_text_fits_a_terminal_and_has_no_colours_in_a_pipe(record) -> None:
    run("set", "week", "--limit", "5usd", "--window", "weekly", "--zone", "America/Argentina/Buenos_Aires")
    run("set", "a-long-name-" * 4, "--limit", "500usd", "--window", "monthly", "--scope", "skill=" + "x" * 60)
    run("set", "all of it", "--limit", "none", "--window", "session")
    record(*(spent(0.1, hours_ago=hour) for hour in range(1, 41)))
    output = run("show").output
    assert "\x1b" not in output
    assert max(len(line) for line in output.splitlines()) <= WIDTH
    assert "$4.00 of $5.00" in output
    assert "runs out 14 Feb" in output
    assert "$4.00 spent; no limit" in output


def test_mistakes_in_the_file_are_told_and_the_rest_is_shown(home) -> None:
    (home / "budgets.yaml").write_text(
        "week: {limit: 5, window: weekly}\nday: {limit: 5usd, window: daily}\n"
    )
    result = run("show")
    assert result.exit_code == 1
    assert "day  daily" in result.stdout
    assert "budgets.yaml:1: error: `week.limit`" in result.stderr
    document = json.loads(run("show", "--json").stdout)
    assert [finding["key"] for finding in document["findings"]] == ["week.limit"]


# -- simulate ----------------------------------------------------------------------------------------------


def test_spending_at_once_shows_the_zone_and_the_skills_that_change(record, project) -> None:
    run("set", "week", "--limit", "10usd", "--window", "weekly")
    record(spent(6.5))
    result = run("simulate", "week", "--spend", "1usd", "--project", project, "--json")
    (crossing,) = json.loads(result.output)["crossings"]
    assert (crossing["before"], crossing["zone"], crossing["spent"]) == ("green", "yellow", 7.5)
    assert crossing["skills"] == []
    red = run("simulate", "week", "--spend", "3usd", "--project", project).output
    assert "Then: week green → red at $9.50" in red
    assert "ui-bug-investigator: opus → haiku" in red
    assert "css-layout-debugger: sonnet → haiku" in red


def test_spending_each_day_shows_when_each_zone_begins(record, project) -> None:
    run("set", "month", "--limit", "10usd", "--window", "monthly")
    record(spent(6))
    result = json.loads(run("simulate", "--all", "--per-day", "1usd", "--project", project, "--json").output)
    steps = [((step["at_us"] - NOON_US) / DAY_US, step["zone"]) for step in result["crossings"]]
    assert steps == [(1, "yellow"), (3, "red"), (4, "exhausted")]
    assert result["crossings"][1]["skills"] != []


def test_what_is_left_at_the_reset_is_not_crossed(record, project) -> None:
    run("set", "month", "--limit", "1000usd", "--window", "monthly")
    run("set", "opus", "--limit", "45messages", "--window", "weekly")
    record(spent(6))
    output = run("simulate", "--all", "--per-day", "1usd", "--project", project).output
    assert output.splitlines() == ["month stays green before its reset", "opus counts messages, not usd"]


def test_the_present_rate_is_taken_where_none_is_named(record) -> None:
    run("set", "week", "--limit", "5usd", "--window", "weekly")
    assert "too few calls" in run("simulate", "week").output
    record(*(spent(0.1, hours_ago=hour) for hour in range(1, 41)))
    output = run("simulate", "week").output
    assert "week yellow → red at $4.50" in output
    assert "week red → exhausted at $5.00" in output
    assert "No skills in this project" in output


def test_a_hard_budget_that_is_exhausted_refuses_and_says_so(record, project) -> None:
    run("set", "task", "--limit", "2usd", "--window", "daily", "--hard")
    record(spent(1))
    result = json.loads(run("simulate", "task", "--spend", "1usd", "--project", project, "--json").output)
    assert {change["after"] for change in result["crossings"][0]["skills"]} == {"refused"}
    record(spent(1, hours_ago=2))
    output = run("simulate", "task", "--spend", "1usd", "--project", project).output
    assert "Now: 2 of 2 skills refused, for task is exhausted" in output
    assert "task is exhausted already" in output


def test_a_budget_of_another_project_changes_no_skill_here(record, project) -> None:
    run("set", "other", "--limit", "1usd", "--window", "daily", "--scope", "project=elsewhere", "--hard")
    run("set", "day", "--limit", "100usd", "--window", "daily")
    record(spent(2, hours_ago=2, project="elsewhere"), spent(1))
    result = json.loads(run("simulate", "day", "--spend", "1usd", "--project", project, "--json").output)
    assert (result["refused"], result["unmoved"]) == ([], [{"budget": "day", "why": "stays green"}])


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("week", "--all"),
        ("week", "--spend", "1usd", "--per-day", "1usd"),
        ("week", "--spend", "much"),
        ("week", "--spend", "none"),
        ("week", "--per-day", "5%"),
    ],
)
def test_what_cannot_be_simulated_is_a_usage_error(home, arguments) -> None:
    assert run("simulate", *arguments).exit_code == 2


def test_a_budget_that_is_not_there_is_guessed(home) -> None:
    run("set", "week", "--limit", "5usd", "--window", "weekly")
    result = run("simulate", "weak")
    assert (result.exit_code, "Did you mean `week`?" in result.stderr) == (1, True)
