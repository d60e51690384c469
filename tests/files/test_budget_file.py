"""The budgets file: read with every mistake at once, written without losing a comment."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.core.budgets import DIMENSIONS, SCOPE_KINDS, Budget
from tierwise.core.zones import EVERYTHING, Scope, Thresholds
from tierwise.errors import ConfigError
from tierwise.files.budget_limits import limit_of, limit_text
from tierwise.files.budgets import (
    MOST_BUDGETS,
    budget_of,
    merged,
    read_budgets,
    remove_budget,
    set_budget,
)
from tierwise.files.config import BudgetSpec
from tierwise.files.finding_rules import RULES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "budgets.yaml"


def write(path: Path, text: str) -> Path:
    path.write_text(dedent(text).lstrip())
    return path


# -- limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5usd", ("usd", 5_000_000_000)),
        ("$5", ("usd", 5_000_000_000)),
        (" 0.05 USD ", ("usd", 50_000_000)),
        ("$1,250.50", ("usd", 1_250_500_000_000)),
        ("1.5kusd", ("usd", 1_500_000_000_000)),
        ("200ktokens", ("tokens", 200_000)),
        ("1.5m tokens", ("tokens", 1_500_000)),
        ("1_000 tokens", ("tokens", 1_000)),
        ("45messages", ("messages", 45)),
        ("0messages", ("messages", 0)),
        ("2k messages", ("messages", 2_000)),
        ("80%", ("percent", 80)),
        ("none", ("usd", None)),
        ("none tokens", ("tokens", None)),
    ],
)
def test_a_limit_means_what_it_says(text, meant) -> None:
    assert limit_of(text) == meant


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("5", "has no unit"),
        ("5m", "has no unit"),
        ("5eur", "is no limit"),
        ("many", "is no limit"),
        ("", "is no limit"),
        ("-5usd", "is no limit"),
        ("$5tokens", "has two units"),
        ("1.5messages", "is finer than what is counted"),
        ("0.0000000001usd", "is finer than what is counted"),
        ("0%", "is out of range"),
        ("101%", "is out of range"),
        ("9999999999usd", "is out of range"),
        ("none apples", "has a unit that is not known"),
    ],
)
def test_what_is_no_limit_is_told(text, problem) -> None:
    with pytest.raises(ValueError, match=problem):
        limit_of(text)


LIMITS = st.one_of(
    st.tuples(st.just("usd"), st.none() | st.integers(0, 10**18)),
    st.tuples(st.sampled_from(["tokens", "messages"]), st.none() | st.integers(0, 10**12)),
    st.tuples(st.just("percent"), st.none() | st.integers(1, 100)),
)


@given(LIMITS)
def test_a_limit_is_read_back_as_it_was_written(limit) -> None:
    assert limit_of(limit_text(*limit)) == limit


# -- reading -----------------------------------------------------------------------------------------------


def test_every_key_is_read(path) -> None:
    write(
        path,
        """
        month:
          limit: $40
          window: monthly
          scope: {skill: css}
          hard: true
          zone: Europe/Berlin
          billing_day: 31
          yellow: 0.5
          red: 0.8
          zone_by: both
        plan: {limit: 80%, window: weekly, quota: anthropic-7d}
        """,
    )
    assert read_budgets(path) == (
        (
            Budget(
                "month",
                "monthly",
                "usd",
                40_000_000_000,
                Scope("skill", "css"),
                hard=True,
                zone="Europe/Berlin",
                billing_day=31,
                thresholds=Thresholds(0.5, 0.8),
                zone_by="both",
            ),
            Budget("plan", "weekly", "percent", 80, quota="anthropic-7d"),
        ),
        [],
    )


def test_a_list_is_read_like_a_mapping(path) -> None:
    write(
        path,
        """
        - name: week
          limit: 45messages
          window: weekly
          scope: tier=heavy
        - {name: task, limit: null, window: session, scope: run}
        """,
    )
    budgets, findings = read_budgets(path, zone="Asia/Tokyo")
    assert findings == []
    assert budgets == (
        Budget("week", "weekly", "messages", 45, Scope("tier", "opus"), zone="Asia/Tokyo"),
        Budget("task", "session", "usd", None, Scope("run"), zone="Asia/Tokyo"),
    )


def test_no_file_and_an_empty_file_hold_no_budgets(path) -> None:
    assert read_budgets(path) == ((), [])
    write(path, "# nothing yet\n")
    assert read_budgets(path) == ((), [])


def test_a_file_that_cannot_be_looked_at_is_not_a_missing_one(tmp_path) -> None:
    budgets, findings = read_budgets(tmp_path)
    assert (budgets, [finding.rule for finding in findings]) == ((), ["unreadable"])


def test_all_mistakes_are_told_at_once_with_their_lines(path) -> None:
    write(
        path,
        """
        one: {limit: 5, window: dayly}
        two:
          limit: 5usd
          window: daily
          scope: teir=opus
          zone: Berlin
        three: {window: weekly, limit: 80%}
        four:
          limit: 5usd
          window: monthly
          scope: tier=opsu
          billing_day: 32
        five: {limit: 10messages, window: context}
        "6 six": {limit: 5usd, window: daily}
        seven: {limit: 5usd, window: daily, billing_day: 3, quota: x}
        eight: 5usd
        """,
    )
    budgets, findings = read_budgets(path)
    assert budgets == ()
    assert {(finding.line, finding.key, finding.rule) for finding in findings} == {
        (1, "one.limit", "bad-limit"),
        (1, "one.window", "unknown-word"),
        (5, "two.scope", "bad-scope"),
        (6, "two.zone", "unknown-zone"),
        (7, "three.limit", "budget-keys"),
        (11, "four.scope", "unknown-tier"),
        (12, "four.billing_day", "out-of-range"),
        (13, "five.limit", "budget-keys"),
        (14, "name", "bad-name"),
        (15, "seven.billing_day", "budget-keys"),
        (15, "seven.quota", "budget-keys"),
        (16, "eight", "not-a-mapping"),
        (16, "eight.limit", "missing-key"),
        (16, "eight.window", "missing-key"),
    }
    assert {finding.severity for finding in findings} == {"error"}
    assert all(finding.problem.endswith("; the budget is not in force") for finding in findings)
    assert {finding.rule for finding in findings} <= set(RULES)


def test_a_budget_whose_hardness_is_unclear_is_hard(path) -> None:
    write(path, "week: {limit: 5usd, window: weekly, hard: maybe}")
    budgets, findings = read_budgets(path)
    assert [budget.hard for budget in budgets] == [True]
    assert [finding.rule for finding in findings] == ["not-a-boolean"]
    assert "not in force" not in str(findings[0])


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ("had: true", "unknown-key"),
        ("yellow: 0.95, red: 0.9", "thresholds-cross"),
        ("yellow: 7", "out-of-range"),
        ("zone_by: speed", "unknown-word"),
    ],
)
def test_a_mistake_beside_the_cap_leaves_the_cap_in_force(path, keys, rule) -> None:
    write(path, f"week: {{limit: 5usd, window: weekly, {keys}}}")
    budgets, findings = read_budgets(path)
    assert [(budget.limit, budget.thresholds, budget.zone_by) for budget in budgets] == [
        (5 * 10**9, None, None)
    ]
    assert [finding.rule for finding in findings] == [rule]


@pytest.mark.parametrize(
    ("keys", "thresholds"),
    [
        ("yellow: 0.5", Thresholds(0.5, 0.9)),
        ("red: 0.8", Thresholds(0.7, 0.8)),
        ("yellow: 0.95", Thresholds(0.95, 0.95)),
        ("red: 0.5", Thresholds(0.5, 0.5)),
        ("yellow: null", None),
    ],
)
def test_one_threshold_moves_the_other_only_out_of_its_way(path, keys, thresholds) -> None:
    write(path, f"week: {{limit: 5usd, window: weekly, {keys}}}")
    budgets, findings = read_budgets(path)
    assert ([budget.thresholds for budget in budgets], findings) == ([thresholds], [])


def test_a_budget_that_is_there_twice_is_read_once(path) -> None:
    write(
        path,
        """
        - {name: week, limit: 5usd, window: weekly}
        - {name: week, limit: 50usd, window: weekly}
        - {limit: 1usd, window: daily}
        """,
    )
    budgets, findings = read_budgets(path)
    assert [budget.limit for budget in budgets] == [5_000_000_000]
    assert [(finding.line, finding.rule) for finding in findings] == [
        (3, "missing-key"),
        (2, "duplicate-key"),
    ]


def test_a_file_has_a_bounded_number_of_budgets(path) -> None:
    write(path, "\n".join(f"b{n}: {{limit: 1usd, window: daily}}" for n in range(MOST_BUDGETS + 1)))
    budgets, findings = read_budgets(path)
    assert len(budgets) == MOST_BUDGETS
    assert [(finding.line, finding.rule) for finding in findings] == [(MOST_BUDGETS + 1, "too-many-budgets")]


# -- writing -----------------------------------------------------------------------------------------------

COMMENTED = """
# what we agreed on
week:  # all of us
  limit: $5   # a coffee
  window: weekly

