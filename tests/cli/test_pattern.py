"""`tierwise pattern`, through the command line, with figures worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from ledger_samples import NOON_US, execution
from tierwise import wiring
from tierwise.cli import main
from tierwise.cli.pattern_output import percent_up
from tierwise.core.patterns import Course
from tierwise.core.usage import Usage
from tierwise.store.sqlite import SqliteStore

SCENARIOS = Path(__file__).parent.parent / "scenarios" / "patterns.yaml"
SKILLS = Path(__file__).parent.parent / "fixtures" / "skills" / "frontend-qa"
PRICES_SINCE_US = NOON_US + 300 * 24 * 3_600_000_000
MINUTE_US = 60_000_000
SIZES = "{input: 2000-5000, output: 500-1500, tool_calls: 3-8, total_estimate: 8000-25000}"
SEED_SIMPLE, SEED_TODAY = YAML(typ="safe", pure=True).load(SCENARIOS.read_text())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("TIERWISE_HOME", str(home))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(wiring, "now_us", lambda: PRICES_SINCE_US)
    return home


@pytest.fixture
def skill(tmp_path: Path) -> Callable[..., Path]:
    """Writes a skill that prefers opus and allows haiku."""

    def write(
        sizes: str = SIZES, block: str = "preferred: opus, minimum: haiku", body: str = "Find it.\n"
    ) -> Path:
        folder = tmp_path / "bugs"
        folder.mkdir(exist_ok=True)
        more = f", estimated_tokens: {sizes}" if sizes else ""
        head = f"---\nname: bugs\ndescription: Finds bugs.\nmodel: {{{block}{more}}}\n---\n"
        (folder / "SKILL.md").write_text(head + body)
        return folder

    return write


def pattern(name: str, folder: Path | str, *more: str) -> Result:
    arguments = ["pattern", name, "--skill", str(folder), *more]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def answered(name: str, folder: Path, *more: str) -> dict[str, Any]:
    result = pattern(name, folder, *more, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def words(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def record(home: Path, ended_at: list[str]) -> None:
    """A run of two calls for each tier: 1,000 tokens of new input, 5,000 read, 100, 200, … of output."""
    store = SqliteStore(home / "ledger.sqlite")
    store.append(
        [
            execution(
                id=f"{turn}-{call}",
                skill="bugs",
                turn=f"turn-{turn}",
                at_us=PRICES_SINCE_US - (2 * (len(ended_at) - turn) - call) * MINUTE_US,
                usage=Usage(1_000, 100 * (turn + 1), 5_000),
                served_tier=tier,
            )
            for turn, tier in enumerate(ended_at)
            for call in range(2)
        ]
    )
    store.close()


# -- cascade and pre-screening -----------------------------------------------------------------------------


def test_a_cascade_by_hand(skill: Callable[..., Path]) -> None:
    """Small and large, in dollars at $0.10/$0.50 and $4/$20 a million:

    look, verify   2,000 in, 500 out: 0.00045      5,000 in, 1,500 out: 0.00125
    cheap run      7,500 in, 500 out: 0.001        23,500 in, 1,500 out: 0.0031
    top run        0.040                           0.124
    30 % easy      0.0009 + 0.3 · 0.001 + 0.7 · 0.040 = 0.0292
                   0.0025 + 0.3 · 0.0031 + 0.7 · 0.124 = 0.09023
    break-even     0.0009 / (0.040 - 0.001) = 2.3077 %; the large end: 0.0025 / 0.1209 = 2.0678 %
    """
    answer = answered("cascade", skill(), "--easy", "30%")

    assert [(step["tasks"], step["tier"], step["usd"]) for step in answer["steps"]] == [
        ("every", "haiku", {"low": 0.00045, "high": 0.00125}),
        ("easy", "haiku", {"low": 0.001, "high": 0.0031}),
        ("hard", "opus", {"low": 0.04, "high": 0.124}),
        ("every", "haiku", {"low": 0.00045, "high": 0.00125}),
    ]
    assert answer["break_even"] == 0.023077
    assert answer["expected"] == {
        "easy": 0.3,
        "usd": {"low": 0.0292, "high": 0.09023},
        "direct_usd": {"low": 0.04, "high": 0.124},
        "saved_usd": {"low": 0.0108, "high": 0.03377},
        "verdict": "pays",
    }
    assert (answer["verdict"], answer["source"], answer["call_size"]) == ("pays", "declared", "declared")


def test_a_pre_screening_by_hand(skill: Callable[..., Path]) -> None:
    """As above without verifying: 0.00045 / 0.039 = 1.1539 %; the large end: 0.00125 / 0.1209 = 1.0340 %.

    At 1.1 % easy a small task costs 0.00045 + 0.011 · 0.001 + 0.989 · 0.040 = 0.040021 instead of 0.040.
    """
    answer = answered("prescreen", skill(), "--easy", "0.011")

    assert [step["tasks"] for step in answer["steps"]] == ["every", "easy", "hard"]
    assert answer["break_even"] == 0.011539
    assert answer["expected"]["usd"]["low"] == 0.040021
    assert (answer["expected"]["verdict"], answer["verdict"]) == ("depends", "depends")


def test_the_plan_says_in_words_when_it_pays(skill: Callable[..., Path]) -> None:
    lines = words(pattern("cascade", skill()))

    assert lines[0] == "[PATTERN] cascade for bugs: haiku before opus"
    assert lines[2].endswith("claude_code: claude-haiku-5-5, claude-opus-5-5")
    assert "1 Classify the task haiku every task $0.00045 to $0.001" in lines
    assert "Direct: one run opus every task $0.040 to $0.124" in lines
    assert "50% $0.021 to $0.066, -46.5% to -46.7%" in lines
    assert "It pays if more than 2.4% of the tasks are done at haiku, and found to be so." in lines
    assert "20,000 tokens: it pays from 6.7% on" in lines


@pytest.mark.parametrize(
    ("easy", "said"),
    [
        ("30%", "With 30% easy it pays: it saves $0.011 to $0.034 a task (it takes more than 2.4%)."),
        (
            "0",
            "With 0% easy it costs $0.00090 to $0.003 a task MORE than going direct: "
            "it takes more than 2.4%.",
        ),
        ("2.2%", "With 2.2% easy it depends on how large the tasks are: it takes more than 2.4%."),
    ],
)
def test_with_a_share_the_verdict_is_plain(easy: str, said: str, skill: Callable[..., Path]) -> None:
    assert said in words(pattern("cascade", skill(), "--easy", easy))


def test_where_the_tiers_are_close_it_says_that_it_costs_more(skill: Callable[..., Path]) -> None:
    """Sonnet before opus, a task of one call: 2 · 0.009 to look and verify, and 0.009 instead of 0.018."""
    folder = skill("{input: 2000, output: 500}", "preferred: opus, minimum: sonnet")
    result = pattern("cascade", folder)

    assert result.exit_code == 0
    assert "A cascade costs more than going direct, however many of the tasks are easy." in words(result)
    answer = answered("cascade", folder)
    assert (answer["verdict"], answer["break_even"]) == ("never", None)
    assert answer["table"][-1]["usd"] == {"low": 0.027, "high": 0.027}
    assert answer["table"][-1]["direct_usd"] == {"low": 0.018, "high": 0.018}


def test_a_fork_is_recommended_where_a_conversation_flips_the_verdict(skill: Callable[..., Path]) -> None:
    """With 20,000 warm tokens the break-even is 6.7 %, with 100,000 it is 75.8 %: 30 % is between them."""
    folder = skill()
    answer = answered("cascade", folder, "--easy", "30%")

    assert [(row["warm_tokens"], row["verdict"]) for row in answer["conversation"]] == [
        (20_000, "pays"),
        (100_000, "costs_more"),
        (200_000, "costs_more"),
    ]
    assert answer["conversation"][0]["break_even"] == 0.066421
    assert (answer["recommend_fork"], answered("cascade", folder, "--easy", "95%")["recommend_fork"]) == (
        True,
        False,
    )
    told = pattern("cascade", folder, "--easy", "30%").stdout
    assert "Run the cheap steps in a fork or a subagent: in a conversation of 100,000 tokens haiku" in told


def test_history_counts_without_a_declaration_and_says_where_its_runs_ended(
    home: Path, skill: Callable[..., Path]
) -> None:
    """Runs of two calls, p50 with 500 tokens of output a call, p90 with 900.

    opus run    2 · (1,000 · 4 + 500 · 20 + 5,000 · 0.20) = 0.030          2 · 0.023 = 0.046
    haiku run   2 · (1,000 · 0.1 + 500 · 0.5 + 5,000 · 0.01) = 0.0008      2 · 0.0006 = 0.0012
    first call at haiku: 0.0004 and 0.0006      break-even 0.0008 / (0.030 - 0.0008) = 2.7398 %
    In the conversation haiku writes 5,000 tokens that it was to read: 5,000 · (0.125 - 0.01) = 0.000575,
    so 0.001375 / 0.0292 = 4.7090 %
    """
    record(home, ["opus"] * 8 + ["haiku"] * 2)
    folder = skill("")
    answer = answered("cascade", folder)

    assert (answer["source"], answer["runs"], answer["call_size"]) == ("history", 10, "first_calls")
    assert answer["direct_usd"] == {"low": 0.03, "high": 0.046}
    assert answer["steps"][0]["usd"] == {"low": 0.0004, "high": 0.0006}
    assert answer["break_even"] == 0.027398
    assert [(row["warm_tokens"], row["observed"], row["break_even"]) for row in answer["conversation"]] == [
        (5_000, True, 0.04709)
    ]
    assert answer["ended_at"] == {"opus": 8, "haiku": 2}
    assert answer["easy"] is None
    assert (
        "Seen: of 10 finished runs, 2 at haiku, 8 at opus. That is where they ran, not how many were easy."
        in words(pattern("cascade", folder))
    )


def test_a_declaration_counts_before_history(home: Path, skill: Callable[..., Path]) -> None:
    record(home, ["opus"] * 10)
    answer = answered("cascade", skill())

    assert (answer["source"], answer["ended_at"]) == ("declared", {"opus": 10})


@pytest.mark.parametrize("name", ["cascade", "prescreen", "batch"])
def test_without_sizes_it_says_what_to_declare(name: str, home: Path, skill: Callable[..., Path]) -> None:
    record(home, ["opus"] * 4)
    result = pattern(name, skill(""))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "has 4 of the 5 finished runs" in result.stderr
    assert "estimated_tokens:" in result.stderr


@pytest.mark.parametrize("name", ["cascade", "prescreen"])
def test_a_skill_at_the_light_tier_already_has_nothing_to_save(name: str) -> None:
    result = pattern(name, SKILLS / "skills" / "page-component-mapper")

    assert result.exit_code == 0
    assert (
        "It prefers haiku already; nothing is cheaper, so this pattern cannot save anything." in result.stdout
    )
    answer = answered(name, SKILLS / "skills" / "page-component-mapper")
    assert (answer["verdict"], answer["steps"], answer["break_even"]) == ("nothing_to_save", [], None)


def test_a_skill_that_allows_nothing_cheaper_is_told_so(skill: Callable[..., Path]) -> None:
    folder = skill(block="preferred: opus")
    answer = answered("cascade", folder)

    assert (answer["cheap"]["tier"], answer["allowed_by_skill"]) == ("haiku", False)
    assert "Its minimum is opus, so routing raises the cheap steps" in pattern("cascade", folder).stdout


def test_an_undeclared_skill_is_compared_with_what_it_gets_now(home: Path, tmp_path: Path) -> None:
    record(home, ["opus"] * 5)
    (tmp_path / "bugs").mkdir()
    (tmp_path / "bugs" / "SKILL.md").write_text("---\nname: bugs\ndescription: Finds.\n---\nFind it.\n")
    answer = answered("cascade", tmp_path / "bugs")

    assert (answer["top"]["tier"], answer["cheap"]["tier"]) == ("opus", "haiku")


@pytest.mark.parametrize(
    ("sizes", "known", "look"),
    [
        ("{total_estimate: 8000-25000}", "run", {"low": 0.0008, "high": 0.0125}),
        ("{total_estimate: 8000, tool_calls: 3}", "share", {"low": 0.0002, "high": 0.001}),
        ("{output: 500, total_estimate: 8000, tool_calls: 3}", "share", {"low": 0.00025, "high": 0.00025}),
        ("{input: 2000, output: 500}", "declared", {"low": 0.00045, "high": 0.00045}),
    ],
)
def test_what_a_declaration_leaves_open_is_taken_for_the_most_that_it_can_be(
    sizes: str, known: str, look: dict[str, float], skill: Callable[..., Path]
) -> None:
    answer = answered("cascade", skill(sizes))

    assert (answer["call_size"], answer["steps"][0]["usd"]) == (known, look)


def test_without_tool_calls_nothing_is_said_of_a_conversation(skill: Callable[..., Path]) -> None:
    folder = skill("{total_estimate: 8000-25000}")

    assert answered("cascade", folder)["conversation"] == []
    assert "In one warm conversation: not known" in pattern("cascade", folder).stdout


def test_an_unknown_price_is_null_and_never_free(home: Path, skill: Callable[..., Path]) -> None:
    (home / "prices.yaml").write_text("cheapo: {platform: claude_code, tier: haiku, window: 200000}\n")
    (home / "model-routing.yaml").write_text("tiers:\n  haiku: {claude_code: cheapo}\n")
    for name in ("cascade", "batch"):
        answer = answered(name, skill())
        assert (answer["cheap"]["model"], answer["verdict"], answer["table"]) == ("cheapo", None, [])
        assert "cheapo has no known price" in pattern(name, skill()).stdout


def test_models_that_are_free_are_no_special_case(home: Path, skill: Callable[..., Path]) -> None:
    """A free cheap model pays from the first easy task on; beside a free top one there is nothing to save."""
    free = "input: 0, output: 0, cache_read: 0, cache_write_5m: 0"
    (home / "prices.yaml").write_text(
        f"claude-haiku-5-5: {{{free}, long_prompt: {{above: 1, input: 0, output: 0}}}}\n"
    )
    assert "It pays if more than 0% of the tasks are done at haiku" in pattern("cascade", skill()).stdout

    (home / "prices.yaml").write_text(
        f"claude-haiku-5-5: {{{free}, long_prompt: {{above: 1, input: 0, output: 0}}}}\n"
        f"claude-opus-5-5: {{{free}}}\n"
    )
    told = pattern("cascade", skill(), "--easy", "50%")
    assert "A cascade neither saves nor costs anything: a task is free at opus." in told.stdout
    assert answered("cascade", skill(), "--easy", "50%")["verdict"] == "equal"
    assert pattern("batch", skill(), "--items", "5").exit_code == 0


@pytest.mark.parametrize(
    "sizes", ["{total_estimate: 999999999999}", "{input: 0, output: 0}", "{output: 0-999999999999}"]
)
@pytest.mark.parametrize("name", ["cascade", "prescreen", "batch"])
def test_absurd_sizes_are_answered_all_the_same(name: str, sizes: str, skill: Callable[..., Path]) -> None:
    assert pattern(name, skill(sizes)).exit_code == 0
    assert pattern(name, skill(sizes), "--json").exit_code == 0


def test_a_tier_without_a_model_is_said(home: Path, skill: Callable[..., Path]) -> None:
    (home / "model-routing.yaml").write_text(
        "tiers:\n  small: {codex: gpt-5.1-codex-mini}\n  large: {claude_code: claude-opus-5-5}\n"
    )
    folder = skill(block="preferred: large, minimum: small")

    assert answered("cascade", folder)["cheap"] == {"tier": "small", "model": None}
    assert "no model of small on claude_code" in pattern("cascade", folder).stdout
    assert pattern("batch", folder).exit_code == 0


@pytest.mark.parametrize("easy", ["130%", "1.5", "30", "-1%", "a third", "", "1e-9", "٣%"])
def test_a_share_that_is_none_is_told(easy: str, skill: Callable[..., Path]) -> None:
    assert pattern("cascade", skill(), "--easy", easy).exit_code == 2


def test_arguments_that_mean_nothing_are_told(skill: Callable[..., Path]) -> None:
    assert pattern("batch", skill(), "--items", "0").exit_code == 2
    assert pattern("batch", skill(), "--items", "1001").exit_code == 2
    assert pattern("cascade", "no-such-skill").exit_code == 1


def test_a_project_and_a_platform_can_be_named(
    home: Path, skill: Callable[..., Path], tmp_path: Path
) -> None:
    skill()
    answer = answered("cascade", Path("bugs"), "--project", str(tmp_path), "--platform", "codex")

    assert answer["platform"] == "codex"
    assert answer["top"]["model"].startswith("gpt-")
    assert answer["break_even"] is not None


# -- batch -------------------------------------------------------------------------------------------------


def test_a_batch_by_hand(skill: Callable[..., Path]) -> None:
    """The skill's text of 2,800 bytes is about 1,000 tokens; 19,000 more are repeated besides; ten items.

    one by one   10 · (21,000 · 4 + 500 · 20)                              = 0.94
    cached       20,000 · 5 + 9 · 20,000 · 0.20 + 10 · (1,000 · 4 + 500 · 20) = 0.276
    collecting   30,000 · 0.1 + 5,000 · 0.5                                = 0.0055
    analysing    30,000 · 4 + 5,000 · 20                                   = 0.22
    """
    folder = skill("{input: 2000, output: 500}", body="x" * 2_800)
    answer = answered("batch", folder, "--items", "10", "--prefix", "19000")
    expected = answer["expected"]

    assert answer["item_tokens"]["prefix"] == {"low": 20_000, "high": 20_000}
    assert {name: cost["low"] for name, cost in expected.items() if name.endswith("usd")} == {
        "separate_usd": 0.94,
        "cached_usd": 0.276,
        "collecting_usd": 0.0055,
        "analysing_usd": 0.22,
        "batch_usd": 0.2255,
        "saved_usd": 0.0505,
    }
    assert (expected["verdict"], answer["verdict"], answer["pays_from_items"]) == ("pays", "pays", 2)
    assert "With 10 items it pays: it saves $0.051." in words(
        pattern("batch", folder, "--items", "10", "--prefix", "19000")
    )


def test_a_batch_says_where_a_cache_does_the_same(skill: Callable[..., Path]) -> None:
    """1,000 tokens are repeated: writing them costs 0.001 more than sending them, each reading 0.0002.

    Collecting costs 0.0001 and 0.00035 an item:  0.001 + (n - 1) · 0.0002 > 0.0001 + n · 0.00035 up to n = 4.
    """
    folder = skill("{input: 2000, output: 500}", body="x" * 2_800)
    result = pattern("batch", folder, "--items", "20")

    answer = answered("batch", folder)
    assert (answer["verdict"], answer["pays_from_items"], answer["pays_to_items"]) == ("break_even", 2, 4)
    assert (
        "MORE than going one by one: it pays for 2 to 4 items, and costs more from there on." in result.stdout
    )


def test_a_batch_without_much_to_repeat_never_pays(skill: Callable[..., Path]) -> None:
    folder = skill()

    assert answered("batch", folder)["verdict"] == "never"
    assert "It pays at no number of items that fits into one call (85)" in pattern("batch", folder).stdout


def test_one_item_is_never_a_batch(skill: Callable[..., Path]) -> None:
    answer = answered("batch", skill(), "--items", "1", "--prefix", "50000")

    assert (answer["verdict"], answer["expected"]["saved_usd"]["low"] < 0) == ("costs_more", True)


def test_a_batch_at_the_light_tier_saves_by_repeating_less_only() -> None:
    folder = SKILLS / "skills" / "page-component-mapper"
    answer = answered("batch", folder, "--items", "10", "--prefix", "10000")

    assert "no cheaper tier to save by, only what the calls repeat" in pattern("batch", folder).stdout
    assert answer["expected"]["collecting_usd"] == {"low": 0.0, "high": 0.0}
    assert answer["verdict"] == "pays"


def test_items_that_do_not_fit_into_one_call_are_told(skill: Callable[..., Path]) -> None:
    """128,000 tokens of answer at 1,500 an item: 85."""
    folder = skill()

    assert answered("batch", folder)["fits"] == 85
    assert (
        "It does not fit into one call: 85 items at most."
        in pattern("batch", folder, "--items", "200").stdout
    )


def test_a_prefix_besides_what_was_observed_makes_no_sense(home: Path, skill: Callable[..., Path]) -> None:
    record(home, ["opus"] * 5)
    folder = skill("")

    assert pattern("batch", folder, "--prefix", "1000").exit_code == 2
    assert answered("batch", folder)["item_tokens"]["prefix"] == {"low": 5_000, "high": 5_000}


# -- the seed's example ------------------------------------------------------------------------------------


def test_the_seeds_worked_example_in_its_own_figures() -> None:
    course = Course(*(round(SEED_SIMPLE["course"][key] * 10**9) for key in ("easy", "hard", "direct")))
    enough = course.break_even

    assert enough is not None
    assert enough == Fraction(2, 520)
    assert percent_up(enough) == "0.4%"
    assert course.easy_nanousd == SEED_SIMPLE["seed_says"]["easy"] * 10**9
    assert course.hard_nanousd == course.direct_nanousd + course.easy_nanousd
    assert course.hard_nanousd != SEED_SIMPLE["seed_says"]["hard"] * 10**9


def test_the_seeds_worked_example_at_todays_prices(skill: Callable[..., Path]) -> None:
    answer = answered("cascade", skill(json.dumps(SEED_TODAY["estimated_tokens"]).replace('"', "")))

    assert answer["table"][-1]["usd"]["low"] == SEED_TODAY["easy"]
    assert answer["table"][0]["usd"]["low"] == SEED_TODAY["hard"]
    assert answer["direct_usd"]["low"] == SEED_TODAY["direct"]
    assert answer["break_even"] == SEED_TODAY["break_even"]


@pytest.mark.parametrize("name", ["cascade", "prescreen", "batch"])
def test_the_plan_is_plain_text(name: str, skill: Callable[..., Path]) -> None:
    result = pattern(name, skill(body="\x1b[31m\n"))

    assert "\x1b" not in result.output
    assert result.output.endswith("\n")
