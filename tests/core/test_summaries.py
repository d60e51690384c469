"""The session summary: its sums, its honesty about savings, and the seed's shape."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_samples import EXECUTIONS, NOON_US, execution
from tierwise.core.ledger import Execution, TraceStep
from tierwise.core.summaries import asked_tier, budget_lines, summarise
from tierwise.core.summary_text import summary_json, summary_text
from tierwise.core.usage import Usage

MILLI = 1_000_000
TIERS = {"haiku": "claude-haiku-4-5", "sonnet": "claude-sonnet-4-6", "opus": "claude-opus-4-6"}


def served(
    skill: str | None,
    tier: str,
    tokens: int,
    cost_milli: int,
    opus_milli: int,
    sonnet_milli: int,
    **more: object,
) -> Execution:
    """A call of the seed's session: asked for opus, decided and served on `tier`."""
    return execution(
        skill=skill,
        decided_model=TIERS[tier],
        served_model=TIERS[tier],
        requested_tier=tier,
        decided_tier=tier,
        served_tier=tier,
        usage=Usage(input_tokens=tokens),
        cost_nanousd=cost_milli * MILLI,
        if_nanousd=(("sonnet", sonnet_milli * MILLI), ("opus", opus_milli * MILLI)),
        **more,
    )


SEED_SESSION = [
    served("frontend-qa-coordinator", "haiku", 1_200, 1, 20, 2),
    served("page-component-mapper", "haiku", 8_400, 2, 150, 17),
    served("css-layout-debugger", "sonnet", 12_300, 24, 220, 24),
    served("ui-bug-investigator", "opus", 45_600, 520, 820, 90),
    served("component-fix-and-verify", "sonnet", 18_900, 38, 340, 38),
    served("regression-test-generator", "sonnet", 15_200, 30, 270, 30),
]


def test_the_session_of_the_seed_is_shown_in_its_shape() -> None:
    assert summary_text(summarise(SEED_SESSION)).splitlines()[:21] == [
        "Session Token Summary",
        "━" * 65,
        "Skill                      Model    Tokens    Cost  Calls  Cached",
        "─" * 65,
        "frontend-qa-coordinator    haiku     1,200  $0.001      1      0%",
        "page-component-mapper      haiku     8,400  $0.002      1      0%",
        "css-layout-debugger        sonnet   12,300  $0.024      1      0%",
        "ui-bug-investigator        opus     45,600  $0.520      1      0%",
        "component-fix-and-verify   sonnet   18,900  $0.038      1      0%",
        "regression-test-generator  sonnet   15,200  $0.030      1      0%",
        "─" * 65,
        "Total                              101,600  $0.615      6      0%",
        "",
        "Routing savings (estimates: the same tokens at other prices):",
        "  Saved ~$0.905 (59.5%) against what was asked; 5 of 6 calls moved to another tier",
        "  If all opus:   $1.82 → actual: $0.615 → saved: 66.2%",
        "  If all sonnet: $0.201 → actual: $0.615 → opus premium: $0.414",
        "",
        "Budget status:",
        "  Zone: green",
        "  Weekly: 45% consumed",
    ]


def test_calls_of_one_skill_on_one_tier_share_a_row_in_the_order_of_first_use() -> None:
    first, second = SEED_SESSION[3], SEED_SESSION[0]
    rows = summarise([first, second, first, replace(first, served_tier="sonnet"), second]).rows

    assert [(row.skill, row.model, row.calls) for row in rows] == [
        ("ui-bug-investigator", "opus", 2),
        ("frontend-qa-coordinator", "haiku", 2),
        ("ui-bug-investigator", "sonnet", 1),
    ]
    assert rows[0].usage.input_tokens == 91_200
    assert rows[0].cost_nanousd == 1_040 * MILLI


@settings(max_examples=80)
@given(st.lists(EXECUTIONS, max_size=8))
def test_the_rows_add_up_to_the_total_and_every_call_is_in_one(executions) -> None:
    summary = summarise(executions)
    usage = Usage()
    for row in summary.rows:
        usage = usage.plus(row.usage)

    assert summary.total.calls == len(executions) == sum(row.calls for row in summary.rows)
    assert summary.total.usage == usage
    assert summary.total.cost_nanousd == sum(entry.cost_nanousd or 0 for entry in executions)
    assert sum(number for _, number in summary.unpriced) == summary.total.unpriced_calls
    for counts in (summary.by_rule, summary.by_zone):
        assert sum(number for _, number in counts) == len(executions)


