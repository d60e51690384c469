"""`tierwise estimate`, through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger_samples import NOON_US, execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.core.ledger import Execution
from tierwise.core.usage import Usage
from tierwise.store.sqlite import SqliteStore

SKILLS = Path(__file__).parent.parent / "fixtures" / "skills" / "frontend-qa"
PRICES_SINCE_US = NOON_US + 300 * 24 * 3_600_000_000
MINUTE_US = 60_000_000
BIT_BY_BIT = ", resets bit by bit, as spending grows older than 7 days"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERWISE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(wiring, "now_us", lambda: PRICES_SINCE_US)
    return tmp_path


@pytest.fixture
def record(home: Path) -> Callable[..., None]:
    def write(*executions: Execution) -> None:
        store = SqliteStore(home / "ledger.sqlite")
        store.append(executions)
        store.close()

    return write


def estimate(*arguments: str, project: Path = SKILLS) -> Result:
    whole = ["estimate", *arguments, "--project", str(project)]
    return CliRunner().invoke(main, whole, catch_exceptions=False)


def runs_of(skill: str, count: int) -> list[Execution]:
    """So many runs of two calls, each a little longer than the one before, in the last hour."""
    return [
        execution(
            id=f"{turn}-{call}",
            skill=skill,
            turn=f"turn-{turn}",
            at_us=PRICES_SINCE_US - (2 * (count - turn) - call) * MINUTE_US,
            usage=Usage(1_000, 100 * (turn + 1), 5_000),
            served_model="claude-opus-5-5",
            served_tier="opus",
            cost_nanousd=100_000_000,
        )
        for turn in range(count)
        for call in range(2)
    ]


def test_declared_ranges_are_shown_at_every_tier(home: Path) -> None:
    result = estimate("page-component-mapper")
    lines = [" ".join(line.split()) for line in result.output.splitlines()]

    assert result.exit_code == 0
    assert lines[0] == "[ESTIMATE] page-component-mapper"
    assert lines[1].startswith("From: the ranges declared in ")
    assert lines[2] == "One run: 8,000-25,000 tokens"
    assert "opus $0.040 to $0.124 claude-opus-5-5" in lines
    assert "What remains:" not in lines


def test_what_remains_of_the_budgets_that_govern_it_is_told_in_runs(
    home: Path, record: Callable[..., None]
) -> None:
    (home / "budgets.yaml").write_text(
        "week: {limit: 5usd, window: weekly}\n"
        "week-opus: {limit: 45messages, window: weekly, scope: tier=opus}\n"
        "opus-usd: {limit: 1.44usd, window: weekly, scope: tier=opus}\n"
        "tracked: {limit: none, window: weekly}\n"
        "others: {limit: 1usd, window: weekly, scope: skill=something-else}\n"
    )
    record(*runs_of("page-component-mapper", 1))
    result = estimate("page-component-mapper")
    lines = [" ".join(line.split()) for line in result.output.splitlines()]

    assert result.exit_code == 0
    week, opus = lines.index("What remains:") + 1, lines.index("opus-usd: $1.24 of $1.44 left" + BIT_BY_BIT)
    assert lines[week] == "week: $4.80 of $5.00 left" + BIT_BY_BIT
    assert lines[week + 1] == ("enough for runs: haiku 1,548-4,800, sonnet 77-240, opus 38-120, fable 19-60")
    assert lines[opus + 1] == "enough for runs: opus 10-31"
    assert "week-opus: 43 of 45 messages left" + BIT_BY_BIT in lines
    assert "tracked: no known limit" in lines
    assert "others" not in result.output


def test_without_a_declaration_the_skills_own_runs_count(record: Callable[..., None]) -> None:
    record(*runs_of("ui-bug-investigator", 10), *runs_of("page-component-mapper", 1))
    result = estimate("ui-bug-investigator")
    lines = [" ".join(line.split()) for line in result.output.splitlines()]

    assert lines[1:6] == [
        "From: its own last 10 runs, p50 to p90",
        "One run: 13,000-13,800 tokens in 2 calls",
        "new input: 2,000",
        "read from the cache: 10,000",
        "output: 1,000-1,800",
    ]
    assert "opus $0.030 to $0.046 claude-opus-5-5" in lines


def test_a_declaration_is_shown_beside_what_happened(record: Callable[..., None]) -> None:
    record(*runs_of("page-component-mapper", 10))

    assert "Its last 10 runs took 13,000-13,800 tokens in 2 calls (p50 to p90)" in (
        estimate("page-component-mapper").output
    )


def test_a_skill_of_which_nothing_is_known_says_what_to_do(record: Callable[..., None]) -> None:
    record(*runs_of("ui-bug-investigator", 2))
    result = estimate("ui-bug-investigator")

    assert result.exit_code == 0
    assert "2 of the 5 finished runs" in result.output
    assert "estimated_tokens: {" in result.output


def test_json_has_stable_keys(home: Path, record: Callable[..., None]) -> None:
    (home / "budgets.yaml").write_text("week: {limit: 5usd, window: weekly}\n")
    record(*runs_of("ui-bug-investigator", 10))
    answer = json.loads(estimate("ui-bug-investigator", "--json").stdout)
    found = answer["estimate"]

    assert set(answer) == {"skill", "skill_path", "finished_runs", "estimate", "history"}
    assert (answer["skill"], answer["finished_runs"]) == ("ui-bug-investigator", 10)
    assert (found["source"], found["runs"], found["calls"]) == ("history", 10, {"low": 2, "high": 2})
    assert found["tokens"] == {"low": 13_000, "high": 13_800}
    assert found["usd"]["opus"] == {"low": 0.03, "high": 0.046}
    assert found["p90"] == {
        "tokens": {
            "input": 2_000, "output": 1_800, "cache_read": 10_000, "cache_write_5m": 0, "cache_write_1h": 0,
            "total": 13_800, "weighted": 12_000,
        },
        "calls": 2,
        "usd": {"haiku": 0.0012, "sonnet": 0.023, "opus": 0.046, "fable": 0.09},
    }  # fmt: skip
    (week,) = found["remaining"]
    assert (week["budget"], week["scope"], week["unit"], week["limit"]) == ("week", "all", "usd", 5.0)
    assert week["left"] == pytest.approx(3.0)
    assert week["runs"]["opus"] == {"low": 65, "high": 100}


def test_json_of_the_unknown_is_null(home: Path) -> None:
    answer = json.loads(estimate("ui-bug-investigator", "--json").stdout)

    assert (answer["estimate"], answer["history"], answer["finished_runs"]) == (None, None, 0)


def test_a_project_may_declare_for_its_skill(home: Path) -> None:
    project = home / "project"
    folder = project / ".claude" / "skills" / "mapper"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: mapper\ndescription: Maps.\n---\nMap it.\n")
    (project / ".claude" / "model-routing.yaml").write_text(
        "overrides:\n  mapper:\n    estimated_tokens: {total_estimate: 1000-2000}\n"
    )

    assert "One run: 1,000-2,000 tokens" in estimate("mapper", project=project).output


def test_an_estimate_is_given_while_routing_is_off(home: Path) -> None:
    (home / "model-routing.yaml").write_text("mode: off\n")

    assert "One run: 8,000-25,000 tokens" in estimate("page-component-mapper").output


def test_an_unknown_skill_is_said_with_those_that_are_known(home: Path) -> None:
    result = estimate("no-such-skill")

    assert result.exit_code == 1
    assert "no skill `no-such-skill`" in result.output
    assert "page-component-mapper" in result.output


def test_a_store_that_cannot_be_opened_is_one_clear_line(home: Path) -> None:
    result = estimate("page-component-mapper", "--store", "redis:x")

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1


def test_the_estimate_is_plain_text(record: Callable[..., None]) -> None:
    record(*runs_of("ui-bug-investigator", 10))

    assert "\x1b" not in estimate("ui-bug-investigator").output