# for the big one
opus:
  limit: 45messages
  window: weekly
  scope: tier=opus
"""


def test_comments_and_all_else_survive_a_change(path) -> None:
    write(path, COMMENTED)
    set_budget(path, Budget("week", "weekly", "usd", 7_000_000_000, hard=True))
    text = path.read_text()
    for comment in ("# what we agreed on", "# all of us", "# a coffee", "# for the big one"):
        assert comment in text
    assert text.endswith(COMMENTED[COMMENTED.index("opus:") :])
    assert "limit: 7usd" in text
    assert [(budget.name, budget.hard) for budget in read_budgets(path)[0]] == [
        ("week", True),
        ("opus", False),
    ]


def test_a_removed_budget_is_gone_and_the_others_stay(path) -> None:
    write(path, COMMENTED)
    assert remove_budget(path, "opus")
    assert not remove_budget(path, "opus")
    assert [budget.name for budget in read_budgets(path)[0]] == ["week"]
    assert remove_budget(path, "week")
    assert read_budgets(path) == ((), [])


def test_a_list_stays_a_list(path) -> None:
    write(path, "- name: week\n  limit: 5usd\n  window: weekly\n")
    set_budget(path, Budget("day", "daily", "usd", 10**9))
    set_budget(path, Budget("week", "weekly", "usd", 10**9))
    assert path.read_text().startswith("- name: week\n  limit: 1usd\n")
    assert [budget.name for budget in read_budgets(path)[0]] == ["week", "day"]
    assert remove_budget(path, "week")
    assert [budget.name for budget in read_budgets(path)[0]] == ["day"]


@pytest.mark.parametrize(
    "text", ["week: {limit: 5usd\n", "a: {limit: 1usd}\na: {limit: 2usd}\n", "just words\n"]
)
def test_a_file_that_is_not_understood_is_not_written(path, text) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"budgets\.yaml"):
        set_budget(path, Budget("day", "daily", "usd", 10**9))
    assert path.read_text() == text


def test_a_budget_with_a_mistake_is_mended_by_setting_it(path) -> None:
    write(path, "week: {limit: 5, window: weekly}\nother: {limit: 7, window: daily}\n")
    set_budget(path, Budget("week", "weekly", "usd", 10**9))
    budgets, findings = read_budgets(path)
    assert [budget.name for budget in budgets] == ["week"]
    assert [finding.key for finding in findings] == ["other.limit"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        set_budget(tmp_path / "file" / "budgets.yaml", Budget("day", "daily", "usd", 10**9))


NAMES = st.from_regex(r"[a-z][a-z0-9 .:-]{0,10}[a-z]", fullmatch=True).filter(
    lambda name: name not in ("true", "false", "null")
)
VALUES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


@st.composite
def any_budget(draw: st.DrawFn) -> Budget:
    """Any budget that a file may hold."""
    dimension = draw(st.sampled_from(DIMENSIONS))
    units = ["tokens", "percent"] if dimension == "context" else ["usd", "tokens", "messages", "percent"]
    unit, limit = draw(LIMITS.filter(lambda limit: limit[0] in units))
    kind = draw(st.sampled_from(SCOPE_KINDS))
    value = draw(st.just("") | (st.sampled_from(["haiku", "opus"]) if kind == "tier" else VALUES))
    yellow, red = sorted(draw(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1))))
    return Budget(
        draw(NAMES),
        dimension,
        unit,
        limit,
        EVERYTHING if kind == "all" else Scope(kind, value),
        draw(st.booleans()),
        draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        draw(st.integers(1, 31)) if dimension == "monthly" else 1,
        draw(st.none() | st.just(Thresholds(yellow, red))),
        draw(st.sampled_from([None, "spent", "pace", "both"])),
        "quota-5h" if unit == "percent" and dimension != "context" else None,
    )


@settings(max_examples=30)
@given(st.lists(any_budget(), max_size=3, unique_by=lambda budget: budget.name), st.randoms())
def test_what_is_written_is_read_back(tmp_path_factory, budgets, order) -> None:
    path = tmp_path_factory.mktemp("home") / "budgets.yaml"
    shuffled = [*budgets]
    order.shuffle(shuffled)
    for budget in [*budgets, *shuffled]:
        set_budget(path, budget)
    assert read_budgets(path) == (tuple(budgets), [])


# -- from the configuration --------------------------------------------------------------------------------


def test_weekly_budgets_of_the_configuration_become_budgets() -> None:
    opus = BudgetSpec("weekly opus messages", Scope("tier", "opus"), "weekly", "messages", 45.9)
    spend = BudgetSpec("weekly spend", EVERYTHING, "weekly", "usd", 12.1)
    assert budget_of(opus) == Budget("weekly opus messages", "weekly", "messages", 45, Scope("tier", "opus"))
    assert budget_of(spend, "Asia/Tokyo").limit == 12_100_000_000
    assert budget_of(spend, "Asia/Tokyo").zone == "Asia/Tokyo"
    assert budget_of(BudgetSpec("x", EVERYTHING, "weekly", "usd", None)).limit is None


def test_of_two_budgets_of_one_name_that_of_the_file_stands() -> None:
    own = Budget("weekly spend", "weekly", "usd", 1)
    specs = [BudgetSpec(name, EVERYTHING, "weekly", "usd", 2.0) for name in ("weekly spend", "other")]
    assert [(budget.name, budget.limit) for budget in merged([own], specs)] == [
        ("weekly spend", 1),
        ("other", 2_000_000_000),
    ]