@settings(max_examples=80)
@given(st.lists(EXECUTIONS, max_size=8))
def test_any_summary_can_be_printed_and_parsed(executions) -> None:
    summary = summarise(executions)

    assert all(line.isprintable() for line in summary_text(summary, "x\ny").splitlines())
    assert json.loads(json.dumps(summary_json(summary), allow_nan=False)) == summary_json(summary)


def test_a_call_without_a_price_is_counted_and_named_and_never_free() -> None:
    unpriced = replace(
        SEED_SESSION[0], skill="local-one", cost_nanousd=None, served_model="llama-9", served_tier=None
    )
    half = replace(SEED_SESSION[3], cost_nanousd=None)
    summary = summarise([*SEED_SESSION, unpriced, half])
    text = summary_text(summary)

    assert summary.unpriced == (("llama-9", 1), ("claude-opus-4-6", 1))
    assert summary.total.cost_nanousd == 615 * MILLI
    assert "local-one                  llama-9    1,200           ?" in text
    assert "$0.520 + ?" in text
    assert "2 calls without a known price, not in the dollars: llama-9 1 · claude-opus-4-6 1" in text
    assert "If all opus:   $1.82 → actual: $0.615 → saved: 66.2% [2 calls left out: no price]" in text


def test_a_session_of_unpriced_calls_claims_no_saving_at_all() -> None:
    summary = summarise([replace(SEED_SESSION[0], cost_nanousd=None)])

    assert "savings" not in summary_text(summary)
    assert summary_json(summary)["total"]["cost_usd"] is None


def test_a_call_that_never_reached_a_provider_costs_nothing_even_without_a_price() -> None:
    lost = replace(
        SEED_SESSION[0], usage=Usage(), cost_nanousd=None, if_nanousd=(("opus", None),), outcome="unreachable"
    )
    summary = summarise([lost])

    assert summary.total.unpriced_calls == 0
    assert summary.if_all[0].calls_left_out == 0
    assert "1 call failed" in summary_text(summary)


def test_both_sides_of_a_comparison_cover_the_same_calls() -> None:
    gap = replace(SEED_SESSION[3], if_nanousd=(("sonnet", 90 * MILLI), ("opus", None)))
    opus = next(entry for entry in summarise([SEED_SESSION[0], gap]).if_all if entry.tier == "opus")

    assert (opus.would_nanousd, opus.actual_nanousd, opus.calls_left_out) == (20 * MILLI, 1 * MILLI, 1)


def asked(model: str, tier: str, **more: object) -> Execution:
    trace = (TraceStep("platform_default", "unknown", tier, ""),)
    return replace(SEED_SESSION[2], asked_model=model, trace=trace, **more)


def test_the_main_figure_compares_with_the_tier_that_was_asked_for() -> None:
    lowered = asked("claude-opus-4-6", "opus")
    summary = summarise([lowered])

    assert summary.against_asked.saved_nanousd == 196 * MILLI
    assert "Saved ~$0.196 (89.1%) against what was asked; 1 of 1 call moved" in summary_text(summary)


def test_a_call_that_stayed_where_it_was_asked_saves_nothing() -> None:
    same_model = asked("claude-sonnet-4-6", "sonnet")
    same_tier = asked("claude-sonnet-4-6[1m]", "sonnet", if_nanousd=(("sonnet", 999 * MILLI),))
    observed = asked(
        "claude-opus-4-6", "opus", mode="observe", served_model="claude-opus-4-6", served_tier="opus",
    )  # fmt: skip

    assert summarise([same_model, same_tier, observed]).against_asked.saved_nanousd == 0
    assert "Saved ~$0.000 against what was asked; 0 of 3 calls moved to another tier" in summary_text(
        summarise([same_model, same_tier, observed])
    )


def test_a_loss_is_called_a_loss() -> None:
    raised = replace(SEED_SESSION[3], trace=(TraceStep("platform_default", "unknown", "sonnet", ""),),
                     asked_model="claude-sonnet-4-6")  # fmt: skip

    assert "Cost ~$0.430 (477.8%) more than what was asked; " in summary_text(summarise([raised]))


def test_a_call_that_asked_for_an_unknown_model_is_left_out_of_the_main_figure() -> None:
    unknown = asked("llama-9", "unknown")

    assert asked_tier(unknown) is None
    assert summarise([unknown, SEED_SESSION[3]]).against_asked.calls_left_out == 1


def test_the_premium_names_the_dearest_tier_in_use() -> None:
    by_tier = {entry.tier: entry for entry in summarise(SEED_SESSION).if_all}

    assert by_tier["sonnet"].premium == "opus"
    assert by_tier["opus"].premium == ""


def test_a_tier_is_not_its_own_premium() -> None:
    dearer_than_listed = replace(SEED_SESSION[3], if_nanousd=(("opus", 500 * MILLI),))
    summary = summarise([dearer_than_listed])

    assert summary.if_all[0].premium == ""
    assert "If all opus: $0.500 → actual: $0.520 → premium: $0.020" in summary_text(summary)


def test_a_premium_tier_that_nobody_named_is_no_yardstick() -> None:
    with_fable = [replace(entry, if_nanousd=(*entry.if_nanousd, ("fable", 10**12))) for entry in SEED_SESSION]
    wished = [*with_fable, replace(with_fable[0], requested_tier="fable")]

    assert "If all fable" not in summary_text(summarise(with_fable))
    assert "If all fable" in summary_text(summarise(wished))
    assert "fable" in summary_json(summarise(with_fable))["savings"]["if_all"]


def test_what_spoils_the_figures_is_said_and_silence_means_that_all_is_well() -> None:
    doubtful = [
        replace(SEED_SESSION[0], served_model="claude-opus-4-6"),
        replace(SEED_SESSION[0], usage_estimated=True, outcome="cut"),
        replace(SEED_SESSION[0], outcome="error", status=500, downgrade_reason="yellow zone", zone="yellow"),
    ]
    summary = summarise(doubtful)
    text = summary_text(summary)

    assert (summary.mismatched, summary.usage_estimated, summary.failed, summary.downgraded) == (1, 1, 1, 1)
    assert "1 call answered by another model than decided" in text
    assert "1 call with estimated usage" in text
    assert "Zones: green 2 · yellow 1" in text
    assert "Below the tier that was wished for: 1 call" in text
    assert "Notes" not in summary_text(summarise(SEED_SESSION))


def test_the_budgets_are_those_of_the_newest_record_unless_the_caller_knows_better() -> None:
    old = execution(zone="red", at_us=NOON_US - 1)
    new = execution(zone="yellow", binding="weekly opus at 78%", weekly_consumed=0.78, session_consumed=None)

    assert summarise([new, old]).budgets == ("Zone: yellow (weekly opus at 78%)", "Weekly: 78% consumed")
    assert summarise([new, old], ("Weekly opus: 1 % left",)).budgets == ("Weekly opus: 1 % left",)
    assert budget_lines(execution(weekly_consumed=None, session_consumed=None)) == ("Zone: green",)


def test_the_share_that_came_from_the_cache_is_shown() -> None:
    cached = execution(usage=Usage(input_tokens=10, output_tokens=5, cache_read_tokens=90))

    assert summary_text(summarise([cached])).splitlines()[4].endswith("90%")


def test_names_that_are_long_or_hostile_do_not_break_the_table() -> None:
    hostile = execution(skill="\x1b]0;title\x07" + "long" * 40, served_model="m" * 90, served_tier=None)
    text = summary_text(summarise([hostile]))

    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("executions", [[], ()])
def test_nothing_sums_up_to_nothing(executions) -> None:
    summary = summarise(executions)

    assert summary_json(summary)["calls"] == 0
    assert summary_json(summary)["first"] is None
    assert summary.budgets == ()


def test_what_titles_and_summaries_saved_is_told_apart() -> None:
    title = served(None, "haiku", 1_000, 1, 20, 2, role="auxiliary")
    unpriced = replace(title, cost_nanousd=None)
    kept = replace(served(None, "opus", 1_000, 20, 20, 2, role="auxiliary"), asked_model=TIERS["opus"])
    summary = summarise([*SEED_SESSION, title, title, unpriced, kept])

    shown = "  of that, titles and summaries: ~$0.038; 3 calls moved [1 call left out: no price]"
    assert shown in summary_text(summary).splitlines()
    savings = summary_json(summary)["savings"]
    assert isinstance(savings, dict)
    assert savings["auxiliary"]["calls"] == 3
    assert savings["auxiliary"]["saved_usd"] == 0.038
    assert "titles" not in summary_text(summarise(SEED_SESSION))


def test_a_request_that_was_led_away_is_counted_and_is_no_call() -> None:
    led = replace(SEED_SESSION[0], outcome="steered", usage=Usage(), cost_nanousd=0, served_model="")
    summary = summarise([led, *SEED_SESSION])

    assert (summary.steered, summary.total.calls, summary.moved) == (1, 6, 5)
    assert summary_json(summary)["steered"] == 1
    assert "Led to another model by the client's own fallbacks: 1 request" in summary_text(summary)
